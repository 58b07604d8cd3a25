"""What training a classifier is told: a configuration in TOML or JSON. Imports no torch."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from napari_vessel.datasets import DataConfig
from napari_vessel.networks import ClassifierConfig
from napari_vessel.training import ClassifierTrainingConfig
from napari_vessel.workflows._run_places import place_of
from napari_vessel.workflows._train_config import Start

__all__ = ["ClassifyRun", "data_without_folders", "located_data"]

_PATHS = ("path", "images", "volume", "table", "image", "mask")
_SUM = 1e-6
_Model = TypeVar("_Model", bound=BaseModel)


class ClassifyRun(BaseModel, frozen=True, extra="forbid"):
    """Everything a training of a classifier is made from."""

    network: Annotated[
        Annotated[ClassifierConfig, Tag("made")] | Annotated[Start, Tag("start")],
        Discriminator(lambda value: "start" if _starts(value) else "made"),
    ] = Field(
        ClassifierConfig(),
        description="A new network, or a classifier to start from. Its classes and channels are "
        "the data's, where they are not named.",
    )
    data: DataConfig = Field(description="What it learns from and is judged by.")
    training: ClassifierTrainingConfig = Field(
        ClassifierTrainingConfig(), description="How it learns."
    )
    fractions: tuple[float, float, float] = Field(
        (0.70, 0.15, 0.15),
        description="Shares of the samples to learn from, to choose the best epoch by, and to set "
        "aside for the end.",
    )
    split_seed: int = Field(0, ge=0, description="Seed of the split.")
    split: str | None = Field(
        None, description="A split.csv of an earlier run, used as it is, instead of a new one."
    )
    draws: int = Field(
        1000, ge=0, le=100_000, description="Resamplings of the set-aside samples for intervals."
    )

    @model_validator(mode="after")
    def _fractions_are_shares_of_all(self) -> Self:
        learned, _, _ = self.fractions
        if min(self.fractions) < 0 or learned == 0 or abs(sum(self.fractions) - 1) > _SUM:
            raise ValueError(
                f"fractions {self.fractions}: expected three shares that make 1, the first above 0"
            )
        return self

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        update: dict[str, Any] = {"data": located_data(self.data, folder)}
        if isinstance(self.network, Start):
            update["network"] = Start(start=place_of(self.network.start, folder))
        if self.split:
            update["split"] = place_of(self.split, folder)
        return self.model_copy(update=update)


def located_data(data: DataConfig, folder: Path) -> DataConfig:
    """Return a data set with paths that are relative to ``folder`` made absolute."""
    return _located(data, folder)


def data_without_folders(data: DataConfig) -> dict[str, object]:
    """Return a data set's configuration as values, its paths without the machine's folders."""

    def named(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: named(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [named(item) for item in value]
        if key in _PATHS and isinstance(value, str):
            return PurePath(value).name
        return value

    values = data.model_dump(mode="json")
    return {name: named(value, name) for name, value in values.items()}


def _located(model: _Model, folder: Path) -> _Model:
    update: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in _PATHS and isinstance(value, str):
            update[name] = place_of(value, folder)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            update[name] = tuple(_located(item, folder) for item in value)
    return model.model_copy(update=update)


def _starts(value: object) -> bool:
    return isinstance(value, Start) or (isinstance(value, dict) and "start" in value)
