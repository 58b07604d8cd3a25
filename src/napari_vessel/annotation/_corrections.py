"""The one façade over journal, overlay and history: everything a person corrects goes here."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.annotation._draft import Stroke
from napari_vessel.annotation._journal import journal_name, journal_paths
from napari_vessel.annotation._known import learn
from napari_vessel.annotation._labels import codes_of, fitting
from napari_vessel.annotation._recorder import Recorder
from napari_vessel.annotation._state import (
    ACCEPTED,
    UNTOUCHED,
    Codes,
    Mask,
    painted_code,
)
from napari_vessel.annotation._writer import JournalWriter, OnFailed, OnSaved
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Plane, Zyx


class Corrections:
    """Every correction of a volume: read from all journals, written to one of its own.

    Made by :meth:`open`. Methods may be called from any thread; none waits for
    the disk but :meth:`flush`, :meth:`close` and an undo of what is not in memory.
    What changes voxels raises a :class:`~napari_vessel.errors.LabelsError` where
    a shape or a box does not fit, and a :class:`~napari_vessel.errors.JournalError`
    where the corrections were opened read-only.

    Attributes
    ----------
    overlay
        State codes of every voxel.
    problems
        What could not be read when opening, in sentences.
    read_only
        Whether changes are refused.
    """

    def __init__(self, folder: Path, recorder: Recorder, *, read_only: bool) -> None:
        self.folder = folder
        self.read_only = read_only
        self._lock = threading.RLock()
        self._stroke: Stroke | None = None
        self._recorder, self._writer = recorder, recorder.writer
        self._history = recorder.history
        self.overlay = recorder.overlay
        self.problems = recorder.known.replayed.problems

    @classmethod
    def open(
        cls,
        folder: Path,
        shape: Zyx,
        *,
        read_only: bool = False,
        cache: Path | None = None,
        on_saved: OnSaved | None = None,
        on_failed: OnFailed | None = None,
    ) -> Self:
        """Replay the journals in ``folder``; a journal of our own comes with the first stroke.

        Parameters
        ----------
        folder
            The journals' folder; it is made with the first stroke.
        shape
            The volume's edges, in voxels.
        read_only
            Refuse changes.
        cache
            Folder of a cache that spares most of the replay; None for none.
        on_saved, on_failed
            Called on the writer's thread: after each commit with the number of
            rows of our own journal that are durable; after each failed try with
            a :class:`~napari_vessel.errors.JournalError`. Nothing is dropped
            then: rows stay in memory and are tried again every second.
        """
        paths = journal_paths(folder)
        known = learn(paths, shape, cache)
        path = folder / journal_name(uuid.uuid4().hex)
        writer = JournalWriter(path, shape, on_saved=on_saved, on_failed=on_failed)
        return cls(folder, Recorder(known, paths, writer), read_only=read_only)

    @property
    def shape(self) -> Zyx:
        """The volume's edges, in voxels."""
        return self.overlay.shape

    @property
    def saved(self) -> bool:
        """Whether everything painted so far is durable."""
        return self._writer.saved

    @property
    def position(self) -> dict[str, int]:
        """Journal name to its last row that was replayed, or of our own, is durable."""
        rows = self._writer.rows
        return self._recorder.known.replayed.position | (
            {self._writer.path.name: rows} if rows else {}
        )

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to take back."""
        return self._history.last_done(self._is_mine) is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a stroke to bring again."""
        return self._history.last_undone(self._is_mine) is not None

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Let what follows be one undo step, until :meth:`end_stroke`."""
        with self._lock:
            self._refuse_if_read_only()
            self._stroke = Stroke(tool, plane)

    def end_stroke(self) -> None:
        """End the stroke, as a mouse release does, and commit it without waiting."""
        with self._lock:
            if self._stroke is not None:
                self._stroke = None
                self._writer.hurry()

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

    def undo(self) -> Box | None:
        """Take back the last stroke, also one of before a restart.

        Returns
        -------
        Box or None
            The voxels whose state may have changed; None where nothing is left to undo.

        Raises
        ------
        JournalError
            If the stroke's rows cannot be read any more. Nothing is changed then.
        """
        return self._step_through("undo")

    def redo(self) -> Box | None:
        """Bring again the stroke last undone; as :meth:`undo`."""
        return self._step_through("redo")

    def flush(self, timeout: float = 2.0) -> bool:
        """Make everything durable; return whether it is, within ``timeout`` seconds."""
        return self._writer.flush(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """End the stroke, save and end the writer's thread; never hangs.

        Returns
        -------
        bool
            Whether everything is durable. If not, it is still in memory: make
            room and call this again.
        """
        self.end_stroke()
        return self._writer.close(timeout)

    def _step_through(self, kind: Literal["undo", "redo"]) -> Box | None:
        with self._lock:
            self._refuse_if_read_only()
            self.end_stroke()
            history = self._history
            last = history.last_done if kind == "undo" else history.last_undone
            stroke = last(self._is_mine)
            if stroke is None:
                return None
            changed = self._recorder.step(stroke, kind)
            self._writer.hurry()
            return changed

    def _write(
        self, tool: str, box: Box, codes: Codes, covered: Callable[[Box], Mask]
    ) -> Box | None:
        with self._lock:
            self._refuse_if_read_only()
            stroke = self._stroke or Stroke(tool, None)
            changed = self._recorder.cover(stroke, box, codes, covered)
            self._writer.hurry()
            return changed

    def _is_mine(self, stroke: int) -> bool:
        return True

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise JournalError(
                f"The corrections in {self.folder} were opened to view only: "
                "open the project for writing to paint."
            )
