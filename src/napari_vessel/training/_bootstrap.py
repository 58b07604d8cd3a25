"""How sure a difference of two networks is: their blocks drawn again and again, in pairs.

Both are scored on the same blocks, so a draw takes the same blocks of both (Efron and
Tibshirani 1993, ch. 10). Neighbouring blocks are alike, so intervals are somewhat too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.training._score import BlockScore

__all__ = ["Differences", "paired_differences"]

Floats = NDArray[np.float64]

_DRAWS = 1000
_MOST_AT_ONCE = 4_000_000  # numbers of a piece of draws: 32 MB


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """Candidate less incumbent, in each draw of blocks.

    Parameters
    ----------
    dice, cldice
        Differences of the scores.
    away
        Of the share of background away from vessels that was called vessel.
    invented, found
        Of the voxels wrongly called vessel there, and of those rightly called so anywhere,
        in the same unit.
    """

    dice: Floats
    cldice: Floats
    away: Floats
    invented: Floats
    found: Floats

    @property
    def certainty(self) -> float:
        """Share of draws in which the candidate's Dice is higher."""
        return float(np.mean(self.dice > 0))

    @property
    def interval(self) -> tuple[float, float]:
        """Of the difference in Dice, 95 %."""
        low, high = np.quantile(self.dice, [0.025, 0.975])
        return float(low), float(high)


def paired_differences(
    candidate: Sequence[BlockScore], incumbent: Sequence[BlockScore], seed: int = 0
) -> Differences:
    """Draw blocks with replacement a thousand times, and compare the two on each draw.

    Parameters
    ----------
    candidate, incumbent
        Scores of the same blocks, at least one, in the same order.
    seed
        Of the draws: the same one gives the same answer.
    """
    ours, theirs = _counts(candidate), _counts(incumbent)
    rng, blocks = np.random.default_rng(seed), len(ours)
    parts = []
    left = _DRAWS
    while left:
        size = min(left, max(_MOST_AT_ONCE // blocks, 1))
        drawn = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=size).astype(np.float64)
        parts.append(_values(drawn @ ours) - _values(drawn @ theirs))
        left -= size
    dice, cldice, away, invented, found = np.concatenate(parts).T
    return Differences(dice, cldice, away, invented, found)


def _counts(scores: Sequence[BlockScore]) -> Floats:
    """Return the counts of each block, weighed as ``mean_score`` does, (blocks, 10)."""
    rows = [
        (
            *(score.tp, score.fp, score.fn, score.tn),
            *(score.centre.predicted, score.centre.predicted_inside),
            *(score.centre.true, score.centre.true_inside, score.away, score.away_fp),
        )
        for score in scores
    ]
    weights = np.array([max(score.reviewed, 1) ** -0.5 for score in scores])
    counts: Floats = np.asarray(rows, np.float64).reshape(-1, 10) * weights[:, None]
    return counts


def _values(sums: Floats) -> Floats:
    """Return Dice, clDice, and what is said of background, of summed counts, (draws, 5)."""
    tp, fp, fn, tn, skeleton, inside, true, held, away, invented = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        dice = np.where(tp + fn > 0, 2 * tp / (2 * tp + fp + fn), tn / (tn + fp))
        precision, sensitivity = inside / skeleton, held / true
        cldice = 2 * precision * sensitivity / (precision + sensitivity)
        share = invented / away
    # As ClDice has it: 1 where neither has a skeleton, else 0 where one has none.
    none = (skeleton == 0) | (true == 0)
    cldice = np.where(none, (skeleton == true).astype(np.float64), np.nan_to_num(cldice))
    return np.stack([np.nan_to_num(dice), cldice, np.nan_to_num(share), invented, tp], axis=1)
