"""What ``tune`` is told: a run, what of it is tuned, and how. Values only; imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from napari_vessel.errors import CallerError
from napari_vessel.search import SearchSpace, StudyConfig
from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._run_places import read_values
from napari_vessel.workflows._train_config import TrainRun, located_run
from napari_vessel.workflows._tune_space import Run, Task, default_space, task_of

__all__ = ["TuneRun", "load_tune_run"]

_Model = TypeVar("_Model", bound=BaseModel)


class TuneRun(BaseModel, frozen=True, extra="forbid"):
    """A study: ``train`` or ``classify`` is what every trial runs, but for what is drawn."""

    train: TrainRun | None = Field(
        None, description="A training of a segmentation network, as `train` takes it."
    )
    classify: ClassifyRun | None = Field(
        None, description="A training of a classifier, as `classify train` takes it."
    )
    space: SearchSpace | None = Field(
        None,
        description="What is tuned, by name: a range (low, high, log, step) or choices. None: what "
        "usually matters.",
    )
    study: StudyConfig = Field(StudyConfig(), description="How many trials, and how they go.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.train is None) == (self.classify is None):
            raise ValueError("expected one of train and classify: what every trial runs")
        return self

    @property
    def base(self) -> Run:
        """What every trial runs, but for what is drawn."""
        run = self.train or self.classify
        if run is None:
            raise TypeError("neither train nor classify")  # the validator refuses it
        return run

    @property
    def task(self) -> Task:
        """Which of the two it is."""
        return task_of(self.base)

    @property
    def tuned(self) -> SearchSpace:
        """What is tuned."""
        return self.space if self.space is not None else default_space(self.base)

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        if self.train:
            return self.model_copy(update={"train": located_run(self.train, folder)})
        if self.classify:
            return self.model_copy(update={"classify": self.classify.located(folder)})
        return self


def load_tune_run(path: Path) -> TuneRun:
    """Read a configuration; paths in it are relative to its folder.

    The file of a training alone (of ``train`` or ``classify``) is taken, too: what usually
    matters of it is tuned.

    Raises
    ------
    CallerError
        There is none, it is neither TOML nor JSON, or a key is not as expected, which is named.
    """
    from napari_vessel.workflows._run_read import load_run

    values = read_values(path)
    guess = "train" if "volume" in values else "classify" if "data" in values else "tune"
    kind = values.get("run", guess)
    if kind not in ("tune", "train", "classify"):
        raise CallerError(f"{path}: run: found {kind!r}; expected tune, or a training to be tuned.")
    file: Any = load_run(path, kind)
    if kind == "tune":
        return _part(TuneRun, file)
    if kind == "train":
        return TuneRun(train=_part(TrainRun, file))
    return TuneRun(classify=_part(ClassifyRun, file))


def _part(model: type[_Model], file: Any) -> _Model:  # noqa: ANN401  a kind of RunFile
    """Return what of a file is the configuration."""
    return model.model_validate({name: getattr(file, name) for name in model.model_fields})
