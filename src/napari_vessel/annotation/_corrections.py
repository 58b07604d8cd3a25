"""The one façade over journal, overlay and history: everything a person corrects goes here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.annotation._draft import Stroke
from napari_vessel.annotation._labels import codes_of, fitting
from napari_vessel.annotation._state import (
    ACCEPTED,
    UNTOUCHED,
    Codes,
    Mask,
    painted_code,
)
from napari_vessel.annotation._whole import WholeStrokes
from napari_vessel.geometry import Box, Plane


class Corrections(WholeStrokes):
    """Every correction of a volume: read from all journals, written to one of its own.

    Made by :meth:`open`. Methods may be called from any thread; none waits for
    the disk but :meth:`flush`, :meth:`close`, what concerns the list of strokes, and an undo
    of what is not in memory.
    What changes voxels raises a :class:`~napari_vessel.errors.LabelsError` where
    a shape or a box does not fit, and a :class:`~napari_vessel.errors.JournalError`
    where the corrections were opened read-only.
    """

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Let what follows be one undo step, until :meth:`end_stroke`."""
        with self._lock:
            self._refuse_if_read_only()
            self._stroke = Stroke(tool, plane)

    @contextmanager
    def stroke(self, tool: str, plane: Plane | None = None) -> Iterator[None]:
        """Make one undo step of everything painted inside, even if it raises."""
        self.begin_stroke(tool, plane)
        try:
            yield
        finally:
            self.end_stroke()

    def paint(
        self,
        box: Box,
        mask: NDArray[np.bool_],
        value: int,
        tool: str = "paint",
        plane: Plane | None = None,
    ) -> Box | None:
        """Paint what the brush covered, whether or not it changed anything visible.

        Parameters
        ----------
        box
            What ``mask`` spans; parts beyond the volume are cut off.
        mask
            What was covered, of the box's shape.
        value
            0 is background; every other value is vessel.
        tool, plane
            What it was painted with. Outside of a stroke, one call is one
            undo step.

        Returns
        -------
        Box or None
            The voxels whose state may have changed.
        """
        mask = fitting(np.asarray(mask, np.bool_), box)
        inside = box.intersection(Box.of(self.shape))
        if inside is None:
            return None
        mask = mask[inside.relative_to(box).slices]
        if not mask.any():
            return None
        with self._lock:
            self._refuse_if_read_only()
            stroke = self._stroke or Stroke(tool, plane)
            self._recorder.cover(
                stroke,
                inside,
                painted_code(value),
                lambda cell: mask[cell.relative_to(inside).slices],
            )
        return inside

    def accept(self, box: Box, shown: ArrayLike, tool: str = "accept") -> Box | None:
        """Mark what is shown in ``box`` as reviewed: it is truth from now on.

        What was painted there stays painted. One undo step.

        Parameters
        ----------
        box
            The voxels a person saw, inside the volume.
        shown
            What they saw, of the box's shape; ≠ 0 is vessel.
        tool
            What it was accepted with.
        """
        codes = codes_of(shown, box, self.shape) | np.uint8(ACCEPTED)

        def unpainted(cell: Box) -> Mask:
            before = self.overlay.read(cell)
            mask: Mask = (before == UNTOUCHED) | ((before & np.uint8(ACCEPTED)) != 0)
            return mask

        return self._write(tool, box, codes, unpainted)

    def import_labels(
        self,
        box: Box,
        labels: ArrayLike,
        mask: NDArray[np.bool_] | None = None,
        tool: str = "import",
    ) -> Box | None:
        """Take labels from elsewhere as painted corrections, in one undo step.

        Parameters
        ----------
        box
            Where the labels lie, inside the volume.
        labels
            Of the box's shape and any dtype; every value but 0 is vessel, and
            NaN is not. Values never wrap: 256 is vessel, in whatever dtype.
        mask
            Which of them to take; None for all.
        tool
            What is noted as their origin.
        """
        codes = codes_of(labels, box, self.shape)
        wanted = None if mask is None else fitting(np.asarray(mask, np.bool_), box)

        def taken(cell: Box) -> Mask:
            if wanted is None:
                return np.ones(cell.shape, np.bool_)
            return wanted[cell.relative_to(box).slices]

        return self._write(tool, box, codes, taken)

    def _write(
        self, tool: str, box: Box, codes: Codes, covered: Callable[[Box], Mask]
    ) -> Box | None:
        with self._lock:
            self._refuse_if_read_only()
            stroke = self._stroke or Stroke(tool, None)
            changed = self._recorder.cover(stroke, box, codes, covered)
            self._writer.hurry()
            return changed
