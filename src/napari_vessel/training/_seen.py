"""What a loss may see of a batch: nothing where it was not reviewed."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["seen"]


def seen(logits: Tensor, target: Tensor, reviewed: Tensor) -> tuple[Tensor, Tensor]:
    """Put 0 in place of logits and targets that were not reviewed.

    Before anything is computed of them: behind a product or a late mask, an infinity or
    a NaN of an unreviewed voxel would still reach the gradient as 0 · ∞.
    """
    here = reviewed > 0
    return torch.where(here, logits, 0), torch.where(here, target, 0)
