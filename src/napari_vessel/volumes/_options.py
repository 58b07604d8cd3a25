"""How a volume is opened: what a person chooses and what defaults they start from."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from napari_vessel.geometry import VoxelSize

__all__ = ["DEFAULT_OPTIONS", "DEFAULT_WINDOW", "RetryConfig", "VolumeOptions", "WindowConfig"]


class RetryConfig(BaseModel, frozen=True, extra="forbid"):
    """How long reading over HTTP is tried again before it is an error.

    Times are in seconds. The wait doubles after every attempt.
    """

    attempts: int = Field(5, ge=1, le=100, description="Requests for one chunk, at most.")
    first_wait_s: float = Field(0.5, ge=0, description="Wait before the second request.")
    request_s: float = Field(30.0, gt=0, description="Time one request may take.")
    total_s: float = Field(60.0, gt=0, description="Time all requests for a chunk may take.")
    rest_s: float = Field(
        20.0, ge=0, description="Time a server that answers nothing is left alone."
    )


class WindowConfig(BaseModel, frozen=True, extra="forbid"):
    """Which intensities of a volume become 0 and 1, and how much is read to find them."""

    low_percent: float = Field(0.5, ge=0, lt=100, description="Percentile that becomes 0.")
    high_percent: float = Field(99.5, gt=0, le=100, description="Percentile that becomes 1.")
    voxels: int = Field(2**23, ge=2**12, le=2**28, description="Voxels sampled, at most.")
    pieces: int = Field(24, ge=1, le=512, description="Slices or blocks sampled, at most.")

    @model_validator(mode="after")
    def _low_lies_below_high(self) -> Self:
        if self.low_percent >= self.high_percent:
            message = f"low_percent {self.low_percent} must be below {self.high_percent}"
            raise ValueError(message)
        return self


class VolumeOptions(BaseModel, frozen=True, extra="forbid"):
    """What of a file or address is the volume.

    ``voxel_size`` is that of the file's finest level, whichever ``level`` is chosen, and
    overrides what the file says.
    """

    level: int = Field(0, ge=0, le=64, description="Resolution level to work on; 0 is finest.")
    channel: int | None = Field(None, ge=0, description="Channel, where there are several.")
    key: str | None = Field(
        None, max_length=1000, description="Dataset within an HDF5 file; FILE::KEY says it too."
    )
    axes: str | None = Field(
        None,
        pattern="^[tczyx]{3,5}$",
        description="Order of stored axes where the file names none, as xyz.",
    )
    voxel_size: VoxelSize | None = Field(None, description="Voxel edges z, y, x, in µm.")
    polarity: Literal["auto", "dark", "bright"] = Field(
        "auto",
        description="Are vessels darker or brighter than what surrounds them? auto: as found in "
        "the volume, else as the network expects.",
    )
    organ_only: bool = Field(
        default=True, description="Predict only where the organ is, leaving out what is around."
    )
    missing: Literal["report", "error"] = Field(
        "report", description="What a missing chunk is: its fill value, counted, or an error."
    )
    window: WindowConfig = Field(WindowConfig(), description="The intensity window.")
    retries: RetryConfig = Field(RetryConfig(), description="Patience with a server.")


DEFAULT_OPTIONS = VolumeOptions()
DEFAULT_WINDOW = WindowConfig()
