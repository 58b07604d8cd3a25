"""The boundary loss: an error counts by how far it lies from the true boundary."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from napari_vessel.training._seen import seen

__all__ = ["boundary_distance", "boundary_sum"]


def boundary_sum(logits: Tensor, target: Tensor, reviewed: Tensor, *, reach_px: float) -> Tensor:
    """Sum the errors of reviewed voxels, each times its distance from the boundary.

    That of Kervadec et al. 2019, ``Σ φ s`` with φ the signed distance from the true
    boundary and s the probability, less its smallest value ``Σ φ g``, g being the
    truth: the gradient is the same, and a perfect prediction costs nothing.

    Parameters
    ----------
    logits, target, reviewed
        Of one shape (…, rows, columns), float; target and reviewed are 0 or 1.
    reach_px
        Distances beyond this many pixels count as this; they are divided by it.
    """
    logits, target = seen(logits, target, reviewed)
    distance = boundary_distance(target, reviewed, reach_px=reach_px)
    return (distance * (logits.sigmoid() - target).abs()).sum()


def boundary_distance(target: Tensor, reviewed: Tensor, *, reach_px: float) -> Tensor:
    """Return how far each reviewed voxel is from the other class, in reaches, 0 to 1.

    Measured to the nearest *reviewed* voxel of the other class of the same slice, less
    the half pixel to the boundary between them. 0 where a slice's reviewed voxels are
    of one class, as nothing is known of its boundary, and where nothing was reviewed.
    """
    known = (reviewed > 0).cpu().numpy()
    vessel = (target > 0.5).cpu().numpy() & known
    rows, columns = known.shape[-2:]
    slices = zip(vessel.reshape(-1, rows, columns), known.reshape(-1, rows, columns), strict=True)
    found = np.stack([_slice_distance(a, b) for a, b in slices]).reshape(known.shape)
    near = np.minimum(found, reach_px) / reach_px
    return torch.from_numpy(near).to(target)


def _slice_distance(vessel: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    background = known & ~vessel
    distance = np.zeros(known.shape)
    if vessel.any() and background.any():
        for here, other in ((vessel, background), (background, vessel)):
            distance[here] = distance_transform_edt(~other)[here] - 0.5
    return distance
