"""The card of a classifier: all there is to know about its weights. Imports no torch."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from napari_vessel.networks._classifier_config import ClassifierConfig
from napari_vessel.networks._sealed_card import Card

__all__ = ["ClassifierCard"]

_Edge = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ClassifierCard(Card, frozen=True):
    """What the weights are, what images they expect, and where they came from."""

    of_kind: ClassVar[str] = "classifier"

    kind: Literal["classifier"] = Field("classifier", description="The kind of network.")
    network: ClassifierConfig = Field(description="What the weights belong to.")
    normalisation: Literal["window", "range"] = Field(
        "range",
        description="What intensities become in [0, 1]: window, one robust window a volume; range, "
        "the range of the image's type of number.",
    )
    mean: tuple[FiniteFloat, ...] = Field(
        (), description="Of each channel in training; the network itself takes it off."
    )
    std: tuple[FiniteFloat, ...] = Field(
        (), description="Of each channel in training; the network itself divides by it."
    )
    voxel_size_um: tuple[_Edge, _Edge, _Edge] | None = Field(
        None, description="Edges of the voxels trained on, zyx, in µm; none: not of a volume."
    )
    data: dict[str, object] = Field(
        {}, description="The data's configuration that it was trained with."
    )
    provisional: bool = Field(
        default=False, description="Made while there was too little to judge it by."
    )

    @model_validator(mode="after")
    def _classes_are_named(self) -> Self:
        if not self.network.classes:
            raise ValueError("network.classes is empty: name the classes")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in {0, self.network.in_channels}:
                raise ValueError(
                    f"{name} has {len(values)} values for {self.network.in_channels} channels"
                )
        return self
