"""Spurs removed from a skeleton: free ends that hardly stand out of the vessel they leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vessel.morphology._graph_tracing import Traced, traced
from napari_vessel.morphology._skeleton_joining import Skeleton

__all__ = ["nodes_of", "pruned"]

_ROUNDS = 12  # what is left when a spur is gone may be one itself; of more than these nobody knows

_Ints = NDArray[np.int64]
_Mask = NDArray[np.bool_]


def pruned(skeleton: Skeleton, prune: float) -> tuple[Skeleton, Traced]:
    """Remove spurs, the shortest of each junction first, and trace what is left.

    A free end is a spur if it is shorter than the radius of the junction it leaves and
    ``prune`` of its own radii together: so far a bump of the surface reaches.

    Parameters
    ----------
    prune
        0 removes none.
    """
    found = traced(len(skeleton.voxels), skeleton.pairs)
    for _ in range(_ROUNDS if prune > 0 else 0):
        spurs = _spurs(skeleton, found, prune)
        if not spurs:
            break
        skeleton = _without(skeleton, found, spurs)
        found = traced(len(skeleton.voxels), skeleton.pairs)
    return skeleton, found


def _spurs(skeleton: Skeleton, found: Traced, prune: float) -> list[int]:
    """Return the shortest spur of every junction."""
    places = skeleton.voxels * np.asarray(skeleton.voxel_size.zyx)
    degree = np.bincount(np.array(found.ends, np.int64).ravel(), minlength=found.count)
    widest, middle = nodes_of(skeleton, found, places)
    shortest: dict[int, tuple[float, int]] = {}
    for index, (one, other) in enumerate(found.ends):
        tip, junction = (one, other) if degree[one] == 1 else (other, one)
        if degree[tip] != 1 or degree[junction] < 3:
            continue
        path = found.paths[index]
        course = places[path] if found.ends[index][0] == tip else places[path[::-1]]
        course = np.vstack([middle[tip], course, middle[junction]])
        length = float(np.linalg.norm(np.diff(course, axis=0), axis=1).sum())
        own = float(skeleton.radius_um[path].mean()) if path else float(widest[tip])
        if length < widest[junction] + prune * own:
            known = shortest.get(junction)
            if known is None or length < known[0]:
                shortest[junction] = length, index
    return [index for _, index in shortest.values()]


def nodes_of(
    skeleton: Skeleton, found: Traced, places: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each node's largest radius and the middle of its voxels, in µm."""
    at = np.flatnonzero(found.node >= 0)
    node = found.node[at]
    widest, middle = np.zeros(found.count), np.zeros((found.count, 3))
    np.maximum.at(widest, node, skeleton.radius_um[at])
    np.add.at(middle, node, places[at])
    return widest, middle / np.maximum(np.bincount(node, minlength=found.count), 1)[:, None]


def _without(skeleton: Skeleton, found: Traced, spurs: list[int]) -> Skeleton:
    """Return a skeleton less the voxels of some branches, and of their free ends."""
    kept = np.ones(len(skeleton.voxels), bool)
    degree = np.bincount(np.array(found.ends, np.int64).ravel(), minlength=found.count)
    tips = [one if degree[one] == 1 else other for one, other in (found.ends[s] for s in spurs)]
    kept[np.isin(found.node, tips)] = False
    for spur in spurs:
        kept[found.paths[spur]] = False
    return _kept(skeleton, kept)


def _kept(skeleton: Skeleton, kept: _Mask) -> Skeleton:
    number = np.cumsum(kept) - 1
    pairs = skeleton.pairs[kept[skeleton.pairs].all(axis=1)]
    return Skeleton(
        skeleton.region,
        skeleton.voxel_size,
        skeleton.vessel_voxels,
        skeleton.voxels[kept],
        skeleton.radius_um[kept],
        number[pairs],
    )
