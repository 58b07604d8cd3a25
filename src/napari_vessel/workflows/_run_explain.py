"""Files that ask why a network says what it says. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from napari_vessel.attribution import AttributionConfig, Question
from napari_vessel.datasets import DataConfig
from napari_vessel.geometry import Plane
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._classify_config import located_data
from napari_vessel.workflows._explain_words import Explain, ExplainClass
from napari_vessel.workflows._run_file import Options, RunFile, RunOptions
from napari_vessel.workflows._run_places import place_of

__all__ = ["ExplainClassFile", "ExplainFile"]

_DEVICE = "Where: auto, cpu, cuda, cuda:1 or mps."
_KEPT = (
    *("source", "at", "plane", "target", "question", "checkpoint", "threshold", "radius", "reach"),
    *("figure", "options", "device"),
)
_OF_CLASS = (*("checkpoint", "image", "data", "sample", "asked", "question", "figure", "device"),)


class ExplainFile(RunFile, frozen=True, extra="forbid"):
    """Ask why a network says vessel at a place, or why it does not."""

    workflow: ClassVar[str] = "explain"
    asks: ClassVar[type] = Explain
    suffix: ClassVar[str] = ".ome.zarr"
    paths: ClassVar[tuple[str, ...]] = ("out", "source")

    run: Literal["explain"] = Field("explain", description="What is to be done.")
    source: str = Field(min_length=1, description="A project's folder, or a volume.")
    at: tuple[int, int, int] = Field(description="The voxel, z, y, x.")
    plane: Plane = Field(Plane.XY, description="The slice through it: xy, xz or yz.")
    target: Literal["vessel", "voxel"] = Field(
        "vessel", description="The piece of vessel in the slice that holds the voxel, or it alone."
    )
    question: Question = Field("here", description="Why here (here), or why not (not_here).")
    attribution: AttributionConfig = Field(AttributionConfig(), description="How it is found.")
    checkpoint: str | None = Field(
        None, description='"starter", a name in the project, or a folder; none: the one in use.'
    )
    threshold: float | None = Field(
        None, ge=0, le=1, description="Probability from which on is vessel; none: the one in use."
    )
    radius: int = Field(3, ge=0, description="Of the disc where nothing is proposed, in voxels.")
    reach: int | None = Field(None, ge=0, description="Network pixels looked at around the target.")
    options: Options = Field(VolumeOptions(), description="How a bare volume is opened.")
    figure: bool = Field(default=True, description="Write a picture beside it.")
    device: str = Field("auto", description=_DEVICE)

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        found, name = super().located(folder), self.checkpoint
        if name is None or "/" not in name:  # a name in the project, or the starter
            return found
        return found.model_copy(update={"checkpoint": place_of(name, folder)})

    def request(self, options: RunOptions) -> Explain:
        """Return what is asked of the workflow."""
        return Explain(
            **{name: getattr(self, name) for name in _KEPT},
            config=self.attribution,
            out=self.destination(),
            overwrite=options.overwrite,
        )

    @classmethod
    def of(cls, request: Explain) -> Self:
        """Return the file that asks for the same."""
        values: dict[str, Any] = {name: getattr(request, name) for name in _KEPT}
        out = None if request.out is None else str(request.out)
        return cls(**values, attribution=request.config, out=out)


class ExplainClassFile(RunFile, frozen=True, extra="forbid"):
    """Ask why a classifier takes an image for a class, or why it does not."""

    workflow: ClassVar[str] = "explain-class"
    asks: ClassVar[type] = ExplainClass
    suffix: ClassVar[str] = ".png"
    paths: ClassVar[tuple[str, ...]] = ("out", "checkpoint", "image")

    run: Literal["explain-class"] = Field("explain-class", description="What is to be done.")
    checkpoint: str = Field(min_length=1, description="Folder of the classifier.")
    image: str | None = Field(None, description="A picture's file; or none, and data instead.")
    data: DataConfig | None = Field(None, description="A data set, of which sample is asked.")
    sample: int | str = Field(0, description="Name or number of the sample.")
    asked: str | None = Field(None, description="The class; none: the one it is taken for.")
    question: Question = Field("here", description="Why (here), or why not (not_here).")
    attribution: AttributionConfig = Field(AttributionConfig(), description="How it is found.")
    figure: bool = Field(default=True, description="Write a picture beside it.")
    device: str = Field("auto", description=_DEVICE)

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        data = None if self.data is None else located_data(self.data, folder)
        return super().located(folder).model_copy(update={"data": data})

    def request(self, options: RunOptions) -> ExplainClass:
        """Return what is asked of the workflow."""
        return ExplainClass(
            **{name: getattr(self, name) for name in _OF_CLASS},
            config=self.attribution,
            out=self.destination(),
            overwrite=options.overwrite,
        )

    @classmethod
    def of(cls, request: ExplainClass) -> Self:
        """Return the file that asks for the same."""
        values: dict[str, Any] = {name: getattr(request, name) for name in _OF_CLASS}
        out = None if request.out is None else str(request.out)
        return cls(**values, attribution=request.config, out=out)
