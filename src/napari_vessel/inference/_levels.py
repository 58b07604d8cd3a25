"""A volume at several resolutions, each read where it is fine enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.tiling import SAME, Zoom, read_resampled

__all__ = ["Levels", "Read", "levels_of"]

Read = Callable[[Box], NDArray[np.float32]]
"""Reads a box inside the bounds: windowed voxels in [0, 1], of the box's shape."""


@dataclass(frozen=True)
class Levels:
    """Reads windowed voxels in [0, 1] of the levels of a volume.

    Parameters
    ----------
    at : callable(Box, int) -> ndarray of float32
        Reads a box, in voxels of a level, of that level.
    shapes : sequence of Zyx
        Of the levels, the finest first; not needed for one level.
    factors : sequence of Zoom
        Edges of a level's voxels in those of the finest.
    """

    at: Callable[[Box, int], NDArray[np.float32]]
    shapes: Sequence[Zyx] = ()
    factors: Sequence[Zoom] = (SAME,)

    def __call__(self, box: Box) -> NDArray[np.float32]:
        """Read a box of the finest level."""
        return self.at(box, 0)

    def level_for(self, zoom: Zoom) -> int:
        """Name the coarsest level whose voxels are no coarser than a grid's pixels.

        Parameters
        ----------
        zoom : Zoom
            The grid's pixels per voxel of the finest level.
        """
        fine = [
            level
            for level, factors in enumerate(self.factors)
            if all(f * z <= 1 + 1e-3 for f, z in zip(factors, zoom, strict=True))
        ]
        return max(fine, default=0)

    def resampled(self, box: Box, zoom: Zoom, bounds: Box) -> NDArray[np.float32]:
        """Read the pixels of a box at ``zoom`` per finest voxel; ``bounds`` in finest voxels.

        Raises
        ------
        CallerError
            Where the reader gave another shape than asked.
        """
        level = self.level_for(zoom)
        factors = self.factors[level]
        z, y, x = (a * b for a, b in zip(zoom, factors, strict=True))
        inside = self._bounds(bounds, level)
        return read_resampled(lambda part: self._read(part, level), box, (z, y, x), inside)

    def _read(self, box: Box, level: int) -> NDArray[np.float32]:
        voxels = np.asarray(self.at(box, level), np.float32)
        if voxels.shape != box.shape:
            raise CallerError(f"Reading {box} gave {voxels.shape}: expected {box.shape}.")
        return voxels

    def _bounds(self, bounds: Box, level: int) -> Box:
        if level == 0:
            return bounds
        ends = zip(bounds.start, bounds.stop, self.factors[level], self.shapes[level], strict=True)
        spans = [(min(floor(a / f), n - 1), min(ceil(b / f), n)) for a, b, f, n in ends]
        (z0, z1), (y0, y1), (x0, x1) = spans
        return Box((z0, y0, x0), (z1, y1, x1))


def levels_of(read: Read | Levels) -> Levels:
    """Return levels as they are, and a reader of one as that one."""
    return read if isinstance(read, Levels) else Levels(lambda box, _: read(box))
