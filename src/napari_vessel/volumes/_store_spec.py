"""What a store holds."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field, JsonValue, field_validator, model_validator

from napari_vessel.geometry import VoxelSize, Zyx
from napari_vessel.volumes._pyramid import Coarsening

__all__ = ["StoreSpec"]

Stored = Literal["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
"""What OME-Zarr readers and our coarsening know."""


class StoreSpec(BaseModel, frozen=True, extra="forbid"):
    """What a store holds; told once, when it is made."""

    shape: Zyx = Field(description="Voxels of the finest level, zyx.")
    voxel_size: VoxelSize = Field(description="Edges of a voxel of the finest level.")
    origin_um: tuple[float, float, float] = Field(
        (0.0, 0.0, 0.0), description="Where the centre of the first voxel lies, in µm."
    )
    chunk: Zyx = Field((64, 128, 128), description="Voxels that are compressed together.")
    shard: Zyx | None = Field(None, description="Voxels in one file, whole chunks; none: a chunk.")
    arrays: tuple[str, ...] = Field(("probability",), min_length=1, description="The root first.")
    dtype: Stored = Field("uint8", description="Type of the voxels of every array.")
    coarsening: Coarsening = Field("max", description="What a coarse voxel takes of its fine ones.")
    attrs: dict[str, JsonValue] = Field(default_factory=dict, description="The recipe.")

    @field_validator("shape", "chunk", "shard")
    @classmethod
    def _edges_are_positive(cls, edges: Zyx | None) -> Zyx | None:
        if edges is not None and min(edges) < 1:
            raise ValueError(f"{edges}: every edge must be at least 1 voxel")
        return edges

    @field_validator("arrays")
    @classmethod
    def _names_are_plain(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        # A level's array is called by its number, so an array may not be.
        if len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
            raise ValueError(f"{names}: array names must be plain words, each once")
        return names

    @model_validator(mode="after")
    def _shards_hold_whole_chunks(self) -> Self:
        if self.shard and any(s % c for s, c in zip(self.shard, self.chunk, strict=True)):
            raise ValueError(f"{self.shard=} does not hold whole chunks of {self.chunk}")
        return self
