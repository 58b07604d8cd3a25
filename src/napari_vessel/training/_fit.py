"""The one training loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf, isfinite
from statistics import fmean
from time import monotonic
from typing import Literal, Protocol, TypeVar

from napari_vessel.training._events import EpochEnd, FitEnd, StepEnd
from napari_vessel.training._task import State, Task

__all__ = ["Best", "FitConfig", "FitMemory", "fit"]

B = TypeVar("B")
_Reason = Literal["epochs", "patience", "minutes", "diverged"]
_Events = Generator[StepEnd | EpochEnd, None, _Reason]


class FitConfig(Protocol):
    """What the loop asks of a configuration, whatever is trained."""

    @property
    def epochs(self) -> int:
        """The most epochs."""
        ...

    @property
    def minutes(self) -> float | None:
        """Stop after so long; none: no limit."""
        ...

    @property
    def patience(self) -> int:
        """Epochs without a better score before the end."""
        ...

    @property
    def plateau(self) -> int:
        """Epochs without a better score before the learning rate halves."""
        ...


@dataclass
class Best:
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
        """Tell whether a state of this score and loss is better."""
        return isfinite(loss) and (score, -loss) > (self.score, -self.loss)


@dataclass
class FitMemory:
    """What the loop knows beside the task; true whenever an event is out.

    Whoever keeps it together with ``task.state()`` (and what the batches go on
    from) can go on after a kill as if there had been none.
    """

    best: Best | None = None  # none: not begun
    epoch: int = 0  # epochs that ended
    step: int = 0  # of all epochs together
    idle: int = 0  # epochs without a better score
    losses: list[float] = field(default_factory=list)  # of the epoch at hand


def fit(
    task: Task[B],
    batches: Iterable[B],
    config: FitConfig,
    *,
    clock: Callable[[], float] = monotonic,
    memory: FitMemory | None = None,
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
    memory
        Of a training to go on with, whose task was restored; it is kept up to date.
        ``minutes`` count from now.

    Yields
    ------
    StepEnd | EpochEnd | FitEnd
        A loss that is not finite ends training; it is never in an event but
        the last step's.
    """
    memory = FitMemory() if memory is None else memory
    if memory.best is None:
        score = _score(task)
        memory.best = Best(task.state(), score, score)
    best = memory.best
    ends = inf if config.minutes is None else clock() + 60 * config.minutes
    try:
        reason = yield from _epochs(task, batches, config, memory, best, lambda: clock() >= ends)
    finally:  # also where someone stopped asking
        task.restore(best.state)
    yield FitEnd(reason, best.epoch, best.start, best.score)


def _epochs(
    task: Task[B],
    batches: Iterable[B],
    config: FitConfig,
    memory: FitMemory,
    best: Best,
    late: Callable[[], bool],
) -> _Events:
    while memory.epoch < config.epochs:
        if memory.idle >= config.patience:
            return "patience"
        epoch = memory.epoch + 1
        for batch in batches:
            loss = task.step(batch)
            memory.losses.append(loss)
            memory.step += 1
            yield StepEnd(epoch, memory.step, loss)
            if not isfinite(loss):
                return "diverged"
            if late():
                break
        yield _judge(task, config, memory, best)
        if late():
            return "minutes"
    return "patience" if memory.idle >= config.patience else "epochs"


def _judge(task: Task[B], config: FitConfig, memory: FitMemory, best: Best) -> EpochEnd:
    """Score the task, keep its state if it is the best so far, and slow down on a plateau."""
    loss, score = fmean(memory.losses or [0.0]), _score(task)
    better = best.beaten_by(score, loss)
    memory.epoch, memory.losses = memory.epoch + 1, []
    memory.idle = 0 if better else memory.idle + 1
    if better:
        best.state, best.score, best.loss, best.epoch = task.state(), score, loss, memory.epoch
    elif memory.idle < config.patience and memory.idle % config.plateau == 0:
        task.slow_down()
    return EpochEnd(memory.epoch, loss, score, better)


def _score(task: Task[B]) -> float:
    score = task.validate()
    return score if isfinite(score) else 0.0
