"""One trial under way: what was drawn for it, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite

import optuna

__all__ = ["Trial"]


@dataclass
class Trial:
    """A trial that this process is at work on; made by :meth:`Study.ask`.

    Attributes
    ----------
    number
        From 0.
    values
        What was drawn, by name; of choices their labels (see :meth:`SearchSpace.value_of`).
    seed
        What it is trained with.
    origin
        The trial that it tries again, else its own number: what that one kept can be gone on from.
    """

    asked: optuna.Trial = field(repr=False)
    number: int
    values: dict[str, object]
    seed: int
    origin: int
    warmup: int = 0
    told: set[int] = field(default_factory=set)

    def report(self, epoch: int, score: float) -> bool:
        """Tell the score after an epoch (from 1); return whether the trial is to be given up.

        An epoch that was told before, by the trial that this one tries again, is passed over. One
        that another process took for dead, and tries again, is given up, too.
        """
        if epoch in self.told or not isfinite(score):
            return False
        self.told.add(epoch)
        try:
            self.asked.report(score, epoch)
        except optuna.exceptions.UpdateFinishedTrialError:
            return True
        return epoch > self.warmup and self.asked.should_prune()
