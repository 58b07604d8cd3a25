"""What a network is taught by: the losses and their weights. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

__all__ = ["LossConfig"]

_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_TERMS = ("bce", "focal", "dice", "tversky", "boundary", "surface_dice")


class LossConfig(BaseModel, frozen=True, extra="forbid"):
    """The weighted sum of losses that training lowers; a weight of 0 leaves one out."""

    bce: _Weight = Field(0.5, description="Weight of cross entropy, rare vessels weighted up.")
    focal: _Weight = Field(
        0.0, description="Weight of cross entropy that looks away from what is already right."
    )
    dice: _Weight = Field(0.5, description="Weight of soft Dice.")
    tversky: _Weight = Field(
        0.0, description="Weight of soft Tversky: Dice that counts the two errors differently."
    )
    boundary: _Weight = Field(
        0.0, description="Weight of the boundary loss: errors count by their distance from it."
    )
    surface_dice: _Weight = Field(
        0.0, description="Weight of soft surface dice, the metric itself on 2×2 neighbourhoods."
    )
    focal_exponent: float = Field(
        2.0, ge=0, le=10, description="How much focal looks away; at 0 it is bce."
    )
    tversky_false_positive: float = Field(
        0.3, ge=0, le=1, description="How much of vessel that is none counts in Tversky."
    )
    tversky_false_negative: float = Field(
        0.7, ge=0, le=1, description="How much of missed vessel counts in Tversky."
    )
    tversky_exponent: float = Field(
        1.0, gt=0, le=4, description="Power of the Tversky loss; focal Tversky takes 0.75."
    )
    boundary_reach_px: float = Field(
        8.0, ge=1, le=1000, description="Errors farther than so many pixels count no more."
    )

    @model_validator(mode="after")
    def _something_is_learned(self) -> Self:
        if not any(getattr(self, term) for term in _TERMS):
            raise ValueError(f"all weights are 0: give one of {', '.join(_TERMS)} a weight")
        if not any(getattr(self, term) for term in _TERMS if term != "surface_dice"):
            raise ValueError(
                "surface_dice alone cannot tell vessel from background, as a mask and its "
                "complement have one outline: give another term a weight too"
            )
        if self.tversky_false_positive + self.tversky_false_negative == 0:
            raise ValueError(
                "tversky_false_positive and tversky_false_negative are both 0: no error would count"
            )
        return self

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        for name, field in type(self).model_fields.items():
            term = name.split("_")[0]
            if name in _TERMS or getattr(self, term):
                continue
            value = getattr(self, name)
            if value != field.default:
                raise ValueError(
                    f"{name}={value} has no effect while {term} is 0: give {term} a weight, "
                    f"or leave {name} out"
                )
        return self
