"""What :func:`fit` tells while it trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EpochEnd", "FitEnd", "StepEnd"]


@dataclass(frozen=True, slots=True)
class StepEnd:
    """One batch was learned from."""

    epoch: int  # from 1
    step: int  # of all epochs together, from 1
    loss: float


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """What one epoch brought."""

    epoch: int  # from 1
    loss: float  # mean of its steps
    score: float  # the task's own; higher is better, never NaN
    best: bool  # better than all before, and than the start


@dataclass(frozen=True, slots=True)
class FitEnd:
    """Training is over and the best state is back in the task."""

    reason: Literal["epochs", "patience", "minutes", "diverged"]
    epoch: int  # that the best state is of; 0 is the start
    start: float  # score before training
    score: float  # score of the best state
