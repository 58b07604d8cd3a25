"""A volume seen coarsely and whole, in bounded reading."""

from __future__ import annotations

from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._coarser import CoarserSource, mean_of
from napari_vessel.volumes._dtypes import Voxels
from napari_vessel.volumes._organ import Organ, find_organ

if TYPE_CHECKING:
    from napari_vessel.volumes._volume import Volume

__all__ = ["coarse_look", "organ_of"]

_EDGE = 128  # coarse voxels along an edge, at most: enough for an organ, quick to work on
_LEAST = 64  # voxels of the level that is read along every edge, where the volume has as many
_MOST = 2**28  # voxels read at most
_ROWS = 128  # of them at a time, along y
_SLICES = 24  # slices looked at, at least: with fewer, what lies between is anyone's guess


def organ_of(volume: Volume) -> Organ:
    """Find where a volume is organ; everywhere, where it cannot be looked at as a whole."""
    try:
        look = coarse_look(volume)
    except ReadError as error:
        return Organ(None, volume.shape, (1, 1, 1), f"It cannot be read as a whole: {error}")
    if look is None:
        reason = "It is large and has no coarse levels: convert it to a pyramid to find its organ."
        return Organ(None, volume.shape, (1, 1, 1), reason)
    voxels, factors = look
    mask, reason = find_organ(voxels)
    return Organ(mask, volume.shape, factors, reason)


def coarse_look(volume: Volume) -> tuple[Voxels, tuple[float, float, float]] | None:
    """Read a volume at 64 to 128 voxels an edge.

    Returns
    -------
    voxels, factors
        zyx, means of what each holds (a middle slice, where slices are stored one by one),
        and the edges of one in voxels of level 0. None where it would take reading more than
        268 million voxels: a large volume without coarse levels.

    Raises
    ------
    ReadError
        If a part cannot be read.
    """
    level = _level(volume)
    shape, fine = volume.shapes[level], _cost(volume, level)
    by_slice = volume.source.chunk[0] == 1
    count = min(shape[0], _EDGE, _MOST // prod(fine[1:])) if by_slice else shape[0]
    if count < min(shape[0], _SLICES) or (not by_slice and prod(fine) > _MOST):
        return None
    groups: Zyx = (_group(shape[0]), _group(shape[1]), _group(shape[2]))
    if by_slice:
        groups = (max(groups[0], ceil(shape[0] / count)), *groups[1:])
        parts = [_middle(volume, level, z, groups) for z in range(0, shape[0], groups[0])]
    else:
        depth = groups[0] * max(1, volume.source.chunk[0] // groups[0])
        parts = [_slab(volume, level, z, depth, groups) for z in range(0, shape[0], depth)]
    scale = [f * g for f, g in zip(volume.factors[level], groups, strict=True)]
    return np.concatenate(parts), (scale[0], scale[1], scale[2])


def _middle(volume: Volume, level: int, start: int, groups: Zyx) -> Voxels:
    """Read the middle slice of a group."""
    depth, rows, columns = volume.shapes[level]
    z = min(start + groups[0] // 2, depth - 1)
    slice_ = volume.read(Box((z, 0, 0), (z + 1, rows, columns)), level)
    return mean_of(slice_, (1, groups[1], groups[2]))


def _slab(volume: Volume, level: int, start: int, depth: int, groups: Zyx) -> Voxels:
    """Read and average some rows at a time: a slab of a wide volume would take much memory."""
    deep, rows, columns = volume.shapes[level]
    step, end = -(-_ROWS // groups[1]) * groups[1], min(start + depth, deep)
    boxes = [Box((start, y, 0), (end, min(y + step, rows), columns)) for y in range(0, rows, step)]
    return np.concatenate([mean_of(volume.read(box, level), groups) for box in boxes], axis=1)


def _cost(volume: Volume, level: int) -> Zyx:
    """Return the shape of what is read where all of a level is: coarser ones may be made."""
    made = isinstance(volume.source, CoarserSource) and volume.options.level + level > 0
    finest = volume.source.shapes[0]
    return (volume.shapes[level][0], *finest[1:]) if made else volume.shapes[level]


def _level(volume: Volume) -> int:
    """Pick the coarsest level that still has 64 voxels along every edge that ever had them."""
    least = [min(_LEAST, edge) for edge in volume.shape]
    fine = [
        index
        for index, shape in enumerate(volume.shapes)
        if all(n >= m for n, m in zip(shape, least, strict=True))
    ]
    return fine[-1]


def _group(edge: int) -> int:
    return ceil(edge / _EDGE)
