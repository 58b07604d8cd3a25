"""The one training loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from math import inf, isfinite
from statistics import fmean
from time import monotonic
from typing import Literal, TypeVar

from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._events import EpochEnd, FitEnd, StepEnd
from napari_vessel.training._task import State, Task

__all__ = ["fit"]

B = TypeVar("B")
_Reason = Literal["epochs", "patience", "minutes", "diverged"]
_Events = Generator[StepEnd | EpochEnd, None, _Reason]


@dataclass
class _Best:
    """The best state so far.

    Of equal scores the lower loss wins, so that a network that predicts nothing
    yet (score 0) can be replaced by one that learns.
    """

    state: State
    start: float
    score: float
    loss: float = inf
    epoch: int = 0

    def beaten_by(self, score: float, loss: float) -> bool:
        return isfinite(loss) and (score, -loss) > (self.score, -self.loss)


def fit(
    task: Task[B],
    batches: Iterable[B],
    config: TrainingConfig,
    *,
    clock: Callable[[], float] = monotonic,
) -> Iterator[StepEnd | EpochEnd | FitEnd]:
    """Train, yielding after every step and every epoch, and once at the end.

    However it ends (epochs, patience, minutes, a loss that is not finite, an error, or
    closing the generator), the task is left in its best state, which may be the
    one it began with. The score before training counts, so the result is never
    worse on it than the start.

    Parameters
    ----------
    task
        What is trained.
    batches
        One epoch's batches each time it is iterated.
    config
        ``epochs``, ``minutes``, ``patience`` and ``plateau``.
    clock
        Seconds since some moment.

    Yields
    ------
    StepEnd | EpochEnd | FitEnd
        A loss that is not finite ends training; it is never in an event but
        the last step's.
    """
    score = _score(task)
    best = _Best(task.state(), score, score)
    ends = inf if config.minutes is None else clock() + 60 * config.minutes
    try:
        reason = yield from _epochs(task, batches, config, best, lambda: clock() >= ends)
    finally:  # also where someone stopped asking
        task.restore(best.state)
    yield FitEnd(reason, best.epoch, best.start, best.score)


def _epochs(
    task: Task[B],
    batches: Iterable[B],
    config: TrainingConfig,
    best: _Best,
    late: Callable[[], bool],
) -> _Events:
    step = 0
    idle = 0  # epochs without a better score
    for epoch in range(1, config.epochs + 1):
        losses: list[float] = []
        for batch in batches:
            losses.append(task.step(batch))
            step += 1
            yield StepEnd(epoch, step, losses[-1])
            if not isfinite(losses[-1]):
                return "diverged"
            if late():
                break
        ended = _judge(task, epoch, fmean(losses) if losses else 0.0, best)
        yield ended
        idle = 0 if ended.best else idle + 1
        if late():
            return "minutes"
        if idle >= config.patience:
            return "patience"
        if idle and idle % config.plateau == 0:
            task.slow_down()
    return "epochs"


def _judge(task: Task[B], epoch: int, loss: float, best: _Best) -> EpochEnd:
    """Score the task and keep its state if it is the best so far."""
    score = _score(task)
    better = best.beaten_by(score, loss)
    if better:
        best.state, best.score, best.loss, best.epoch = task.state(), score, loss, epoch
    return EpochEnd(epoch, loss, score, better)


def _score(task: Task[B]) -> float:
    score = task.validate()
    return score if isfinite(score) else 0.0
