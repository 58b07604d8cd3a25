"""Coarser levels for a source that has only one, made when they are looked at.

A coarse voxel is the mean of the voxels it holds. Where every slice is stored by itself (a
folder of TIFF files) only the middle one of the slices it holds is read and averaged: a
viewer that shows one coarse slice then costs one file, not two to the power of the level.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._dtypes import LazyArray, Voxels
from napari_vessel.volumes._pyramid import finer_box, level_factors, level_shapes
from napari_vessel.volumes._source import Factors, Source, check_box, lazy_array

__all__ = ["CoarserSource", "mean_of", "with_coarser"]

_FINE_EDGE = 512  # voxels of level 0 read at once along y and x, where chunks allow


def with_coarser(source: Source) -> Source:
    """Give a source of one level coarser ones, until no edge is above 512 voxels."""
    if len(source.shapes) > 1 or len(level_factors(source.shapes[0])) == 1:
        return source
    return CoarserSource(source)


def mean_of(block: Voxels, factors: Zyx) -> Voxels:
    """Make one voxel of every ``factors`` voxels, edges rounded up, in the same type.

    Integers are rounded to the nearest. Those of 64 bits, which no float holds, are not
    averaged: the first voxel stands for its group.

    Examples
    --------
    >>> mean_of(np.array([[[1, 3, 9]]], np.uint16), (1, 1, 2)).tolist()
    [[[2, 9]]]
    """
    if block.dtype.kind in "iu" and block.dtype.itemsize == 8:
        fz, fy, fx = factors
        return block[::fz, ::fy, ::fx]
    missing = [(0, -edge % f) for edge, f in zip(block.shape, factors, strict=True)]
    whole = np.pad(block, missing, mode="edge")
    total = whole.astype(np.float32 if block.dtype.itemsize <= 2 else np.float64)
    for axis, factor in enumerate(factors):
        total = _sum_of_groups(total, axis, factor)
    mean: Voxels = np.divide(total, prod(factors), dtype=total.dtype)
    return (np.rint(mean) if block.dtype.kind in "iu" else mean).astype(block.dtype)


def _sum_of_groups(values: Voxels, axis: int, factor: int) -> Voxels:
    # Strided additions are several times faster than a mean over reshaped axes.
    view = np.moveaxis(values, axis, 0)
    total = view[::factor].copy()
    for first in range(1, factor):
        total += view[first::factor]
    return np.moveaxis(total, 0, axis)


class CoarserSource:
    """A source of one level, and coarser ones made of it; see :class:`Source`."""

    def __init__(self, finest: Source) -> None:
        self._finest = finest
        self._factors = level_factors(finest.shapes[0])
        self.shapes = level_shapes(finest.shapes[0])
        self.factors: list[Factors] = [(float(z), float(y), float(x)) for z, y, x in self._factors]
        self.dtype: np.dtype[Any] = finest.dtype
        self.voxel_size: VoxelSize | None = finest.voxel_size
        self.voxel_size_known = finest.voxel_size_known
        self.origin_um = finest.origin_um
        self.uri = finest.uri
        self.chunk = finest.chunk
        self.names = finest.names
        self.channels = finest.channels

    @property
    def missing_chunks(self) -> int:
        """The number of different chunks asked for and not there."""
        return self._finest.missing_chunks

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box`` of ``level``; coarse levels piece by piece, in bounded memory."""
        if level == 0:
            return self._finest.read(box, 0)
        check_box(box, level, self.shapes)
        result = np.empty(box.shape, self.dtype)
        for piece in box.cells(self._piece(level)):
            result[piece.relative_to(box).slices] = self._coarse(piece, self._factors[level])
        return result

    def array(self, level: int) -> LazyArray:
        """Return a level as a dask array; a coarse chunk spans one layer of fine ones."""
        if level == 0:
            return self._finest.array(0)
        depth = max(1, self.chunk[0] // self._factors[level][0])
        return lazy_array(self, level, (depth, self.chunk[1], self.chunk[2]))

    def fingerprint(self) -> str:
        """Identify the content; coarse levels follow from it."""
        return self._finest.fingerprint()

    def _piece(self, level: int) -> Zyx:
        fz, fy, fx = self._factors[level]
        if self.chunk[0] == 1:
            return 1, self.shapes[level][1], self.shapes[level][2]
        return max(1, self.chunk[0] // fz), max(1, _FINE_EDGE // fy), max(1, _FINE_EDGE // fx)

    def _coarse(self, piece: Box, factors: Zyx) -> Voxels:
        fine = finer_box(piece, factors, self.shapes[0])
        if self.chunk[0] > 1:
            return mean_of(self._finest.read(fine, 0), factors)
        z = min(fine.start[0] + factors[0] // 2, fine.stop[0] - 1)
        middle = Box((z, *fine.start[1:]), (z + 1, *fine.stop[1:]))
        return mean_of(self._finest.read(middle, 0), (1, factors[1], factors[2]))
