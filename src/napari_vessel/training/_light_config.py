"""How a light update learns: its configuration. Imports no torch."""

from __future__ import annotations

from pydantic import BaseModel, Field

from napari_vessel.training._loss_config import LossConfig

__all__ = ["LightConfig"]


class LightConfig(BaseModel, frozen=True, extra="forbid"):
    """Training of the last stages on a few corrected slices; the defaults suit two CPU cores."""

    stages: int = Field(
        2, ge=0, description="Stages of the decoder that are trained, beside the head."
    )
    steps: int = Field(60, ge=1, description="Steps of training, at most.")
    seconds: float = Field(
        5.0, gt=0, description="Seconds of training, at most; reading and predicting add to it."
    )
    batch: int = Field(4, ge=1, description="Windows of a step.")
    window: int = Field(
        128, gt=0, multiple_of=32, description="Edge of a window, in the network's pixels."
    )
    margin: int = Field(
        8,
        ge=0,
        description="Pixels at a window's edge that are not learned from: the last stages see "
        "less there than in the slice.",
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Of AdamW.")
    newest_share: float = Field(
        0.5, ge=0, le=1, description="Share of windows from the slice that was accepted last."
    )
    vessel_share: float = Field(0.6, ge=0, le=1, description="Share of windows around vessel.")
    loss: LossConfig = Field(LossConfig(), description="What training lowers.")
    slices: int = Field(8, ge=1, description="The most corrected slices that are learned from.")
    reach: int = Field(32, ge=0, description="How far from the accepted slice these may lie.")
    around: int = Field(
        3, ge=1, description="Slices before and behind the accepted one that are proposed anew."
    )
    most_pixels: int = Field(
        2**20, ge=2**10, description="The most pixels of a slice; of a larger one a window."
    )
    cache_mb: int = Field(512, ge=1, description="Memory for what the network saw, in MiB.")
    seed: int = Field(0, ge=0, description="Of the windows.")
