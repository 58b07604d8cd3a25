"""Does an attribution say anything of the network? Not if a random one gives the same.

Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv:1810.03292.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["alike", "randomised", "share_within"]


def randomised(
    network: nn.Module, *, seed: int = 0, how: Literal["drawn", "shuffled"] = "drawn"
) -> nn.Module:
    """Return a copy of a network with random weights, in eval mode.

    Parameters
    ----------
    how
        "drawn": anew, as before any training; layers that do not know how, by their weights' own
        mean and deviation. "shuffled": each layer's own weights in another order, so that
        activations stay about as large.
    """
    copy = deepcopy(network)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for module in copy.modules():
            if how == "drawn":
                _draw(module)
                continue
            for weight in module.parameters(recurse=False):
                order = torch.randperm(weight.numel()).to(weight.device)
                weight.copy_(weight.flatten()[order].reshape(weight.shape))
    return copy.eval()


def _draw(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if callable(reset):
        reset()
        return
    for weight in module.parameters(recurse=False):
        spread = weight.std(correction=0).item() or 1.0
        weight.normal_(weight.mean().item(), spread)


def alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return Spearman's rank correlation of two attributions' sizes; 0 where one is constant.

    >>> alike(np.array([[1.0, -3, 2]], np.float32), np.array([[2.0, 9, 5]], np.float32))
    1.0
    """
    from scipy.stats import rankdata

    ranks = [rankdata(np.abs(values).ravel()) for values in (one, other)]
    if min(float(np.ptp(rank)) for rank in ranks) == 0:
        return 0.0
    return round(float(np.corrcoef(*ranks)[0, 1]), 12)


def share_within(values: NDArray[np.float32], place: NDArray[np.bool_]) -> float:
    """Return which share of the sum of absolute values lies in a place; NaN where all are 0.

    >>> share_within(np.array([-3.0, 1, 0], np.float32), np.array([True, False, False]))
    0.75
    """
    sizes = np.abs(values.astype(np.float64))
    total = sizes.sum()
    return float(sizes[..., place].sum() / total) if total else float("nan")
