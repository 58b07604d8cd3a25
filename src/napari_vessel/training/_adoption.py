"""Whether a candidate replaces the checkpoint in use. Pure; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._score import BlockScore, mean_score

__all__ = ["Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a candidate, and why."""

    adopt: bool
    provisional: bool  # there was too little to judge by
    reason: str  # one sentence for a person
    candidate: float  # its score, 0 to 1
    incumbent: float


def decide(
    candidate: Sequence[BlockScore],
    incumbent: Sequence[BlockScore],
    config: TrainingConfig,
    *,
    held_out: bool = True,
) -> Decision:
    """Adopt the candidate only if it is better than the incumbent on the same blocks.

    An equal one is not adopted: nothing speaks for the change.

    Parameters
    ----------
    candidate, incumbent
        Scores of the same current blocks, in the same order.
    config
        ``min_validation_blocks``.
    held_out
        Whether nobody learned from these blocks. Where there are no such blocks, pass
        the scores of all reviewed ones, and False: the decision is provisional.

    Raises
    ------
    ValueError
        Where the two were scored on different voxels.
    """
    _refuse_unequal(candidate, incumbent)
    new, old = _finite(mean_score(candidate)), _finite(mean_score(incumbent))
    blocks = len(candidate)
    provisional = not held_out or blocks < config.min_validation_blocks
    reason = _reason(new, old, blocks, held_out=held_out)
    if provisional:
        reason += _missing(config)
    return Decision(new > old, provisional, reason, new, old)


def _finite(score: float) -> float:
    return score if isfinite(score) else 0.0


def _refuse_unequal(candidate: Sequence[BlockScore], incumbent: Sequence[BlockScore]) -> None:
    ours, theirs = ([(s.box, s.reviewed) for s in scores] for scores in (candidate, incumbent))
    if ours != theirs:
        raise ValueError("candidate and incumbent must be scored on the same reviewed voxels")


def _reason(new: float, old: float, blocks: int, *, held_out: bool) -> str:
    if not blocks:
        return "Kept the network in use: nothing is reviewed to judge by."
    what = "held-out block" if held_out else "reviewed block"
    where = f"{blocks} {what}{'s' if blocks > 1 else ''}"
    where += "" if held_out else " (learned from, too)"
    if new > old:
        return f"Adopted: Dice {new:.3f} on {where}, before {old:.3f}."
    return f"Kept the network in use: Dice {old:.3f} on {where}, the new one's {new:.3f}."


def _missing(config: TrainingConfig) -> str:
    return (
        f" Provisional: review more places, until {config.min_validation_blocks} blocks "
        "are held out to judge by."
    )
