"""How sure a score is: an interval from drawing what it was measured on again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["COUNTS", "Interval", "cldice_of", "counts_interval", "dice_of", "redrawn"]

COUNTS = 7
"""Counts of a window: right, invented and missed voxels, then the four of :class:`ClDice`."""

_LEVEL = 0.9
_DRAWS = 1000

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A score, and between which values most redrawn ones lie: nine of ten, if not said else."""

    value: float
    low: float
    high: float


def dice_of(counts: Counts) -> Counts:
    """Return Dice of counts, shape (..., 7); 1 where there is no vessel at all.

    >>> float(dice_of(np.array([6, 2, 2, 0, 0, 0, 0.0])))
    0.75
    """
    right, invented, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    all_ = 2 * right + invented + missed
    return np.where(all_ > 0, 2 * right / np.where(all_ > 0, all_, 1), 1.0)


def cldice_of(counts: Counts) -> Counts:
    """Return clDice of counts, shape (..., 7); 1 where neither has a skeleton."""
    predicted, inside, true, held = (counts[..., at] for at in range(3, COUNTS))
    neither = (predicted == 0) & (true == 0)
    precision = inside / np.where(predicted > 0, predicted, 1)
    recall = held / np.where(true > 0, true, 1)
    both = precision + recall
    score = np.where(both > 0, 2 * precision * recall / np.where(both > 0, both, 1), 0.0)
    return np.where(neither, 1.0, score)


def redrawn(windows: int, *, draws: int = _DRAWS, seed: int = 0) -> NDArray[np.int64]:
    """Return how often each of so many windows is drawn, (draws, windows); one seed, one result."""
    if windows == 0:
        return np.zeros((draws, 0), np.int64)
    return np.random.default_rng(seed).multinomial(windows, np.full(windows, 1 / windows), draws)


def counts_interval(
    counts: Counts, weights: Counts, score: Callable[[Counts], Counts], *, seed: int = 0
) -> Interval:
    """Return a score of windows pooled, with a 90 % bootstrap interval over the windows.

    Parameters
    ----------
    counts
        (windows, 7).
    weights
        What each window counts, as many as windows.
    score
        Of pooled counts: :func:`dice_of` or :func:`cldice_of`.
    seed
        Of the draws.
    """
    weighted = counts * weights[:, None]
    drawn = score(redrawn(len(counts), seed=seed) @ weighted)
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(float(score(weighted.sum(axis=0))), float(low), float(high))
