"""Losses that see reviewed voxels only.

All are sums over reviewed voxels, divided by what was reviewed or by nothing:
the gradient at a corrected voxel does not depend on how much around it was left
unannotated. (RootPainter keeps unannotated pixels in the Dice denominator,
which weakens the signal of sparse corrections by orders of magnitude.)

All take logits, target and reviewed, of one shape; target and reviewed are 0 or 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

__all__ = ["bce_sum", "reviewed_loss", "soft_dice", "vessel_weight"]

_MOST_WEIGHT = 4.0


def vessel_weight(target: Tensor, reviewed: Tensor) -> Tensor:
    """Weigh vessel voxels up by the square root of how rare they are, at most fourfold.

    The square root of the inverse frequency is a common middle way between none and
    full balance (Mahajan et al. 2018); the bound keeps one vessel voxel among
    thousands from ruling the gradient.

    >>> vessel_weight(torch.tensor([1.0] + [0.0] * 9), torch.ones(10)).item()
    3.0
    """
    vessel = (target * reviewed).sum()
    background = reviewed.sum() - vessel
    # Without vessel the weight multiplies nothing.
    return (background / vessel.clamp(min=1)).sqrt().clamp(1, _MOST_WEIGHT)


def bce_sum(logits: Tensor, target: Tensor, reviewed: Tensor) -> Tensor:
    """Sum the binary cross entropy of reviewed voxels, vessels weighted.

    See :func:`vessel_weight`.
    """
    weight = vessel_weight(target, reviewed)
    each = binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction="none")
    # Not each * reviewed: an infinity at an unreviewed voxel would become NaN.
    return torch.where(reviewed > 0, each, 0).sum()


def soft_dice(logits: Tensor, target: Tensor, reviewed: Tensor) -> Tensor:
    """Return 1 less the soft Dice of reviewed voxels (Milletari et al. 2016).

    0 where no reviewed voxel is vessel: then there is nothing to overlap with, and
    the cross entropy alone teaches.
    """
    probability = torch.where(reviewed > 0, logits.sigmoid(), 0)
    truth = target * reviewed
    overlap, total = (probability * truth).sum(), probability.sum() + truth.sum()
    loss = 1 - (2 * overlap + 1) / (total + 1)
    return torch.where(truth.sum() > 0, loss, 0)


def reviewed_loss(
    logits: Tensor, target: Tensor, reviewed: Tensor, *, dice_weight: float
) -> Tensor:
    """Return the loss of a batch: mean cross entropy of reviewed voxels, and soft Dice.

    Parameters
    ----------
    logits, target, reviewed
        Of one shape, float.
    dice_weight
        Share of soft Dice, 0 to 1.

    Returns
    -------
    Tensor
        A scalar; 0, with a gradient of 0, where nothing is reviewed.
    """
    cross = bce_sum(logits, target, reviewed) / reviewed.sum().clamp(min=1)
    return (1 - dice_weight) * cross + dice_weight * soft_dice(logits, target, reviewed)
