"""How good a network is on blocks, from counts of reviewed voxels. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_vessel.geometry import Box
from napari_vessel.metrics import ClDice

__all__ = ["BlockScore", "mean_score"]

_NONE = ClDice()


@dataclass(frozen=True, slots=True)
class BlockScore:
    """Reviewed voxels of a block, by what was predicted and what a person said.

    ``centre`` are its centrelines; ``away`` its background that no vessel is next to, and
    ``away_fp`` how much of that was predicted as vessel. All 0 where they were not asked for.
    """

    box: Box
    tp: int
    fp: int
    fn: int
    tn: int
    centre: ClDice = _NONE
    away: int = 0
    away_fp: int = 0

    @property
    def reviewed(self) -> int:
        """How many voxels were compared."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def dice(self) -> float:
        """Dice of this block alone; 1 where there is no vessel in either, never NaN."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 1.0


def mean_score(scores: Sequence[BlockScore]) -> float:
    """Return one Dice of several blocks, in which a large one does not silence the small.

    Each block's counts are divided by the square root of its reviewed voxels, then
    summed; Dice is of the sums. Summing plain counts would favour where most was
    painted, and a mean of Dices would let one false voxel in a block without vessels
    count as much as a lost tree. Where no block holds vessel, the score is the share of
    background that was left alone. Empty: 0.

    >>> mean_score([BlockScore(Box.of((1, 1, 4)), tp=1, fp=1, fn=0, tn=2)])
    0.6666666666666666
    """
    weighted = [(score, score.reviewed**-0.5) for score in scores if score.reviewed]
    tp, fp, fn, tn = (
        sum(getattr(score, name) * weight for score, weight in weighted)
        for name in ("tp", "fp", "fn", "tn")
    )
    if tp + fn:
        return float(2 * tp / (2 * tp + fp + fn))
    return float(tn / (tn + fp)) if weighted else 0.0
