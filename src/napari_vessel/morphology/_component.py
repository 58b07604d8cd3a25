"""One piece of vessel: what is connected with a voxel, read only as far as it reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx

__all__ = ["component_at", "component_with", "nearest_vessel", "tight"]

_Mask = NDArray[np.bool_]
_Read = Callable[[Box], NDArray[Any]]

_FIRST = 24  # voxels read around a seed at first; doubled while the component goes on beyond


def component_at(read: _Read, seed: Zyx, bounds: Box) -> tuple[Box, _Mask] | None:
    """Return the 26-connected component of the voxel ``seed``: its tight box and its mask.

    Parameters
    ----------
    read
        Gives the mask (≠ 0 is vessel) of a box inside ``bounds``.
    seed
        A voxel inside ``bounds``.
    bounds
        All there is: the component ends at its faces.

    Returns
    -------
    tuple or None
        None where ``seed`` is no vessel.
    """
    reach = _FIRST
    point = _voxel(seed)
    while True:
        box = point.expanded((reach, reach, reach)).intersection(bounds) or point
        found = component_with(np.asarray(read(box)) != 0, point.relative_to(box).start)
        if found is None:
            return None
        if box == bounds or not _goes_on(found, box, bounds):
            return tight(box, found)
        reach *= 2


def component_with(mask: _Mask, voxel: Zyx) -> _Mask | None:
    """Return the 26-connected component of ``mask`` that holds ``voxel``; None where none does."""
    from scipy.ndimage import label

    if not mask[voxel]:
        return None
    labels, _ = label(mask, np.ones((3,) * mask.ndim))
    component: _Mask = labels == labels[voxel]
    return component


def nearest_vessel(read: _Read, voxel: Zyx, bounds: Box, reach: int = 2) -> Zyx | None:
    """Return the vessel voxel nearest to ``voxel``, at most ``reach`` away along each axis.

    Who clicks on a thin vessel hits its neighbour as often as not.
    """
    box = _voxel(voxel).expanded((reach, reach, reach)).intersection(bounds)
    if box is None:
        return None
    vessels = np.argwhere(np.asarray(read(box)) != 0) + box.start
    if not len(vessels):
        return None
    z, y, x = vessels[np.argmin(((vessels - voxel) ** 2).sum(axis=1))].tolist()
    return z, y, x


def tight(box: Box, mask: _Mask) -> tuple[Box, _Mask]:
    """Cut ``mask`` of ``box`` to the smallest box that holds all of it; it is not empty."""
    spans = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append((int(used[0]), int(used[-1]) + 1))
    (z0, z1), (y0, y1), (x0, x1) = spans
    inner = Box((z0, y0, x0), (z1, y1, x1))
    return inner.shifted(box.start), mask[inner.slices]


def _voxel(at: Zyx) -> Box:
    z, y, x = at
    return Box(at, (z + 1, y + 1, x + 1))


def _goes_on(mask: _Mask, box: Box, bounds: Box) -> bool:
    """Tell whether the component reaches a face of ``box`` that is not one of ``bounds``."""
    for axis in range(3):
        faces = np.moveaxis(mask, axis, 0)
        cut = (box.start[axis] > bounds.start[axis], box.stop[axis] < bounds.stop[axis])
        if (cut[0] and faces[0].any()) or (cut[1] and faces[-1].any()):
            return True
    return False
