"""Losses that see reviewed voxels only.

All are sums over reviewed voxels, divided by what was reviewed or by nothing:
the gradient at a corrected voxel does not depend on how much around it was left
unannotated. (RootPainter keeps unannotated pixels in the Dice denominator,
which weakens the signal of sparse corrections by orders of magnitude.)

All take logits, target and reviewed, of one shape; target and reviewed are 0 or 1.
What an unreviewed voxel holds, be it NaN, is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from napari_vessel.training._boundary_loss import boundary_sum
from napari_vessel.training._loss_config import LossConfig
from napari_vessel.training._seen import seen
from napari_vessel.training._surface_loss import soft_surface_dice

__all__ = [
    "bce_sum",
    "focal_sum",
    "kept_mean",
    "reviewed_loss",
    "soft_dice",
    "soft_tversky",
    "vessel_weight",
]

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
    logits, target = seen(logits, target, reviewed)
    weight = vessel_weight(target, reviewed)
    each = binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction="none")
    return (each * reviewed).sum()


def focal_sum(logits: Tensor, target: Tensor, reviewed: Tensor, *, exponent: float) -> Tensor:
    """Sum the focal loss of reviewed voxels (Lin et al. 2017), vessels weighted.

    The cross entropy of each voxel times the ``exponent``-th power of how wrong it is:
    what is already right is left alone. At exponent 0 it is :func:`bce_sum`.
    """
    logits, target = seen(logits, target, reviewed)
    vessel, background = logsigmoid(logits), logsigmoid(-logits)
    # Powers as exponentials of logarithms: smooth also where a sigmoid is 0.
    missed = target * (exponent * background).exp() * -vessel
    invented = (1 - target) * (exponent * vessel).exp() * -background
    each = vessel_weight(target, reviewed) * missed + invented
    return (each * reviewed).sum()


def kept_mean(logits: Tensor, before: Tensor) -> Tensor:
    """Return how far a network has moved from what another said, a mean over all voxels.

    The Kullback-Leibler divergence of each voxel's probability (Li and Hoiem 2016, learning
    without forgetting), vessels of either weighted up fourfold. 0, with a gradient of 0, where
    both say the same.
    """
    chance = before.sigmoid()
    vessel = torch.maximum(chance, logits.detach().sigmoid())
    moved = binary_cross_entropy_with_logits(
        logits, chance, reduction="none"
    ) - binary_cross_entropy_with_logits(before, chance, reduction="none")
    return (moved * (1 + (_MOST_WEIGHT - 1) * vessel)).mean()


def soft_dice(logits: Tensor, target: Tensor, reviewed: Tensor) -> Tensor:
    """Return 1 less the soft Dice of reviewed voxels (Milletari et al. 2016).

    0 where no reviewed voxel is vessel: then there is nothing to overlap with, and
    the cross entropy alone teaches.
    """
    return _tversky((logits, target, reviewed), 0.5, 0.5)


def soft_tversky(logits: Tensor, target: Tensor, reviewed: Tensor, config: LossConfig) -> Tensor:
    """Return 1 less the soft Tversky index of reviewed voxels, to a power.

    Salehi et al. 2017; with an exponent of 0.75 the focal Tversky loss of Abraham and
    Khan 2019. Both errors counted by a half, it is :func:`soft_dice`. 0 where no
    reviewed voxel is vessel.
    """
    false_positive, false_negative = config.tversky_false_positive, config.tversky_false_negative
    loss = _tversky((logits, target, reviewed), false_positive, false_negative)
    if config.tversky_exponent == 1:
        return loss
    # A root is infinitely steep at 0; below the clamp there is nothing left to learn.
    return torch.where(loss > 0, loss.clamp(min=1e-7) ** config.tversky_exponent, 0)


def _tversky(
    batch: tuple[Tensor, Tensor, Tensor], false_positive: float, false_negative: float
) -> Tensor:
    """Return 1 less the soft Tversky index, its two errors counted so."""
    logits, truth = seen(*batch)
    probability = logits.sigmoid() * batch[2]
    overlap = (probability * truth).sum()
    invented = false_positive * (probability * (1 - truth)).sum()
    missed = false_negative * ((1 - probability) * truth).sum()
    # Half a voxel keeps a few vessel voxels from ruling: the customary 1 of Dice, halved.
    loss = (invented + missed) / (overlap + invented + missed + 0.5)
    return torch.where(truth.sum() > 0, loss, 0)


def reviewed_loss(logits: Tensor, target: Tensor, reviewed: Tensor, config: LossConfig) -> Tensor:
    """Return the loss of a batch: the sum of its terms, each times its weight.

    Cross entropy, focal and boundary loss are means over reviewed voxels; the others
    are ratios of sums over them.

    Parameters
    ----------
    logits, target, reviewed
        Of one shape (…, rows, columns), float; target and reviewed are 0 or 1.
    config
        Weights and exponents.

    Returns
    -------
    Tensor
        A scalar; 0, with a gradient of 0, where nothing is reviewed.
    """
    batch = (logits, target, reviewed)
    count = reviewed.sum().clamp(min=1)
    reach, exponent = config.boundary_reach_px, config.focal_exponent
    terms: tuple[tuple[float, Callable[[], Tensor]], ...] = (
        (config.bce, lambda: bce_sum(*batch) / count),
        (config.focal, lambda: focal_sum(*batch, exponent=exponent) / count),
        (config.dice, lambda: soft_dice(*batch)),
        (config.tversky, lambda: soft_tversky(*batch, config)),
        (config.boundary, lambda: boundary_sum(*batch, reach_px=reach) / count),
        (config.surface_dice, lambda: soft_surface_dice(*batch)),
    )
    # Only what has a weight is computed.
    return torch.stack([weight * term() for weight, term in terms if weight]).sum()
