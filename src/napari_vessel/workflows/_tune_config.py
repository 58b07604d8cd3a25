"""What ``tune`` is told: a run, what of it is tuned, and how. Values only; imports no torch."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from napari_vessel.errors import CallerError
from napari_vessel.search import SearchSpace, StudyConfig
from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._train_config import TrainRun, located_run
from napari_vessel.workflows._tune_space import Run, Task, default_space, task_of

__all__ = ["TuneRun", "load_tune_run"]


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

    The file of a training alone (of `train` or `classify train`) is taken, too: what usually
    matters of it is tuned.

    Raises
    ------
    CallerError
        There is none, it is neither TOML nor JSON, or a field is not as expected.
    pydantic.ValidationError
        Naming the field.
    """
    try:
        text = path.read_text("utf-8")
        values = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CallerError(f"{path} cannot be read: {reason}. Expected a .toml or .json.") from error
    except ValueError as error:
        raise CallerError(f"{path} cannot be understood: {error}.") from error
    return TuneRun.model_validate(_as_tune(values)).located(path.absolute().parent)


def _as_tune(values: Any) -> Any:  # noqa: ANN401  as the file has it
    """Take the file of a training for what every trial runs."""
    if not isinstance(values, dict):
        return values
    rest = {key: value for key, value in values.items() if key not in ("run", "out")}
    if "volume" in rest:
        return {"train": rest}
    return {"classify": rest} if "data" in rest else rest
