"""How a slice is cut: the package's configuration."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

__all__ = ["STRIDE", "TileConfig"]

STRIDE = 32
"""Sides that a network takes are multiples of this many pixels."""


class TileConfig(BaseModel, frozen=True, extra="forbid"):
    """How a slice is cut for the network."""

    tile: int = Field(
        1536, gt=0, multiple_of=STRIDE, description="Largest tile edge, in the network's pixels."
    )
    overlap: int = Field(
        128, ge=0, description="Least overlap of neighbours, in the network's pixels."
    )

    @model_validator(mode="after")
    def _overlap_leaves_a_step(self) -> Self:
        if self.overlap >= self.tile:
            raise ValueError(
                f"An overlap of {self.overlap} leaves no step between tiles of {self.tile}: "
                "choose a smaller overlap or a larger tile."
            )
        return self

    @classmethod
    def of(cls, tile: int) -> Self:
        """Return tiles of an edge, with an overlap of at most a quarter of it."""
        overlap: int = cls.model_fields["overlap"].default
        return cls(tile=tile, overlap=min(overlap, tile // 4))
