"""The one training loop, kept so that it can be killed and gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, fields
from math import inf, isfinite
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

import torch

from napari_vessel.errors import ProjectError
from napari_vessel.training import (
    Best,
    ClassifierTrainingConfig,
    EpochEnd,
    FitEnd,
    FitMemory,
    StepEnd,
    Task,
    TrainingConfig,
    fit,
)
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._train_folder import TrainFolder
from napari_vessel.workflows._train_progress import training_progress

_STEPS_SECONDS = 180.0  # of work that a kill in the middle of an epoch can cost
_EPOCH_SECONDS = 20.0  # epochs shorter than this are not kept one by one


class Resumable(Protocol):
    """Batches, an epoch each time, which can be gone on with."""

    def __iter__(self) -> Iterator[Any]:
        """Draw an epoch."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what the next batches follow from, in JSON's types."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        ...


class Learned(Task[Any], Protocol):
    """A task whose arithmetic is told, so that it is kept through interruptions."""

    @property
    def precision(self) -> str:
        """Name of the arithmetic."""
        ...


class Curve(Protocol):
    """What is kept of the epochs."""

    def add(self, event: StepEnd | EpochEnd | FitEnd) -> None:
        """Keep what counts."""
        ...

    def lines(self) -> bytes:
        """Return JSON Lines."""
        ...

    def restore(self, lines: bytes) -> None:
        """Go on from lines."""
        ...


C = TypeVar("C", bound=Curve)


@dataclass
class Learner(Generic[C]):
    """A task, what it draws from, and all that the next step follows from."""

    task: Learned
    sampler: Resumable
    config: TrainingConfig | ClassifierTrainingConfig
    folder: TrainFolder
    memory: FitMemory
    history: C
    steps_per_epoch: int
    seconds: float = 0.0  # of training before this process
    clock: Callable[[], float] = monotonic

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that :meth:`_state` made.

        Raises
        ------
        ProjectError
            It is not one, or of another network.
        """
        try:
            self.task.restore(state["task"])
            memory = json.loads(state["memory"])
            best = Best(state=state["best"], **memory.pop("best"))
            self.memory = FitMemory(best=best, **memory)
            self.sampler.restore(json.loads(state["sampler"]))
            self.history.restore(state["history"].encode())
            self.seconds = float(state["seconds"])
            _restore_random(state["random"])
        except (LookupError, TypeError, ValueError, RuntimeError) as error:
            raise ProjectError(
                f"{self.folder.state} cannot be gone on from ({error}): use --overwrite to start "
                "anew."
            ) from error

    def learn(self) -> Generator[StepEnd | EpochEnd | Progress, None, FitEnd]:
        """Train, keeping the state at the ends of epochs and every few minutes.

        Whoever stops asking can go on from where they stopped.
        """
        started, kept, last = self.clock(), -inf, None
        before = self.seconds
        events = fit(self.task, self.sampler, self._limited(), clock=self.clock, memory=self.memory)
        try:
            for event in events:
                self.history.add(event)
                if isinstance(event, FitEnd):
                    return event
                now, last = self.clock(), event
                self.seconds = before + now - started
                if now - kept >= _wait(event):
                    self._keep(event)
                    kept = now
                yield event
                yield training_progress(self.config, self.steps_per_epoch, event, self.seconds)
        except GeneratorExit:
            if last is not None:
                self._keep(last)
            raise
        raise TypeError("fit ended without a FitEnd")

    def keep_now(self) -> None:
        """Keep what there is, also after the end: the best state can be gone on from."""
        self.folder.save(self._state(), self.history.lines())

    def _limited(self) -> TrainingConfig | ClassifierTrainingConfig:
        """Take what was trained before from the time limit."""
        if self.config.minutes is None:
            return self.config
        left = max(self.config.minutes - self.seconds / 60, 1e-6)
        return self.config.model_copy(update={"minutes": left})

    def _keep(self, event: StepEnd | EpochEnd) -> None:
        if isfinite(event.loss):  # else the next word is that training diverged
            self.folder.save(self._state(), self.history.lines())

    def _state(self) -> dict[str, Any]:
        """Return tensors and plain values only: it is read without unpickling objects."""
        best = self.memory.best
        if best is None:
            raise TypeError("nothing was trained yet")
        memory = {f.name: getattr(self.memory, f.name) for f in fields(self.memory)}
        memory["best"] = {k: v for k, v in _values(best).items() if k != "state"}
        return {
            "task": self.task.state(),
            "best": best.state,
            "memory": json.dumps(memory),
            "sampler": json.dumps(self.sampler.state()),
            "history": self.history.lines().decode(),
            "seconds": self.seconds,
            "precision": self.task.precision,
            "random": _random(),
        }


def _values(best: Best) -> dict[str, Any]:
    """Return the fields of ``best``, its state not copied."""
    return {f.name: getattr(best, f.name) for f in fields(best)}


def _wait(event: StepEnd | EpochEnd) -> float:
    return _EPOCH_SECONDS if isinstance(event, EpochEnd) else _STEPS_SECONDS


def _random() -> dict[str, torch.Tensor]:
    """Return torch's random states: dropout draws from them."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _restore_random(state: dict[str, torch.Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
