"""What a classifier is made of. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

__all__ = ["ClassifierConfig"]

_Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class ClassifierConfig(BaseModel, frozen=True, extra="forbid"):
    """A backbone that turns a square image into features, and a head that turns these into classes.

    A *layer*, which ``train_last`` counts, is a module with weights of its own: a
    convolution, a normalisation, a linear layer, or a block that scales what it gives.
    They are counted in the order in which the backbone lists them, from the image on.
    """

    classes: tuple[_Name, ...] = Field(
        (), description="Names of the classes, in the order of the outputs; none: the data's."
    )
    backbone: str = Field(
        "resnet50",
        min_length=1,
        description="lenet (small, of our own), or any name that timm knows, as resnet50, "
        "convnext_tiny or resnet50.tv_in1k (torchvision's weights).",
    )
    in_channels: int = Field(1, ge=1, description="Channels of the image.")
    size: int = Field(
        64, ge=8, le=1024, description="Edge of the square image that the network takes, in pixels."
    )
    pretrained: bool = Field(
        default=False, description="Download weights for the backbone instead of drawing them."
    )
    train: Literal["all", "last", "head"] = Field(
        "all",
        description="What learns: all; the last layers of the backbone and the head; or the head "
        "alone. What does not learn keeps its running statistics, too.",
    )
    train_last: int = Field(
        30, ge=1, description="Layers of the backbone that learn where train is last."
    )
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (128,),
        description="Widths of the head's hidden layers: linear, ReLU, dropout; none: one linear "
        "layer after dropout.",
    )
    dropout: float = Field(
        0.5, ge=0, lt=1, description="Share of features left out at random while learning."
    )
    batch_norm: bool = Field(
        default=False, description="Normalise the head's hidden features over the batch."
    )

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        if len(self.classes) == 1:
            raise ValueError(f"classes={self.classes}: expected at least two, or none")
        twice = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if twice:
            raise ValueError(f"classes: {', '.join(twice)} is named more than once")
        return self

    @model_validator(mode="after")
    def _something_is_kept_that_is_worth_it(self) -> Self:
        if self.backbone == "lenet" and self.pretrained:
            raise ValueError("backbone=lenet has no pretrained weights: leave pretrained false")
        return self
