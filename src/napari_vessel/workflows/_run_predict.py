"""Files that predict vessels, and that compare a prediction with the truth. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.morphology import SMALLEST_UM3
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._requests import Evaluate, Predict
from napari_vessel.workflows._run_file import Options, RunFile, RunOptions
from napari_vessel.workflows._run_places import place_of

__all__ = ["EvaluateFile", "PredictFile"]

_STARTER = "starter"


class PredictFile(RunFile, frozen=True, extra="forbid"):
    """Predict a mask of a whole volume, or of a box of it."""

    workflow: ClassVar[str] = "predict"
    asks: ClassVar[type] = Predict
    suffix: ClassVar[str] = ".ome.zarr"
    goes_on: ClassVar[bool] = True  # it always does
    paths: ClassVar[tuple[str, ...]] = ("out", "volume", "triage")

    run: Literal["predict"] = Field("predict", description="What is to be done.")
    volume: str = Field(min_length=1, description="The volume: whatever can be opened.")
    options: Options = Field(VolumeOptions(), description="How it is opened.")
    checkpoint: str = Field(_STARTER, min_length=1, description='"starter", or a folder.')
    box: str | None = Field(None, description="Only this: z0:z1,y0:y1,x0:x1, in voxels.")
    inference: InferenceConfig = Field(InferenceConfig(), description="How the network is asked.")
    threshold: float | None = Field(
        None, ge=0, le=1, description="Probability from which on is vessel; none: the checkpoint's."
    )
    smallest_um3: float = Field(
        SMALLEST_UM3, ge=0, description="Pieces below this volume, in µm³, are left out."
    )
    probability: bool = Field(default=False, description="Keep the probability beside the mask.")
    scheduler: str | None = Field(None, description="A dask cluster: local, local:N, an address.")
    triage: str | None = Field(None, description="A triage of the volume, which orders blocks.")
    skip_below: float = Field(
        0.0, ge=0, le=1, description="Blocks that the triage finds below this are not predicted."
    )

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        found = super().located(folder)
        if self.checkpoint == _STARTER:
            return found
        return found.model_copy(update={"checkpoint": place_of(self.checkpoint, folder)})

    def on(self, device: str) -> Self:
        """Return it with another device."""
        values = self.inference.model_dump(exclude_unset=True) | {"device": device}
        return self.model_copy(update={"inference": InferenceConfig.model_validate(values)})

    def request(self, options: RunOptions) -> Predict:
        """Return what is asked of the workflow, which always goes on where a run was killed."""
        return Predict(
            volume=self.volume,
            out=self.destination(),
            options=self.options,
            checkpoint=self.checkpoint,
            box=Box.parse(self.box) if self.box else None,
            inference=self.inference,
            threshold=self.threshold,
            smallest_um3=self.smallest_um3,
            probability=self.probability,
            overwrite=options.overwrite,
            scheduler=self.scheduler,
            triage=Path(self.triage) if self.triage else None,
            skip_below=self.skip_below,
        )

    @classmethod
    def of(cls, request: Predict) -> Self:
        """Return the file that asks for the same."""
        kept = (
            *("volume", "options", "checkpoint", "inference", "threshold", "smallest_um3"),
            *("probability", "scheduler", "skip_below"),
        )
        values: dict[str, Any] = {name: getattr(request, name) for name in kept}
        places = {name: getattr(request, name) for name in ("box", "out", "triage")}
        told = {name: None if value is None else str(value) for name, value in places.items()}
        return cls(**values, **told)


class EvaluateFile(RunFile, frozen=True, extra="forbid"):
    """Compare a mask, a probability or a project with the truth."""

    workflow: ClassVar[str] = "evaluate"
    asks: ClassVar[type] = Evaluate
    suffix: ClassVar[str] = ".scores.json"
    writes_result: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("out", "prediction", "truth", "blocks")

    run: Literal["evaluate"] = Field("evaluate", description="What is to be done.")
    prediction: str = Field(min_length=1, description="A mask, a probability or a project.")
    truth: str = Field(min_length=1, description="Labels; ≠ 0 is vessel.")
    options: Options = Field(VolumeOptions(), description="How both are opened.")
    threshold: float | None = Field(None, ge=0, le=1, description="For a probability; none: 0.5.")
    blocks: str | None = Field(None, description="CSV that the scores of every block go to.")

    def request(self, options: RunOptions) -> Evaluate:
        """Return what is asked of the workflow."""
        return Evaluate(
            prediction=self.prediction,
            truth=self.truth,
            threshold=self.threshold,
            options=self.options,
            blocks=Path(self.blocks) if self.blocks else None,
            overwrite=options.overwrite,
        )

    @classmethod
    def of(cls, request: Evaluate) -> Self:
        """Return the file that asks for the same."""
        kept = ("prediction", "truth", "threshold", "options")
        values: dict[str, Any] = {name: getattr(request, name) for name in kept}
        return cls(**values, blocks=str(request.blocks) if request.blocks else None)
