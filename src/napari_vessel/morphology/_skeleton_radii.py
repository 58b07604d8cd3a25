"""Radii of vessels at the voxels of their skeleton, without a distance for every voxel."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize

__all__ = ["radii_at"]

_NEIGHBOURS = np.array(list(product((-1, 0, 1), repeat=3)), np.int64)
_OFF_CENTRE = 1.02  # what is lost where no voxel lies in the middle; of random tubes

_Voxels = NDArray[np.int64]


def radii_at(
    mask: NDArray[np.bool_], voxels: _Voxels, voxel_size: VoxelSize
) -> NDArray[np.float64]:
    """Return the radius of the vessel at each of some voxels, in µm.

    It is the largest distance to what is no vessel that a voxel or one of its neighbours
    has, and 2 %: a skeleton runs up to a voxel beside the middle. So tubes of known radius in
    random directions are measured right on average, single ones within 5 %, and within 10 %
    where they lie along the voxels (``tests/morphology/test_skeleton.py``). Of less than two
    voxels they are off by up to a fifth of a voxel. What lies beyond the mask is not known.

    Parameters
    ----------
    mask
        zyx.
    voxels
        (n, 3), within the mask.
    """
    from scipy.spatial import cKDTree

    if not len(voxels):
        return np.zeros(0)
    edges = np.asarray(voxel_size.zyx)
    shell = _shell(mask)
    if not len(shell):
        return np.full(len(voxels), np.inf)
    near = voxels[:, None] + _NEIGHBOURS  # (n, 27, 3)
    inside: NDArray[np.bool_] = np.all((near >= 0) & (near < mask.shape), axis=2)
    at = np.ravel_multi_index(tuple(near[inside].T), mask.shape)
    places, back = np.unique(at[mask.ravel()[at]], return_inverse=True)
    distance, _ = cKDTree(shell * edges).query(
        np.stack(np.unravel_index(places, mask.shape), axis=1) * edges
    )
    inside[inside] = mask.ravel()[at]
    found = np.zeros(inside.shape)
    found[inside] = distance[back]
    radii: NDArray[np.float64] = _OFF_CENTRE * found.max(axis=1)
    return radii


def _shell(mask: NDArray[np.bool_]) -> _Voxels:
    """Return what is no vessel and shares a face with a vessel: the nearest always is of it."""
    beside = np.zeros(mask.shape, bool)
    for axis in range(3):
        m, b = np.moveaxis(mask, axis, 0), np.moveaxis(beside, axis, 0)
        b[1:] |= m[:-1]
        b[:-1] |= m[1:]
    return np.argwhere(beside & ~mask)
