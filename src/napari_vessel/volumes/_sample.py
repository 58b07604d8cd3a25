"""A bounded, repeatable sample of a volume's voxels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._dtypes import Voxels
from napari_vessel.volumes._options import WindowConfig
from napari_vessel.volumes._organ import Factors, Organ
from napari_vessel.volumes._padding import measured

if TYPE_CHECKING:
    from napari_vessel.volumes._volume import Volume

__all__ = ["organ_slices", "sample", "sample_boxes"]

_ENOUGH = 2**20  # voxels a coarse level must hold for its percentiles to mean something
_LEAST = 2**10  # voxels of organ in a sample for theirs to mean something
_SLICE = 2**18  # voxels of a slice in which vessels can be told dark from bright
_SIDE = 2048
_SLICES = 8


def sample(volume: Volume, config: WindowConfig, organ: Organ | None = None) -> Voxels:
    """Read voxels spread through a volume, the same ones every time, as a flat array.

    They come from the coarsest stored level that holds a million voxels, in at most
    ``config.pieces`` slices or blocks and ``config.voxels`` voxels. Pieces that cannot be
    read are left out; so are padding and what lies outside of ``organ``, unless next to
    nothing would remain.

    Raises
    ------
    ReadError
        If no piece can be read; that of the first one.
    """
    level = _level(volume)
    chunk = volume.source.chunk
    share = max(1, config.voxels // config.pieces)
    found: list[Voxels] = []
    kept: list[NDArray[np.bool_]] = []
    first: ReadError | None = None
    for box in sample_boxes(volume.shapes[level], chunk, config.pieces):
        try:
            voxels = volume.read(box, level).ravel()
        except ReadError as error:
            first = first or error
            continue
        found.append(voxels[:: ceil(voxels.size / share)])
        kept.append(_kept(volume, level, box, organ)[:: ceil(voxels.size / share)])
    if not found and first is not None:
        raise first
    voxels = np.concatenate(found)
    inside = voxels[np.concatenate(kept) & measured(voxels)]
    return voxels if inside.size < _LEAST else inside


def organ_slices(volume: Volume, organ: Organ) -> Iterator[tuple[Voxels, NDArray[np.bool_]]]:
    """Read a few XY slices through the organ, each with where in it the organ lies.

    They come from the coarsest level whose slices hold a quarter of a million voxels, at most
    four million of each from its middle. Slices that cannot be read are left out.
    """
    large = [i for i, (_, y, x) in enumerate(volume.shapes) if y * x >= _SLICE]
    level = large[-1] if large else 0
    factors = volume.factors[level]
    depth, rows, columns = volume.shapes[level]
    y, x = max(0, (rows - _SIDE) // 2), max(0, (columns - _SIDE) // 2)
    inside = [z for z in range(depth) if organ.touches(_level_0(volume, z, factors))]
    for number in range(min(_SLICES, len(inside))):
        z = inside[(2 * number + 1) * len(inside) // (2 * min(_SLICES, len(inside)))]
        box = Box((z, y, x), (z + 1, min(rows, y + _SIDE), min(columns, x + _SIDE)))
        with suppress(ReadError):
            yield volume.read(box, level)[0], organ.at(box, factors)[0]


def _level_0(volume: Volume, z: int, factors: Factors) -> Box:
    """Return slice ``z`` of a level as the voxels of level 0 it holds."""
    start = min(int(z * factors[0]), volume.shape[0] - 1)
    return Box((start, 0, 0), (start + 1, *volume.shape[1:]))


def _kept(volume: Volume, level: int, box: Box, organ: Organ | None) -> NDArray[np.bool_]:
    if organ is None or organ.mask is None:
        return np.ones(box.size, np.bool_)
    return organ.at(box, volume.factors[level]).ravel()


def sample_boxes(shape: Zyx, chunk: Zyx, pieces: int) -> Iterator[Box]:
    """Spread at most ``pieces`` boxes of a chunk, centred in equal parts of the volume.

    >>> [str(b) for b in sample_boxes((9, 4, 4), (1, 4, 4), 3)]
    ['1:2,0:4,0:4', '4:5,0:4,0:4', '7:8,0:4,0:4']
    """
    grid = [-(-n // c) for n, c in zip(shape, chunk, strict=True)]
    counts = _spread(grid, pieces)
    for number in range(prod(counts)):
        at = np.unravel_index(number, counts)
        picks = [(2 * int(i) + 1) * g // (2 * n) for i, g, n in zip(at, grid, counts, strict=True)]
        start = [p * c for p, c in zip(picks, chunk, strict=True)]
        stop = [min(a + c, n) for a, c, n in zip(start, chunk, shape, strict=True)]
        yield Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _spread(grid: list[int], pieces: int) -> tuple[int, int, int]:
    """Divide each axis into as equal a number of parts as grid and ``pieces`` allow."""
    counts = [1, 1, 1]
    growing = True
    while growing:
        growing = False
        for axis in sorted(range(3), key=lambda a: counts[a]):
            more = [n + (i == axis) for i, n in enumerate(counts)]
            if more[axis] <= grid[axis] and prod(more) <= pieces:
                counts, growing = more, True
                break
    return counts[0], counts[1], counts[2]


def _level(volume: Volume) -> int:
    """Pick the coarsest level that holds enough voxels, else the finest."""
    large = [i for i, shape in enumerate(volume.shapes) if prod(shape) >= _ENOUGH]
    return large[-1] if large else 0
