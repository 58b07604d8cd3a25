"""Is the new classifier better on objects that none of them learned from? Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

__all__ = ["Judged", "Taught", "judge", "verdict_of"]

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Judged:
    """How a classifier did on ``count`` objects: mean recall of the classes, mean log loss."""

    balanced_accuracy: float
    log_loss: float
    count: int

    def beats(self, other: Judged) -> bool:
        """Tell whether this one is better: by balanced accuracy; where equal, by the log loss."""
        if self.balanced_accuracy != other.balanced_accuracy:
            return self.balanced_accuracy > other.balanced_accuracy
        return self.log_loss < other.log_loss


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A training ended and was judged.

    ``confusion`` and ``curves`` are pictures; empty where there is none.
    """

    classifier: str
    adopted: bool
    sentence: str
    new: Judged | None
    old: Judged | None
    confusion: str = ""
    curves: str = ""


def judge(
    truth: Sequence[str], classes: Sequence[str], probabilities: NDArray[np.floating]
) -> Judged | None:
    """Score ``probabilities`` (objects, classes) by what persons said; None without objects.

    A class that the classifier does not know has probability 0.
    """
    if not len(truth):
        return None
    column = {name: at for at, name in enumerate(classes)}
    right: dict[str, list[bool]] = {}
    loss = 0.0
    for name, chances in zip(truth, probabilities, strict=True):
        at = column.get(name)
        right.setdefault(name, []).append(at is not None and int(chances.argmax()) == at)
        loss -= log(max(float(chances[at]) if at is not None else 0.0, _LEAST))
    recalls = [sum(each) / len(each) for each in right.values()]
    return Judged(sum(recalls) / len(recalls), loss / len(truth), len(truth))


def verdict_of(new: Judged | None, old: Judged | None, *, is_sure: bool) -> tuple[bool, str]:
    """Decide whether the new one is taken, and say why."""
    if new is None:
        return old is None, (
            "There are no objects set aside to judge by: label more."
            if old is not None
            else "Taken, provisionally: no objects are set aside yet to judge it by."
        )
    what = f"{new.count} objects set aside" if is_sure else f"{new.count} objects it chose by"
    if old is None:
        return True, f"Taken: balanced accuracy {new.balanced_accuracy:.2f} on {what}."
    change = f"{old.balanced_accuracy:.2f} → {new.balanced_accuracy:.2f} on {what}"
    if old.balanced_accuracy == new.balanced_accuracy:
        change += f" (log loss {old.log_loss:.2f} → {new.log_loss:.2f})"
    if new.beats(old):
        return True, f"Taken: {change}."
    return False, f"Not taken, the one in use is as good or better: {change}."
