"""A project's training, kept so that a crash, a restart or a pause costs a minute of it at most."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from napari_vessel.errors import ProjectError
from napari_vessel.inference import working_time
from napari_vessel.networks import Checkpoint
from napari_vessel.project import Project
from napari_vessel.training import (
    EpochEnd,
    FitMemory,
    StepEnd,
)
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._history import History
from napari_vessel.workflows._lesson import Lesson
from napari_vessel.workflows._train_folder import TrainFolder
from napari_vessel.workflows._train_learner import Learner
from napari_vessel.workflows._unfinished import read_recipe

_log = logging.getLogger(__name__)

_Learning = Generator[Progress | StepEnd | EpochEnd, None, tuple[nn.Module, History]]


@dataclass(frozen=True)
class RetrainRun:
    """The training of a project, in ``training.run/``: one at a time.

    It is gone on with where it was interrupted; where it came to the end of its time only if
    asked. With the same corrections everything is as it was (but for which patches are drawn);
    with more, weights and optimiser go on, and what counts as best begins anew. Another network
    in use, or other settings, begin anew.

    Rounds that go on from one another may have so many epochs each. After one that ended for
    want of a better score the next begins anew from the network in use, with patches and
    augmentations that none before it drew: their seed counts the steps of those that ended.
    """

    project: Project
    checkpoint: Checkpoint
    position: Mapping[str, int]
    lesson: Lesson

    @property
    def folder(self) -> TrainFolder:
        """Where it lies."""
        return TrainFolder(self.project.path / "training")

    def held(self) -> AbstractContextManager[None]:
        """Hold the folder.

        Raises
        ------
        ProjectBusyError
            Another training of this project is at work.
        """
        return self.folder.held()

    def learned(self, device: torch.device, *, go_on: bool) -> _Learning:
        """Train, and return the network in its best state with its curve."""
        found = self._found(go_on=go_on)
        drawn = self._drawn() if go_on or found else 0
        learner, network = self._learner(device, found, drawn)
        if go_on:
            epochs = learner.memory.epoch + self.lesson.config.epochs
            learner.config = self.lesson.config.model_copy(update={"epochs": epochs})
        if found is None:
            self.folder.state.unlink(missing_ok=True)  # before the recipe that it is not of
        else:
            yield Progress(0, 1, "epochs", f"Going on after epoch {learner.memory.epoch}")
        self._write(ended=False, drawn=drawn)
        with closing(self._seeded(drawn + learner.memory.step).sampler()) as batches:
            learner.sampler = _Drawn(batches)
            end = yield from learner.learn()
        cut_short = end.reason == "minutes" or (go_on and end.reason == "epochs")
        if cut_short and learner.memory.idle < self.lesson.config.patience:
            learner.keep_now()
        else:
            self.folder.state.unlink(missing_ok=True)
            drawn += learner.memory.step
        self._write(ended=True, drawn=drawn)
        return network, learner.history

    def note(self, adopted: str | None) -> None:
        """Note that a network which came of it is better: it is gone on from there."""
        if adopted:
            self._write(ended=True, drawn=self._drawn(), checkpoint=adopted)

    # -- inside ----------------------------------------------------------------

    def _found(self, *, go_on: bool) -> dict[str, Any] | None:
        """Return the state to go on from, if there is one that fits."""
        if not self.folder.state.exists():
            return None
        try:
            recipe = read_recipe(self.folder.recipe)
            fits = {**self._recipe(), "corrections": None} == {
                **{key: recipe.get(key) for key in self._recipe()},
                "corrections": None,
            }
            if not fits or (recipe.get("ended") and not go_on):
                return None
            return self.folder.load() | {"same": recipe["corrections"] == dict(self.position)}
        except (ProjectError, OSError, LookupError) as error:
            _log.warning("The training before cannot be gone on with, it begins anew: %s", error)
            return None

    def _drawn(self) -> int:
        """Return the steps of trainings that ended: the next one draws other patches."""
        try:
            return max(int(read_recipe(self.folder.recipe).get("drawn", 0)), 0)
        except (ProjectError, OSError, TypeError, ValueError):
            return 0  # none before, or nobody knows

    def _learner(
        self, device: torch.device, found: dict[str, Any] | None, drawn: int
    ) -> tuple[Learner[History], nn.Module]:
        network = self.checkpoint.load(device)
        learner = Learner(
            self._seeded(drawn).task(network),
            _Drawn(()),
            self.lesson.config,
            self.folder,
            FitMemory(),
            History(),
            self.lesson.config.steps_per_epoch,
            clock=working_time,  # a prediction that a person waits for does not shorten it
        )
        if found is None:
            return learner, network
        try:
            learner.restore(found)
        except ProjectError as error:
            _log.warning("The training before cannot be gone on with, it begins anew: %s", error)
            return self._learner(device, None, drawn)  # half of it may be in this network
        learner.seconds = 0.0  # what a person asks for now is time from now on
        if not found["same"]:
            learner.memory = FitMemory(step=learner.memory.step)
        return learner, network

    def _seeded(self, steps: int) -> Lesson:
        """Return the lesson whose patches are others than those of so many steps before."""
        config = self.lesson.config
        seeded = config.model_copy(update={"seed": config.seed + steps})
        return replace(self.lesson, config=seeded)

    def _recipe(self) -> dict[str, Any]:
        training = self.lesson.config.model_dump(mode="json", exclude={"minutes"})
        return {
            "checkpoint": self.checkpoint.id,
            "training": training,
            "corrections": dict(self.position),
        }

    def _write(self, *, ended: bool, **changes: object) -> None:
        recipe = {**self._recipe(), "ended": ended, **changes}
        write_atomically(self.folder.recipe, json.dumps(recipe, indent=2).encode())


class _Drawn:
    """Batches whose state is how many steps were taken, which the training keeps itself."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)

    def state(self) -> dict[str, Any]:
        """Return nothing: the seed follows from the step."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on; what is drawn follows from the step."""
