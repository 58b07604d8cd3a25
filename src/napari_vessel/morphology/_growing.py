"""A piece of vessel at a threshold of its own: where it may go, and its next larger form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["grown", "surroundings"]

_Mask = NDArray[np.bool_]

_FALL = 0.85  # of one threshold to the next that is tried
_LEAST_SHARE = 0.1
_LEAST_VOXELS = 8


def surroundings(
    component: _Mask,
    others: _Mask,
    reach_um: float,
    voxel_um: tuple[float, float, float],
) -> _Mask:
    """Return the voxels within ``reach_um`` (µm) of ``component`` that are none of ``others``.

    Parameters
    ----------
    component, others
        Masks of one shape, zyx; the component is not empty, and counts as near itself.
    reach_um
        How far from the component, in µm.
    voxel_um
        Edges of a voxel, in µm.
    """
    from scipy.ndimage import distance_transform_edt

    near: _Mask = distance_transform_edt(~component, sampling=voxel_um) <= reach_um
    return near & (component | ~others)


def grown(
    probability: NDArray[np.uint8], component: _Mask, near: _Mask
) -> tuple[_Mask, int] | None:
    """Lower the threshold until ``component`` grows visibly: by a tenth, and by eight voxels.

    Parameters
    ----------
    probability
        uint8, zyx.
    component
        What is vessel now: it stays vessel whatever its probability.
    near
        Where it may grow.

    Returns
    -------
    tuple or None
        The larger component, which is 26-connected with the old one, and the value
        (1 to 255) that it reaches down to. None where it does not grow at any.
    """
    from scipy.ndimage import label

    size = int(np.count_nonzero(component))
    wanted = size + max(_LEAST_VOXELS, round(_LEAST_SHARE * size))
    free = near & ~component
    value = int(probability[free].max(initial=0))
    larger, reached = component, 0
    while value >= 1:
        labels, _ = label(component | (free & (probability >= value)), np.ones((3, 3, 3)))
        larger, reached = np.isin(labels, np.unique(labels[component])), value
        if np.count_nonzero(larger) >= wanted:
            break
        value = min(value - 1, int(value * _FALL))
    return (larger, reached) if np.count_nonzero(larger) > size else None
