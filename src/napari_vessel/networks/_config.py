"""What a network is made of. Imports no torch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

__all__ = ["NetworkConfig"]

# Those whose decoder takes one width per stage; the others have widths of their own.
_TAKE_WIDTHS = frozenset({"unet", "unetplusplus", "attention_unet", "manet"})
# Their first stage divides by 4: there is nothing to skip at half resolution.
_FIRST_BY_FOUR = ("mit_", "tu-convnext")


class NetworkConfig(BaseModel, frozen=True, extra="forbid"):
    """A 2D encoder and decoder, by the names segmentation-models-pytorch gives them.

    The default has 1.85 million parameters (3.7 MB in half precision) and runs
    on two cores at several million pixels a second.
    """

    architecture: Literal[
        "unet", "unetplusplus", "attention_unet", "manet", "fpn", "segformer", "linknet"
    ] = Field("unet", description="The kind of decoder.")
    encoder: str = Field(
        "tu-resnet10t", min_length=1, description="The encoder's name; tu- means from timm."
    )
    encoder_depth: int = Field(4, ge=3, le=5, description="How often the encoder halves the image.")
    decoder_channels: tuple[int, ...] = Field(
        (96, 64, 32, 16),
        description="Width of each decoder stage, the coarsest first; empty where the "
        "architecture has its own.",
    )
    in_channels: int = Field(1, ge=1, description="Channels of the image.")
    pretrained: bool = Field(
        default=False, description="Download weights for the encoder instead of drawing them."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_widths_unless_taken(cls, values: object) -> object:
        """Leave the default widths out where the architecture has its own."""
        if not isinstance(values, dict) or "decoder_channels" in values:
            return values
        if values.get("architecture", "unet") in _TAKE_WIDTHS:
            return values
        return {**values, "decoder_channels": ()}

    @model_validator(mode="after")
    def _widths_fit(self) -> Self:
        widths, wanted = self.decoder_channels, self.encoder_depth
        if self.architecture not in _TAKE_WIDTHS:
            if widths:
                raise ValueError(
                    f"decoder_channels={widths} has no effect on {self.architecture}: leave it out"
                )
        elif len(widths) != wanted or min(widths) < 1:
            raise ValueError(
                f"decoder_channels={widths}: expected {wanted} widths of at least 1, "
                "one for each encoder_depth"
            )
        return self

    @model_validator(mode="after")
    def _encoder_fits(self) -> Self:
        encoder, depth = self.encoder, self.encoder_depth
        if self.architecture in {"unetplusplus", "linknet"} and encoder.startswith("mit_"):
            raise ValueError(
                f"{self.architecture} cannot take encoder={encoder}: it needs features at half "
                "resolution; choose unet, attention_unet, manet, fpn or segformer"
            )
        if self.architecture == "fpn" and depth < 5 and encoder.startswith(_FIRST_BY_FOUR):
            raise ValueError(
                f"fpn on {encoder} works with encoder_depth=5 only, not {depth}: "
                "its decoder would need features at half resolution"
            )
        if self.pretrained and encoder.startswith("timm-"):
            raise ValueError(
                f"encoder={encoder} is an old name whose weights are no longer kept: "
                f"use tu-{encoder.removeprefix('timm-')}"
            )
        return self

    @property
    def multiple_of(self) -> int:
        """The number of pixels that an image's edges must be a multiple of."""
        # Mix transformers pool by up to 8 what their first stage divided by 4, at any depth.
        least = 32 if self.encoder.startswith("mit_") else 1
        return max(1 << self.encoder_depth, least)
