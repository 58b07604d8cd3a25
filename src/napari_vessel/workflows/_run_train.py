"""Files that train a network of vessels. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field

from napari_vessel.training import TrainingConfig
from napari_vessel.workflows._requests import Retrain, Train
from napari_vessel.workflows._run_file import RunFile, RunOptions
from napari_vessel.workflows._train_config import TrainRun, located_run

__all__ = ["RetrainFile", "TrainFile"]


class TrainFile(RunFile, TrainRun, frozen=True, extra="forbid"):
    """Train a network from labelled volumes: what ``napari-vessel train`` takes, and more."""

    workflow: ClassVar[str] = "train"
    asks: ClassVar[type] = Train
    suffix: ClassVar[str] = ".checkpoint"
    goes_on: ClassVar[bool] = True

    run: Literal["train"] = Field("train", description="What is to be done.")
    device: str = Field("auto", description="Where: auto, cpu, cuda, cuda:1 or mps.")

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        return located_run(super().located(folder), folder)

    def request(self, options: RunOptions) -> Train:
        """Return what is asked of the workflow."""
        config = TrainRun.model_validate(
            {name: getattr(self, name) for name in TrainRun.model_fields}
        )
        return Train(config, self.destination(), self.device, options.resume, options.overwrite)

    @classmethod
    def of(cls, request: Train) -> Self:
        """Return the file that asks for the same."""
        config = {name: getattr(request.config, name) for name in TrainRun.model_fields}
        return cls(**config, out=str(request.out), device=request.device)


class RetrainFile(RunFile, frozen=True, extra="forbid"):
    """Train on the reviewed voxels of a project."""

    workflow: ClassVar[str] = "retrain"
    asks: ClassVar[type] = Retrain
    goes_on: ClassVar[bool] = True
    replaces: ClassVar[bool] = False
    paths: ClassVar[tuple[str, ...]] = ("project",)

    run: Literal["retrain"] = Field("retrain", description="What is to be done.")
    out: None = Field(None, description="The project keeps the result: leave it out.")
    project: str = Field(min_length=1, description="Folder of the project.")
    training: TrainingConfig | None = Field(
        None, description="How it learns; none: as the project is set."
    )

    def request(self, options: RunOptions) -> Retrain:
        """Return what is asked of the workflow."""
        return Retrain(Path(self.project), self.training, go_on=options.resume)

    @classmethod
    def of(cls, request: Retrain) -> Self:
        """Return the file that asks for the same."""
        return cls(project=str(request.project), training=request.config)

    def destination(self) -> Path:
        """Return where the result goes: the project."""
        return Path(self.project)
