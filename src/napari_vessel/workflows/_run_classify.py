"""Files that train, ask and evaluate a classifier, and that look through a volume. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from napari_vessel.datasets import DataConfig
from napari_vessel.geometry import Box
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._classify_config import ClassifyRun, located_data
from napari_vessel.workflows._classify_requests import ClassifySamples, ClassifyTrain, Triage
from napari_vessel.workflows._run_file import Options, RunFile, RunOptions

__all__ = ["ClassifyEvaluateFile", "ClassifyFile", "ClassifyPredictFile", "TriageFile"]

_DEVICE = "Where: auto, cpu, cuda, cuda:1 or mps."


class ClassifyFile(RunFile, ClassifyRun, frozen=True, extra="forbid"):
    """Train a classifier of patches or objects."""

    workflow: ClassVar[str] = "classify"
    asks: ClassVar[type] = ClassifyTrain
    suffix: ClassVar[str] = ".classifier"
    goes_on: ClassVar[bool] = True
    keeps_config: ClassVar[bool] = True

    run: Literal["classify"] = Field("classify", description="What is to be done.")
    device: str = Field("auto", description=_DEVICE)

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        found = RunFile.located(self, folder)
        update = dict(self.config().located(folder))
        return found.model_copy(update=update)

    def config(self) -> ClassifyRun:
        """Return what the training is made from."""
        fields = {name: getattr(self, name) for name in ClassifyRun.model_fields}
        return ClassifyRun.model_validate(fields)

    def request(self, options: RunOptions) -> ClassifyTrain:
        """Return what is asked of the workflow."""
        return ClassifyTrain(
            self.config(), self.destination(), self.device, options.resume, options.overwrite
        )

    @classmethod
    def of(cls, request: ClassifyTrain) -> Self:
        """Return the file that asks for the same."""
        return cls(**dict(request.config), out=str(request.out), device=request.device)


class _SamplesFile(RunFile, frozen=True, extra="forbid"):
    """What both ways to classify samples say."""

    workflow: ClassVar[str] = "classify-samples"
    asks: ClassVar[type] = ClassifySamples
    keeps_config: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("out", "checkpoint", "split")
    scored: ClassVar[bool] = False

    checkpoint: str = Field(min_length=1, description="Folder of the classifier.")
    data: DataConfig = Field(description="What is classified.")
    split: str | None = Field(None, description="A split.csv, of which one part is classified.")
    part: Literal["all", "train", "validation", "test"] = Field("all", description="Which part.")
    batch: int = Field(64, ge=1, description="Images at a time.")
    draws: int = Field(1000, ge=0, le=100_000, description="Resamplings for intervals.")
    device: str = Field("auto", description=_DEVICE)

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        update = {"data": located_data(self.data, folder)}
        return super().located(folder).model_copy(update=update)

    def request(self, options: RunOptions) -> ClassifySamples:
        """Return what is asked of the workflow."""
        return ClassifySamples(
            checkpoint=self.checkpoint,
            data=self.data,
            out=self.destination(),
            split=Path(self.split) if self.split else None,
            part=self.part,
            batch=self.batch,
            draws=self.draws,
            scored=self.scored,
            device=self.device,
            overwrite=options.overwrite,
        )

    @classmethod
    def fits(cls, request: object) -> bool:
        """Tell whether this kind makes such a request."""
        return isinstance(request, ClassifySamples) and request.scored == cls.scored

    @classmethod
    def of(cls, request: ClassifySamples) -> Self:
        """Return the file that asks for the same."""
        kept = ("checkpoint", "data", "part", "batch", "draws", "device")
        values: dict[str, Any] = {name: getattr(request, name) for name in kept}
        places = {name: getattr(request, name) for name in ("out", "split")}
        told = {name: None if value is None else str(value) for name, value in places.items()}
        return cls(**values, **told)


class ClassifyPredictFile(_SamplesFile, frozen=True, extra="forbid"):
    """Classify samples into tables."""

    suffix: ClassVar[str] = ".classified"

    run: Literal["classify-predict"] = Field("classify-predict", description="What is to be done.")


class ClassifyEvaluateFile(_SamplesFile, frozen=True, extra="forbid"):
    """Classify samples whose classes are known, and score that."""

    suffix: ClassVar[str] = ".evaluated"
    scored: ClassVar[bool] = True

    run: Literal["classify-evaluate"] = Field(
        "classify-evaluate", description="What is to be done."
    )


class TriageFile(RunFile, frozen=True, extra="forbid"):
    """Look through a volume for vessels with a chunk classifier."""

    workflow: ClassVar[str] = "triage"
    asks: ClassVar[type] = Triage
    suffix: ClassVar[str] = ".triage"
    goes_on: ClassVar[bool] = True  # it always does
    paths: ClassVar[tuple[str, ...]] = ("out", "volume", "checkpoint")

    run: Literal["triage"] = Field("triage", description="What is to be done.")
    volume: str = Field(min_length=1, description="The volume: whatever can be opened.")
    options: Options = Field(VolumeOptions(), description="How it is opened.")
    checkpoint: str = Field(min_length=1, description="Folder of a classifier of chunks.")
    box: str | None = Field(None, description="Only this: z0:z1,y0:y1,x0:x1, in voxels.")
    batch: int = Field(64, ge=1, description="Chunks at a time.")
    device: str = Field("auto", description=_DEVICE)

    def request(self, options: RunOptions) -> Triage:
        """Return what is asked of the workflow."""
        return Triage(
            volume=self.volume,
            out=self.destination(),
            checkpoint=self.checkpoint,
            options=self.options,
            box=Box.parse(self.box) if self.box else None,
            batch=self.batch,
            device=self.device,
            overwrite=options.overwrite,
        )

    @classmethod
    def of(cls, request: Triage) -> Self:
        """Return the file that asks for the same."""
        kept = ("volume", "options", "checkpoint", "batch", "device")
        values: dict[str, Any] = {name: getattr(request, name) for name in kept}
        box = None if request.box is None else str(request.box)
        return cls(**values, box=box, out=str(request.out))
