"""What a tool covers at once: a stroke of its own, however far it reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from napari_vessel.annotation._draft import Stroke, union_of
from napari_vessel.annotation._kept import KeptCorrections
from napari_vessel.annotation._labels import codes_of, fitting
from napari_vessel.annotation._overlay import CHUNK
from napari_vessel.annotation._state import ACCEPTED, UNTOUCHED, Codes, Mask
from napari_vessel.geometry import Box, Plane

Piece = tuple[Box, Mask, Codes | Mask]
"""A box (volume voxels), what of it was covered, and labels (≠ 0 is vessel) of its shape."""


class WholeStrokes(KeptCorrections):
    """Takes what a tool covered; unlike a brush, it may lie about a large part of a volume."""

    def cover(
        self,
        pieces: Iterable[Piece],
        tool: str,
        plane: Plane | None = None,
        *,
        accepted: bool = False,
    ) -> Box | None:
        """Write ``pieces`` as one stroke, beside one that a hand may just be painting.

        Only the chunks that a piece reaches are written. The pieces are asked for one after the
        other, and nobody else waits for more than a chunk: so this may run on a worker's thread.

        Parameters
        ----------
        pieces
            What was covered.
        tool, plane
            What it was covered with.
        accepted
            It was looked at rather than painted: what was painted there stays painted.

        Returns
        -------
        Box or None
            The voxels whose state may have changed.
        """
        stroke, written = Stroke(tool, plane), []
        for box, mask, codes in _by_chunk(pieces, self.shape):
            with self._lock:
                self._refuse_if_read_only()
                covered, after = mask, codes
                if accepted:
                    before = self.overlay.read(box)
                    covered = mask & ((before == UNTOUCHED) | ((before & ACCEPTED) != 0))
                    after = codes | np.uint8(ACCEPTED)
                if covered.any():
                    self._recorder.cover(stroke, box, after, _always(covered))
                    written.append(box)
        self._writer.hurry()
        return union_of(written)


def _always(mask: Mask) -> Callable[[Box], Mask]:
    return lambda _cell: mask


def _by_chunk(
    pieces: Iterable[Piece], shape: tuple[int, int, int]
) -> Iterator[tuple[Box, Mask, Codes]]:
    for box, mask, labels in pieces:
        fitting(mask, box)
        for cell in box.cells(CHUNK):
            at = cell.relative_to(box).slices
            if mask[at].any():
                yield cell, mask[at], codes_of(labels[at], cell, shape)
