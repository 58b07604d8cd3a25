"""Whether a candidate replaces the checkpoint in use. Pure; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from napari_vessel.metrics import ClDice
from napari_vessel.training._bootstrap import Differences, paired_differences
from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._score import BlockScore, mean_score

__all__ = ["Decision", "decide"]

_AS_GOOD = 0.01  # of clDice: a smaller fall is chance
# Of background away from vessels, called vessel: a smaller rise is chance.
_AS_CLEAN = 0.002


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a candidate, and why."""

    adopt: bool
    provisional: bool  # there was too little to judge by
    reason: str  # one sentence for a person
    candidate: float  # its score, 0 to 1
    incumbent: float
    interval: tuple[float, float] | None = None  # of the gain, 95 %; none: of one block
    cldice: float | None = None  # the candidate's; none: no centrelines were counted
    cldice_of_incumbent: float | None = None
    blocks: int = 0


def decide(
    candidate: Sequence[BlockScore],
    incumbent: Sequence[BlockScore],
    config: TrainingConfig,
    *,
    held_out: bool = True,
) -> Decision:
    """Adopt the candidate only if it is better than the incumbent on the same blocks.

    Better is: its Dice is higher, and in most draws of the blocks too (a paired bootstrap);
    its clDice does not fall; and it does not invent more vessel in confirmed background, away
    from vessels, than it finds. An equal one is not adopted: nothing speaks for the change.
    What is NaN counts as 0.

    Parameters
    ----------
    candidate, incumbent
        Scores of the same current blocks, in the same order.
    config
        ``min_validation_blocks``, ``adoption_certainty`` and ``seed``.
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
    drawn = paired_differences(candidate, incumbent, config.seed) if blocks else None
    against = _against(new, old, drawn, config.adoption_certainty)
    provisional = not held_out or blocks < config.min_validation_blocks
    where = _where(blocks, held_out=held_out)
    reason = _kept(new, old, where, against) if against else _adopted(new, old, where)
    ours, theirs = _cldice(candidate), _cldice(incumbent)
    return Decision(
        adopt=not against,
        provisional=provisional,
        reason=reason,
        candidate=new,
        incumbent=old,
        interval=drawn.interval if drawn and blocks > 1 else None,
        cldice=ours,
        cldice_of_incumbent=theirs,
        blocks=blocks,
    )


def _finite(score: float) -> float:
    return score if isfinite(score) else 0.0


def _refuse_unequal(candidate: Sequence[BlockScore], incumbent: Sequence[BlockScore]) -> None:
    ours, theirs = ([(s.box, s.reviewed) for s in scores] for scores in (candidate, incumbent))
    if ours != theirs:
        raise ValueError("candidate and incumbent must be scored on the same reviewed voxels")


def _against(new: float, old: float, drawn: Differences | None, certainty: float) -> str:
    """Say what speaks against the candidate; empty where nothing does."""
    if drawn is None:
        return "nothing is reviewed to judge by"
    if new <= old:
        return "its Dice is no higher"
    if drawn.certainty < certainty:
        doubt = 1 - drawn.certainty
        return f"its gain may be chance: in {doubt:.0%} of draws of the blocks it is none"
    if np.median(drawn.cldice) < -_AS_GOOD:
        return f"its clDice falls by {-np.median(drawn.cldice):.3f}"
    # A network that found nothing invents nothing: what is found counts against what is invented.
    invents = (drawn.away > _AS_CLEAN) & (drawn.invented > drawn.found)
    if np.mean(invents) >= 0.5:
        more = float(np.median(drawn.away))
        return f"it calls {more:.1%} more of the confirmed background vessel, and finds less"
    return ""


def _cldice(scores: Sequence[BlockScore]) -> float | None:
    total = sum((score.centre for score in scores), ClDice())
    return total.value if total != ClDice() else None


def _where(blocks: int, *, held_out: bool) -> str:
    what = "held-out block" if held_out else "reviewed block"
    where = f"{blocks} {what}{'s' if blocks > 1 else ''}"
    return where + ("" if held_out else " (learned from, too)")


def _adopted(new: float, old: float, where: str) -> str:
    return f"Adopted: Dice {new:.3f} on {where}, before {old:.3f}."


def _kept(new: float, old: float, where: str, against: str) -> str:
    if against.startswith("nothing"):
        return f"Kept the network in use: {against}."
    scores = f"Dice {old:.3f} on {where}, the new one's {new:.3f}"
    return f"Kept the network in use: {scores}; {against}."
