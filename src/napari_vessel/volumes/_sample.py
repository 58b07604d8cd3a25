"""A bounded, repeatable sample of a volume's voxels."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._dtypes import Voxels
from napari_vessel.volumes._options import WindowConfig

if TYPE_CHECKING:
    from napari_vessel.volumes._volume import Volume

__all__ = ["sample", "sample_boxes"]

_ENOUGH = 2**20  # voxels a coarse level must hold for its percentiles to mean something


def sample(volume: Volume, config: WindowConfig) -> Voxels:
    """Read voxels spread through a volume, the same ones every time, as a flat array.

    They come from the coarsest stored level that holds a million voxels, in at most
    ``config.pieces`` slices or blocks and ``config.voxels`` voxels. Pieces that cannot be
    read are left out.

    Raises
    ------
    ReadError
        If no piece can be read; that of the first one.
    """
    level = _level(volume)
    chunk = volume.source.chunk
    share = max(1, config.voxels // config.pieces)
    found: list[Voxels] = []
    first: ReadError | None = None
    for box in sample_boxes(volume.shapes[level], chunk, config.pieces):
        try:
            voxels = volume.read(box, level).ravel()
        except ReadError as error:
            first = first or error
            continue
        found.append(voxels[:: ceil(voxels.size / share)])
    if not found and first is not None:
        raise first
    return np.concatenate(found)


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
