"""What ``train`` is told: a configuration in TOML or JSON. Values only; imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Discriminator, Field, Tag, field_validator, model_validator

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize, Zyx
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import NetworkConfig
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._run_places import place_of, read_values

__all__ = ["PseudoConfig", "Start", "TrainRun", "VolumeEntry", "load_train_run", "located_run"]

_FROM_SCRATCH = {"learning_rate": 1e-3, "keep_statistics": False}
_OF_CORRECTIONS = (
    *("newest_share", "old_share", "hard_share", "replay_share", "replay_weight"),
    "start_share",
    *("adoption_certainty", "leave_out_folds", "leave_out_share"),
)
_Edge = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Probability = Annotated[float, Field(ge=0, le=1)]
_Run = TypeVar("_Run", bound="TrainRun")


class Start(BaseModel, frozen=True, extra="forbid"):
    """Go on from a network there is."""

    start: str = Field(min_length=1, description='"starter", or the folder of a checkpoint.')


class VolumeEntry(BaseModel, frozen=True, extra="forbid"):
    """A volume, its labels, and which of them are truth."""

    image: str = Field(min_length=1, description="The volume: whatever can be opened.")
    labels: str | None = Field(
        None, description='Its labels, ≠ 0 is vessel; none: the folder "labels" beside its slices.'
    )
    reviewed: Literal["all", "labelled-slices", "vessel-only"] | tuple[str, ...] = Field(
        "all",
        description="What is truth: every voxel; every voxel of XY slices that hold a label; "
        "vessel voxels alone; or of these slices and boxes, as xy:10,20 or 0:8,0:64,0:64.",
    )
    role: Literal["train", "validation"] = Field(
        "train", description="Learned from, or a whole volume to judge by."
    )
    weight: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="How often it is drawn from, beside others."
    )
    voxel_size: _Edge | tuple[_Edge, _Edge, _Edge] | None = Field(
        None, description="Voxel edges of the finest level, z, y, x, in µm; overrides the file's."
    )
    level: int = Field(0, ge=0, description="Level of the image; the labels must be of its shape.")
    channel: int | None = Field(None, ge=0, description="Channel, where there are several.")
    polarity: Literal["auto", "dark", "bright"] = Field(
        "auto", description="Are vessels darker or brighter than what surrounds them?"
    )
    missing: Literal["report", "error"] = Field(
        "report", description="What a missing chunk is: its fill value, counted, or an error."
    )

    @field_validator("reviewed", mode="before")
    @classmethod
    def _list_is_checked(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            if not value:
                raise ValueError('name slices or boxes, or say "all"')
            for text in value:
                _regions_of(str(text), None)
        return value

    @property
    def options(self) -> VolumeOptions:
        """How the image is opened."""
        size = self.voxel_size
        edges = (size, size, size) if isinstance(size, float) else size
        return VolumeOptions(
            level=self.level,
            channel=self.channel,
            voxel_size=VoxelSize(*edges) if edges else None,
            polarity=self.polarity,
            missing=self.missing,
        )

    def regions(self, shape: Zyx) -> tuple[Box, ...]:
        """Return the boxes that ``reviewed`` lists, in a volume of ``shape``.

        Raises
        ------
        CallerError
            One does not lie in the volume.
        """
        texts = self.reviewed if isinstance(self.reviewed, tuple) else ()
        return tuple(dict.fromkeys(box for text in texts for box in _regions_of(text, shape)))


class PseudoConfig(BaseModel, frozen=True, extra="forbid"):
    """What a network is sure of stands in for labels where there are none."""

    checkpoint: str = Field("starter", min_length=1, description="The network that is asked.")
    vessel_above: _Probability = Field(0.9, description="Fused probability from which on: vessel.")
    background_below: _Probability = Field(
        0.1, gt=0, description="Fused probability under which: background; between: unknown."
    )
    share: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="Share of the patches of such a volume that is centred on them.",
    )
    inference: InferenceConfig = Field(InferenceConfig(), description="How it is asked.")

    @model_validator(mode="after")
    def _something_is_left_open(self) -> Self:
        if self.background_below > self.vessel_above:
            raise ValueError(
                f"background_below {self.background_below} must not be above "
                f"vessel_above {self.vessel_above}"
            )
        return self


class TrainRun(BaseModel, frozen=True, extra="forbid"):
    """Everything a training is made from."""

    network: Annotated[
        Annotated[NetworkConfig, Tag("made")] | Annotated[Start, Tag("start")],
        Discriminator(lambda value: "start" if _starts(value) else "made"),
    ] = Field(NetworkConfig(), description="A new network, or where to start from.")
    training: TrainingConfig = Field(
        TrainingConfig(),
        description="How it learns. From scratch learning_rate is 1e-3 and keep_statistics false, "
        "unless said otherwise.",
    )
    volume: tuple[VolumeEntry, ...] = Field(min_length=1, description="What it learns from.")
    pseudo: PseudoConfig | None = Field(None, description="Pseudo-labels; none: no such.")
    rescale: bool = Field(
        default=False,
        description="Show volumes of other voxel sizes at that of the first one learned from.",
    )
    most_cells: int = Field(
        8192, ge=1, description="Validation-grid cells looked at in a volume; more are sampled."
    )

    split_seed: int | None = Field(
        None,
        ge=0,
        description="Seed of which cells are looked at where there are more; none: training.seed.",
    )

    @model_validator(mode="before")
    @classmethod
    def _scratch_has_its_own_defaults(cls, values: Any) -> Any:  # noqa: ANN401  as it was given
        if not isinstance(values, dict) or _starts(values.get("network")):
            return values
        training = values.get("training", {})
        if not isinstance(training, dict):
            return values
        return {**values, "training": _FROM_SCRATCH | training}

    @property
    def rescales(self) -> bool:
        """Whether volumes of unlike voxel sizes go together: all are shown at one."""
        return self.rescale or isinstance(self.network, Start)

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        if self.rescale and isinstance(self.network, Start):
            raise ValueError(
                "rescale: all volumes are shown at the voxel size of the checkpoint that is "
                "started from: leave rescale out"
            )
        for name in _OF_CORRECTIONS:
            value = getattr(self.training, name)
            if value != type(self.training).model_fields[name].default:
                raise ValueError(
                    f"training.{name}={value} is for learning from corrections, and has no effect "
                    "here: leave it out"
                )
        return self

    @model_validator(mode="after")
    def _something_is_learned_from(self) -> Self:
        if all(entry.role == "validation" for entry in self.volume):
            raise ValueError('every volume has role "validation": none is left to learn from')
        if isinstance(self.network, NetworkConfig) and self.training.keep_encoder:
            raise ValueError("keep_encoder: a new network has no trained encoder to keep")
        return self


def load_train_run(path: Path) -> TrainRun:
    """Read a configuration; paths in it are relative to its folder.

    Raises
    ------
    CallerError
        There is none, it is neither TOML nor JSON, or a field is not as expected.
    pydantic.ValidationError
        Naming the field.
    """
    return located_run(TrainRun.model_validate(read_values(path)), path.absolute().parent)


def located_run(run: _Run, folder: Path) -> _Run:
    """Return it with paths that are relative to ``folder`` made absolute."""
    entries = tuple(
        entry.model_copy(
            update={
                "image": place_of(entry.image, folder),
                "labels": entry.labels and place_of(entry.labels, folder),
            }
        )
        for entry in run.volume
    )
    update: dict[str, Any] = {"volume": entries}
    if isinstance(run.network, Start):
        update["network"] = Start(start=_checkpoint(run.network.start, folder))
    if run.pseudo:
        place = _checkpoint(run.pseudo.checkpoint, folder)
        update["pseudo"] = run.pseudo.model_copy(update={"checkpoint": place})
    return run.model_copy(update=update)


def _checkpoint(text: str, folder: Path) -> str:
    return text if text == "starter" else place_of(text, folder)


def _starts(value: object) -> bool:
    return isinstance(value, Start) or (isinstance(value, dict) and "start" in value)


def _regions_of(text: str, shape: Zyx | None) -> list[Box]:
    """Read slices of a plane, or a box; without a shape they are only checked.

    >>> [str(box) for box in _regions_of("xz:1", (4, 5, 6))]
    ['0:4,1:2,0:6']
    """
    plane, colon, rest = text.partition(":")
    if not colon or plane.lower() not in set(Plane):
        box = Box.parse(text)
        if shape is not None and (not Box.of(shape).contains(box) or not box.size):
            raise CallerError(f"reviewed {text}: it does not lie in the volume, {Box.of(shape)}.")
        return [box]
    try:
        indices = [int(part) for part in rest.split(",")]
    except ValueError:
        raise CallerError(f"reviewed {text!r}: expected slices, as xy:10,20.") from None
    whole = Box.of(shape) if shape else None
    return [whole.slice_at(Plane(plane.lower()), index) for index in indices] if whole else []
