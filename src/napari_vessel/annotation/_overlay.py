"""The corrections of a volume, as a sparse array of state codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_vessel.annotation._state import BACKGROUND, VESSEL, Codes, Mask
from napari_vessel.geometry import Box, Zyx

CHUNK = (64, 64, 64)


@dataclass(frozen=True, slots=True)
class _Tally:
    reviewed: int
    vessel: int
    box: Box | None  # tight, in volume voxels


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
        self._tallies: dict[Zyx, _Tally] = {}

    def read(self, box: Box) -> Codes:
        """Return the codes of ``box`` (inside the volume), as a copy."""
        codes = np.zeros(box.shape, np.uint8)
        if self._chunks:
            for cell in box.cells(CHUNK):
                chunk = self._chunks.get(_key(cell))
                if chunk is not None:
                    codes[cell.relative_to(box).slices] = chunk[_within(cell)]
        return codes

    def write(self, box: Box, mask: Mask, after: Codes | int) -> None:
        """Write ``after`` (one code, or an array of the box's shape) where ``mask`` is set."""
        values = np.broadcast_to(np.asarray(after, np.uint8), box.shape)
        for cell in box.cells(CHUNK):
            at = cell.relative_to(box).slices
            where = mask[at]
            if where.any():
                key = _key(cell)
                np.copyto(self._chunk(key)[_within(cell)], values[at], where=where)
                self._tallies.pop(key, None)

    def boxes(self) -> list[Box]:
        """Return, for each chunk with reviewed voxels, the tight box around them."""
        tallies = (self._tally(key) for key in sorted(self._chunks.copy()))
        return [tally.box for tally in tallies if tally.box is not None]

    @property
    def reviewed(self) -> int:
        """The number of voxels that are not untouched."""
        return sum(self._tally(key).reviewed for key in self._chunks.copy())

    @property
    def vessel(self) -> int:
        """The number of vessel voxels, painted or accepted."""
        return sum(self._tally(key).vessel for key in self._chunks.copy())

    @property
    def background(self) -> int:
        """The number of background voxels, painted or accepted."""
        return self.reviewed - self.vessel

    def _chunk(self, key: Zyx) -> Codes:
        chunk = self._chunks.get(key)
        if chunk is None:
            chunk = self._chunks[key] = np.zeros(CHUNK, np.uint8)
        return chunk

    def _tally(self, key: Zyx) -> _Tally:
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _count(self._chunks[key], key)
        return tally


def _count(chunk: Codes, key: Zyx) -> _Tally:
    reviewed = int(np.count_nonzero(chunk & np.uint8(VESSEL | BACKGROUND)))
    if not reviewed:
        return _Tally(0, 0, None)
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        used = np.flatnonzero(chunk.any(axis=others)) + key[axis] * CHUNK[axis]
        spans.append((int(used[0]), int(used[-1]) + 1))
    (z0, z1), (y0, y1), (x0, x1) = spans
    vessel = int(np.count_nonzero(chunk & np.uint8(VESSEL)))
    return _Tally(reviewed, vessel, Box((z0, y0, x0), (z1, y1, x1)))


def _key(cell: Box) -> Zyx:
    z, y, x = (a // edge for a, edge in zip(cell.start, CHUNK, strict=True))
    return z, y, x


def _within(cell: Box) -> tuple[slice, slice, slice]:
    z, y, x = (a - a % edge for a, edge in zip(cell.start, CHUNK, strict=True))
    return cell.shifted((-z, -y, -x)).slices
