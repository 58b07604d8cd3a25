"""Soft surface dice: the metric's own table, on slices, with probabilities for corners.

The metric codes every 2×2×2 neighbourhood and looks the area of its surface up in a
table of 256. A patch is one slice, so its neighbourhoods are 2×2; the slice is taken
to go on unchanged along its normal. Then both layers of a 2×2×2 neighbourhood are the
same, the codes left are the sixteen ``17 c``, and the table's area over one voxel edge
is a length: that of the marching squares outline.

A probability for each pixel makes a neighbourhood's code random. With corners drawn
independently, the chance of a code is a product of four, the expected length a sum over
sixteen codes, and the chance of having any outline what the empty and the full code
leave. Put into the metric's formula (Nikolov et al. 2021), these give its own value
wherever all probabilities are 0 or 1.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import surfel_areas
from napari_vessel.training._seen import seen

__all__ = ["soft_surface_dice"]


def soft_surface_dice(logits: Tensor, target: Tensor, reviewed: Tensor) -> Tensor:
    """Return 1 less the surface dice at tolerance 0 expected of the probabilities.

    Only neighbourhoods with all four corners reviewed count, so what is beyond a patch
    or unannotated is no background, as it is in the metric. Pixels are taken as square.

    Parameters
    ----------
    logits, target, reviewed
        Of one shape (…, rows, columns), float; target and reviewed are 0 or 1.

    Returns
    -------
    Tensor
        A scalar in [0, 1]; 0 where the truth has no outline: the gradient is 0 there,
        as no neighbourhood can be shared.
    """
    logits, target = seen(logits, target, reviewed)
    known = torch.stack(_corners(reviewed)).amin(dim=0)
    length, chance = _outline(logits.sigmoid())
    true_length, true_chance = _outline(target)
    shared = (known * (length * true_chance + true_length * chance)).sum()
    everything = (known * (length + true_length)).sum()
    loss = 1 - shared / everything.clamp(min=1e-6)
    return torch.where((known * true_length).sum() > 0, loss, 0)


def _outline(probability: Tensor) -> tuple[Tensor, Tensor]:
    """Return the expected length, and the chance of any, in each 2×2 neighbourhood."""
    corners = _corners(probability)
    first, second = _pairs(*corners[:2]), _pairs(*corners[2:])
    table = _lengths().to(probability)
    length = (torch.tensordot(table.T, first, dims=1) * second).sum(dim=0)
    return length, 1 - first[0] * second[0] - first[3] * second[3]


def _corners(image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return each neighbourhood's corners, rows first: the code's highest bit first."""
    upper, lower = image[..., :-1, :], image[..., 1:, :]
    return upper[..., :-1], upper[..., 1:], lower[..., :-1], lower[..., 1:]


def _pairs(a: Tensor, b: Tensor) -> Tensor:
    """Return the chances of 00, 01, 10 and 11 of two corners, first axis."""
    return torch.stack([(1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b])


@lru_cache(maxsize=1)
def _lengths() -> Tensor:
    """Return the outline of each 2×2 code, in pixels: (upper two corners, lower two)."""
    areas = torch.tensor(surfel_areas(VoxelSize(1, 1, 1)).tolist(), dtype=torch.float64)
    return areas[17 * torch.arange(16)].reshape(4, 4)
