"""The skeletons of blocks put together: one set of voxels, and which of them touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize

__all__ = ["BlockSkeleton", "Skeleton", "joined"]

_AHEAD = np.array([step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)], np.int64)
_NEAR = 3.0  # voxels by which the skeletons of two blocks may be apart on their face

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BlockSkeleton:
    """The skeleton of one block, and where it leads on.

    Attributes
    ----------
    voxels, radius_um : ndarray (n, 3), (n,)
        Within the block, in volume voxels.
    inside, beyond : ndarray (k, 3)
        Voxels that touch, one within the block and one beyond it, as this block sees them.
    """

    voxels: _Ints
    radius_um: NDArray[np.float64]
    inside: _Ints
    beyond: _Ints


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """The skeleton of a region.

    Attributes
    ----------
    region, voxel_size, vessel_voxels
        What was thinned, and how much of it is vessel.
    voxels, radius_um : ndarray (n, 3), (n,)
        In volume voxels, in C order.
    pairs : ndarray (m, 2)
        Which voxels touch, or were joined across a block's face.
    """

    region: Box
    voxel_size: VoxelSize
    vessel_voxels: int
    voxels: _Ints
    radius_um: NDArray[np.float64]
    pairs: _Ints


def joined(
    parts: Sequence[BlockSkeleton], vessel_voxels: int, region: Box, voxel_size: VoxelSize
) -> Skeleton:
    """Put the skeletons of blocks together.

    Where one leads out of its block to a voxel that its neighbour does not have, it is
    joined to the nearest that it has.
    """
    empty = np.zeros((0, 3), np.int64)
    voxels = np.concatenate([*(part.voxels for part in parts), empty])
    radius = np.concatenate([*(part.radius_um for part in parts), np.zeros(0)])
    # Where all is vessel nobody knows how wide it is: as wide as what was looked at.
    edges = [n * um for n, um in zip(region.shape, voxel_size.zyx, strict=True)]
    radius = np.minimum(radius, min(edges) / 2)
    block = np.repeat(np.arange(len(parts)), [len(part.voxels) for part in parts])
    index = _flat(voxels, region)
    order = np.argsort(index)
    voxels, radius, block, index = voxels[order], radius[order], block[order], index[order]
    pairs = np.concatenate(
        [_touching(voxels, index, region), _mended(parts, voxels, block, region)]
    )
    return Skeleton(region, voxel_size, vessel_voxels, voxels, radius, np.unique(pairs, axis=0))


def _flat(voxels: _Ints, region: Box) -> _Ints:
    """Give voxels, and those beside the region, numbers in C order."""
    _, y, x = (n + 2 for n in region.shape)
    place = voxels - (np.asarray(region.start) - 1)
    flat: _Ints = (place[:, 0] * y + place[:, 1]) * x + place[:, 2]
    return flat


def _positions(index: _Ints, wanted: _Ints) -> _Ints:
    """Return where each of ``wanted`` stands in the sorted ``index``; -1 where it does not."""
    if not len(index):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(index, wanted), len(index) - 1)
    return np.where(index[at] == wanted, at, -1)


def _touching(voxels: _Ints, index: _Ints, region: Box) -> _Ints:
    """Return pairs of voxels that are neighbours (26), each once."""
    found = [np.zeros((0, 2), np.int64)]
    for step in _AHEAD:
        other = _positions(index, _flat(voxels + step, region))
        here = np.flatnonzero(other >= 0)
        found.append(np.stack([here, other[here]], axis=1))
    return np.concatenate(found)


def _mended(parts: Sequence[BlockSkeleton], voxels: _Ints, block: _Ints, region: Box) -> _Ints:
    """Return pairs that join what leads out of a block to where another begins."""
    from scipy.spatial import cKDTree

    inside = np.concatenate([*(part.inside for part in parts), np.zeros((0, 3), np.int64)])
    beyond = np.concatenate([*(part.beyond for part in parts), np.zeros((0, 3), np.int64)])
    index = _flat(voxels, region)
    lost = _positions(index, _flat(beyond, region)) < 0
    if not lost.any():
        return np.zeros((0, 2), np.int64)
    sources = _positions(index, _flat(inside[lost], region))
    tree, found = cKDTree(voxels), []
    for source, target in zip(sources.tolist(), beyond[lost], strict=True):
        near = tree.query_ball_point(target, _NEAR)
        others = [other for other in near if block[other] != block[source]]
        if not others or _meets(voxels[source], voxels[others]):
            continue  # a spur of its own, or joined already
        apart = ((voxels[others] - voxels[source]) ** 2).sum(axis=1)
        pair = sorted((source, others[int(apart.argmin())]))
        found.append(pair)
    return np.array(found, np.int64).reshape(-1, 2)


def _meets(voxel: _Ints, others: _Ints) -> bool:
    return bool((np.abs(others - voxel).max(axis=1) <= 1).any())
