"""How a network learns: the package's configuration. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from napari_vessel.geometry import Plane
from napari_vessel.training._loss_config import LossConfig

__all__ = ["TrainingConfig"]

_Edge = Annotated[int, Field(gt=0)]
_Share = Annotated[float, Field(ge=0, le=1)]


class TrainingConfig(BaseModel, frozen=True, extra="forbid"):
    """Fine-tuning on a few corrected slices; the defaults suit two CPU cores."""

    minutes: float | None = Field(3.0, gt=0, description="Stop after so long; none: no limit.")
    epochs: int = Field(30, ge=1, description="The most epochs.")
    steps_per_epoch: int = Field(20, ge=1, description="Batches between two validations.")
    batch: int = Field(8, ge=1, description="Patches in a batch.")
    patch: int = Field(
        128, gt=0, multiple_of=32, description="Edge of a patch, in the network's pixels."
    )
    planes: Literal["auto"] | Annotated[tuple[Plane, ...], Field(min_length=1)] = Field(
        "auto",
        description="Planes that patches are cut in; auto takes all, mostly those whose slices "
        "hold many reviewed voxels.",
    )
    vessel_share: _Share = Field(
        0.6, description="Share of patches centred on vessel; the others on background."
    )
    newest_share: _Share = Field(
        0.3,
        description="Share of patches centred on corrections that the network in use has not "
        "learned from, where there are others too.",
    )
    old_share: _Share = Field(
        0.25,
        description="Share of patches that corrections it has learned from keep, at least.",
    )
    hard_share: _Share = Field(
        0.25,
        description="Share of patches centred where the proposal was wrong or its planes disagree.",
    )
    replay_share: _Share = Field(
        0.25,
        lt=1,
        description="Share of patches that are of phantoms: against forgetting what other "
        "volumes look like. 0: none.",
    )
    replay_weight: _Share = Field(
        0.5,
        lt=1,
        description="Share of the loss for what the network in use says of phantoms: that is to "
        "stay as it is.",
    )
    augmentation: bool = Field(default=True, description="Vary patches as scans differ.")
    augmentation_strength: _Share = Field(
        0.5,
        description="How far patches are varied; at 0 only by flips and quarter turns.",
    )
    learning_rate: float = Field(
        5e-4, gt=0, le=1, description="Of AdamW, at the start. From scratch: 1e-3."
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="What a step of AdamW keeps of the last one's way (beta 1)."
    )
    weight_decay: float = Field(1e-4, ge=0, description="Of AdamW.")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of features before the last layer left out at random."
    )
    gradient_norm: float = Field(1.0, gt=0, description="Longer gradients are clipped to this.")
    loss: LossConfig = Field(LossConfig(), description="What training lowers.")
    averaging: float = Field(
        0.95,
        ge=0,
        lt=1,
        description="What a step leaves of the running mean of the weights, which is what is "
        "scored and kept; 0: no averaging.",
    )
    start_share: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="Share of the network in use that stays in the weights of the one that learns "
        "from corrections: against learning few slices by heart; 0: none.",
    )
    keep_encoder: bool = Field(default=False, description="Train the decoder only.")
    train_last: int | None = Field(
        None,
        ge=0,
        description="Train the last so many stages of the decoder, and the head, alone; none: all "
        "of the network.",
    )
    keep_statistics: bool = Field(
        default=True,
        description="Leave batch normalisation's running statistics as they are. From "
        "scratch: false.",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Arithmetic of the forward pass; auto takes the fastest good one."
    )
    seed: int = Field(0, ge=0, description="Of patches, augmentation and dropout.")
    patience: int = Field(8, ge=1, description="Epochs without a better score before the end.")
    plateau: int = Field(
        3, ge=1, description="Epochs without a better score before the learning rate halves."
    )
    validation_block: tuple[_Edge, _Edge, _Edge] = Field(
        (32, 64, 64), description="Cells of the validation grid, in voxels, zyx."
    )
    validation_fraction: float = Field(
        0.2, gt=0, le=0.5, description="Share of cells that are validated on, never learned from."
    )
    guard: int = Field(
        8, ge=0, description="Voxels around a validation cell that are not learned from either."
    )
    min_validation_blocks: int = Field(
        4, ge=1, description="With fewer, adopting a network is provisional."
    )
    adoption_certainty: float = Field(
        0.8,
        ge=0.5,
        lt=1,
        description="A network is adopted only if it is better in this share of draws of the "
        "blocks that it is judged by.",
    )
    leave_out_folds: int = Field(
        3,
        ge=0,
        description="While too few blocks are held out, the others are left out in turn, in so "
        "many short trainings; 0 and 1: none.",
    )
    leave_out_share: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Time of these short trainings together, as a share of the training's.",
    )
    watched_blocks: int = Field(
        12, ge=1, description="The most blocks scored after an epoch; adoption scores all."
    )

    @model_validator(mode="before")
    @classmethod
    def _share_of_dice(cls, values: object) -> object:
        """Take what 0.1 called dice_weight: the share of soft Dice, the rest being bce."""
        if not isinstance(values, dict) or "dice_weight" not in values:
            return values
        if "loss" in values:
            raise ValueError("dice_weight is part of loss now: leave dice_weight out")
        rest = {name: value for name, value in values.items() if name != "dice_weight"}
        share = values["dice_weight"]
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"dice_weight={share!r}: expected a share from 0 to 1")
        return {**rest, "loss": {"bce": 1 - share, "dice": share}}

    @property
    def plane_choices(self) -> tuple[Plane, ...]:
        """The planes that a patch may be cut in."""
        return tuple(Plane) if self.planes == "auto" else self.planes

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        if self.planes != "auto" and len(set(self.planes)) != len(self.planes):
            raise ValueError(f"planes={', '.join(self.planes)}: name each plane once")
        shares = self.newest_share + self.old_share + self.hard_share
        if shares > 1 + 1e-9:
            raise ValueError(
                f"newest_share, old_share and hard_share are {shares:g} together: at most 1"
            )
        strength = type(self).model_fields["augmentation_strength"].default
        if not self.augmentation and self.augmentation_strength != strength:
            raise ValueError(
                f"augmentation_strength={self.augmentation_strength} has no effect while "
                "augmentation is false: leave it out"
            )
        if self.keep_encoder and self.train_last is not None:
            raise ValueError("train_last keeps the encoder too: leave keep_encoder out")
        if self.train_last is not None and not self.keep_statistics:
            raise ValueError("train_last keeps statistics too: leave keep_statistics true")
        if self.keep_encoder and not self.keep_statistics:
            raise ValueError("keep_encoder keeps its statistics too: leave keep_statistics true")
        return self
