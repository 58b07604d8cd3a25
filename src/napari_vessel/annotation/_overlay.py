"""The corrections of a volume, as a sparse array of state codes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from napari_vessel.annotation._state import BACKGROUND, VESSEL, Codes, Mask
from napari_vessel.geometry import Box, Zyx

CHUNK = (64, 64, 64)

_Slices = tuple[slice, slice, slice]


class Overlay:
    """State codes of every voxel; only chunks of 64³ that were touched take memory.

    Parameters
    ----------
    shape
        The volume's edges, in voxels.
    """

    def __init__(self, shape: Zyx) -> None:
        self.shape = shape
        self._chunks: dict[Zyx, Codes] = {}
        self._boxes: dict[Zyx, Box | None] = {}  # tight, in volume voxels
        self._reviewed = self._vessel = 0

    def read(self, box: Box) -> Codes:
        """Return the codes of ``box`` (inside the volume), as a copy."""
        codes = np.zeros(box.shape, np.uint8)
        if self._chunks:
            for key, within, at in _pieces(box):
                chunk = self._chunks.get(key)
                if chunk is not None:
                    codes[at] = chunk[within]
        return codes

    def write(self, box: Box, mask: Mask, after: Codes | int) -> None:
        """Write ``after`` (one code, or an array of the box's shape) where ``mask`` is set."""
        for key, within, at in _pieces(box):
            where = mask[at]
            if where.any():
                piece = self._chunk(key)[within]
                self._count(piece[where], -1)
                values = after[at] if isinstance(after, np.ndarray) else after
                np.copyto(piece, values, where=where, casting="unsafe")
                self._count(piece[where], 1)
                self._boxes.pop(key, None)

    def boxes(self) -> list[Box]:
        """Return, for each chunk with reviewed voxels, the tight box around them."""
        boxes = (self._box(key) for key in sorted(self._chunks.copy()))
        return [box for box in boxes if box is not None]

    @property
    def reviewed(self) -> int:
        """The number of voxels that are not untouched."""
        return self._reviewed

    @property
    def vessel(self) -> int:
        """The number of vessel voxels, painted or accepted."""
        return self._vessel

    @property
    def background(self) -> int:
        """The number of background voxels, painted or accepted."""
        return self.reviewed - self.vessel

    def _chunk(self, key: Zyx) -> Codes:
        chunk = self._chunks.get(key)
        if chunk is None:
            chunk = self._chunks[key] = np.zeros(CHUNK, np.uint8)
        return chunk

    def _box(self, key: Zyx) -> Box | None:
        if key not in self._boxes:
            self._boxes[key] = _tight(self._chunks[key], key)
        return self._boxes[key]

    def _count(self, codes: Codes, sign: int) -> None:
        """Add what ``codes`` hold to the totals, or take it away before they are overwritten."""
        self._reviewed += sign * int(np.count_nonzero(codes & np.uint8(VESSEL | BACKGROUND)))
        self._vessel += sign * int(np.count_nonzero(codes & np.uint8(VESSEL)))


def _tight(chunk: Codes, key: Zyx) -> Box | None:
    """Return the box around a chunk's reviewed voxels; the chunk at ``key`` of the grid."""
    if not chunk.any():
        return None
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        used = np.flatnonzero(chunk.any(axis=others)) + key[axis] * CHUNK[axis]
        spans.append((int(used[0]), int(used[-1]) + 1))
    (z0, z1), (y0, y1), (x0, x1) = spans
    return Box((z0, y0, x0), (z1, y1, x1))


def _pieces(box: Box) -> Iterator[tuple[Zyx, _Slices, _Slices]]:
    """Cut ``box`` at chunks: the chunk's key, the piece within it, and within the box.

    As ``box.cells``, but in bare numbers: this runs at every brush stamp and
    for every row of a replay.
    """
    axes = [
        [
            (
                key,
                slice(max(start - key * edge, 0), min(stop - key * edge, edge)),
                slice(max(key * edge - start, 0), min((key + 1) * edge, stop) - start),
            )
            for key in range(start // edge, -(-stop // edge))
        ]
        for start, stop, edge in zip(box.start, box.stop, CHUNK, strict=True)
    ]
    for (z, in_z, at_z), (y, in_y, at_y), (x, in_x, at_x) in product(*axes):
        yield (z, y, x), (in_z, in_y, in_x), (at_z, at_y, at_x)
