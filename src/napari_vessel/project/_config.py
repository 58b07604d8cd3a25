"""What ``project.toml`` holds. Values only: validating touches no disk."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.inference import InferenceConfig
from napari_vessel.morphology import SMALLEST_UM3, least_voxels
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions

FORMAT_VERSION = 1


class VolumeReference(BaseModel, frozen=True, extra="forbid"):
    """Which volume a project annotates, and how it is read."""

    uri: str = Field(description="Path or address, absolute.")
    relative: str | None = Field(None, description="Path from the project's folder, if local.")
    fingerprint: str = Field(description="Identity of the volume's contents.")
    shape: Zyx = Field(description="Voxels of the level worked on, zyx.")
    voxel_size: VoxelSize = Field(description="Edges of a voxel of that level, in µm.")
    voxel_size_known: bool = Field(True, description="Whether a file or a person said so.")
    options: VolumeOptions = Field(VolumeOptions(), description="How the volume is read.")


class KeepingConfig(BaseModel, frozen=True, extra="forbid"):
    """Which networks stay on the disk beside those that were taken into use: these all do."""

    rejected_last: int = Field(
        3,
        ge=0,
        description="Of networks that were not taken, so many last ones stay, and the best.",
    )
    rejected_megabytes: float = Field(
        500.0, ge=0, allow_inf_nan=False, description="Room for them on the disk, in MB."
    )

    @property
    def rejected_bytes(self) -> int:
        """The budget in bytes."""
        return int(self.rejected_megabytes * 1e6)


class ProjectConfig(BaseModel, frozen=True, extra="forbid"):
    """Everything a project remembers beside its corrections and networks."""

    format: int = Field(FORMAT_VERSION, ge=1, description="Version of the folder's layout.")
    volume: VolumeReference
    region: Box = Field(description="The box being worked on, in voxels.")
    checkpoint: str = Field("starter", description="The checkpoint in use.")
    proposal: str | None = Field(None, description="The proposal in view.")
    threshold: float | None = Field(
        None, ge=0, le=1, description="Probability that counts as vessel; none: the checkpoint's."
    )
    smallest_um3: float = Field(
        SMALLEST_UM3,
        ge=0,
        allow_inf_nan=False,
        description="Pieces of a proposal below this volume, in µm³, are not shown; 0: all are.",
    )
    inference: InferenceConfig = InferenceConfig()
    training: TrainingConfig = TrainingConfig()
    keeping: KeepingConfig = KeepingConfig()
    train_continuously: bool = Field(
        default=False, description="Whether it trains by itself whenever it is open in a dock."
    )

    @property
    def is_newer(self) -> bool:
        """Whether a newer version of this program made the folder: it is for viewing only."""
        return self.format > FORMAT_VERSION

    @property
    def least_voxels(self) -> int:
        """The fewest voxels of a piece that is shown; up to 1 all are."""
        return least_voxels(self.smallest_um3, self.volume.voxel_size)

    @model_validator(mode="after")
    def _region_lies_in_the_volume(self) -> Self:
        if not Box.of(self.volume.shape).contains(self.region) or self.region.size == 0:
            raise ValueError(f"region {self.region} does not lie in {self.volume.shape} voxels")
        return self
