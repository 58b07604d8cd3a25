"""How a classifier learns: the package's configuration for it. Imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["ClassifierTrainingConfig"]


class ClassifierTrainingConfig(BaseModel, frozen=True, extra="forbid"):
    """Training of a classifier of images; the defaults suit some hundred of them."""

    epochs: int = Field(30, ge=1, description="The most epochs.")
    minutes: float | None = Field(None, gt=0, description="Stop after so long; none: no limit.")
    batch: int = Field(32, ge=2, description="Images in a batch.")
    optimiser: Literal["sgd", "adam"] = Field(
        "adam", description="sgd has momentum; adam keeps its weight decay apart (AdamW)."
    )
    learning_rate: float = Field(
        1e-3, gt=0, le=10, description="At the start. For sgd about ten times as much."
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="What a step keeps of the last one's way (adam: beta 1)."
    )
    weight_decay: float = Field(1e-4, ge=0, le=1, description="Pull of the weights towards 0.")
    balance: Literal["none", "weights", "oversample"] = Field(
        "oversample",
        description="Where classes are of unequal size: count rare ones more in the loss "
        "(weights), or show them as often as the largest (oversample).",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of certainty that is given to all classes alike."
    )
    augmentation: Literal["none", "flips", "upright", "full"] = Field(
        "full",
        description="flips: and quarter turns; upright: small turns, zooms, shifts and grey "
        "values; full: both.",
    )
    augmentation_strength: float = Field(
        0.5, ge=0, le=1, description="How far images are varied; 0.5 as a network of vessels is."
    )
    patience: int = Field(10, ge=1, description="Epochs without a better score before the end.")
    plateau: int = Field(
        4, ge=1, description="Epochs without a better score before the learning rate halves."
    )
    gradient_norm: float = Field(5.0, gt=0, description="Longer gradients are clipped to this.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Arithmetic of the forward pass; auto takes the fastest good one."
    )
    seed: int = Field(0, ge=0, description="Of the order of images, augmentation and dropout.")
    monitor: Literal["balanced_accuracy", "auc", "accuracy", "loss"] = Field(
        "balanced_accuracy",
        description="What the best epoch is chosen by, on the validation part; loss: the lowest.",
    )
