"""What a data set is told: values only; nothing is opened by making one."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, Field, field_validator, model_validator

from napari_vessel.geometry import Box

__all__ = [
    "ChunkVolume",
    "ChunksData",
    "CsvData",
    "DataConfig",
    "FoldersData",
    "ObjectsData",
    "PictureConfig",
]

_Edge = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Grey = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(gt=0)]
_Edges = tuple[_Count, _Count, _Count]
_Greys = TypeVar("_Greys", tuple[float, float], tuple[float, float] | None)
_Intensity = Literal["volume", "chunk", "type"] | tuple[_Grey, _Grey]


def _rising(greys: _Greys, name: str) -> _Greys:
    if greys is not None and greys[0] >= greys[1]:
        message = f"{name} {greys}: expected the lower grey value first"
        raise ValueError(message)
    return greys


class PictureConfig(BaseModel, frozen=True, extra="forbid"):
    """How the pictures of a data set become what the network sees."""

    channels: tuple[str, ...] = Field(
        (),
        description="Several grey images per sample: how each channel's file name ends (before "
        "its extension), as _nucleus, _tubules. None: one image per sample.",
    )
    colour: Literal["grey", "rgb"] = Field(
        "grey", description="One grey channel, or red, green and blue, of one image per sample."
    )
    intensity: Literal["auto", "type", "image"] = Field(
        "auto",
        description="What becomes 0 and 1. type: the whole range of the file's type; image: the "
        "robust window of each image and channel; auto: type for 8 bits, else image.",
    )
    fit: Literal["stretch", "crop", "pad"] = Field(
        "stretch",
        description="An image that is not square: stretched, cut to its middle square, or "
        "completed to a square with its border's values.",
    )

    @model_validator(mode="after")
    def _colour_or_channels(self) -> Self:
        if len(set(self.channels)) != len(self.channels):
            message = f"channels must differ from one another, found {self.channels}"
            raise ValueError(message)
        if self.channels and self.colour == "rgb":
            raise ValueError('colour "rgb" is of one image per sample; leave channels out')
        return self


class FoldersData(PictureConfig):
    """A folder per class: PATH/CLASS/image.png; images right in PATH have no class."""

    kind: Literal["folders"] = "folders"
    path: str = Field(min_length=1, description="The folder that holds a folder per class.")
    group: str | None = Field(
        None,
        description="Regular expression for what of a sample's name tells its donor or slide (its "
        "first bracketed part, else all of the match): such samples are never parted. Without it "
        "every sample is by itself.",
    )

    @field_validator("group")
    @classmethod
    def _group_is_an_expression(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                message = f"{value!r} is no regular expression: {error}"
                raise ValueError(message) from error
        return value


class CsvData(PictureConfig):
    """A table of file names and labels, as ``name,ground_truth``."""

    kind: Literal["csv"] = "csv"
    path: str = Field(min_length=1, description="The table: CSV with a header.")
    images: str | None = Field(
        None, description="Folder that the names are in; none: the table's own."
    )
    name_column: str = Field("name", description="Column of the file names.")
    label_column: str | None = Field(
        "ground_truth", description="Column of the classes; none: the samples have no class."
    )
    group_column: str | None = Field(
        None, description="Column of the donor or slide: such samples are never parted."
    )
    channel_columns: tuple[str, ...] = Field(
        (), description="Columns with the file of each channel; instead of endings in channels."
    )

    @model_validator(mode="after")
    def _one_way_to_channels(self) -> Self:
        if self.channel_columns and (self.channels or self.colour == "rgb"):
            raise ValueError("channel_columns excludes channels and colour rgb")
        return self


class ObjectsData(BaseModel, frozen=True, extra="forbid"):
    """Crops around the points or boxes of a table, as a napari layer is exported."""

    kind: Literal["objects"] = "objects"
    volume: str = Field(min_length=1, description="The volume: whatever can be opened.")
    table: str = Field(
        min_length=1,
        description="CSV: columns z,y,x (or axis-0,axis-1,axis-2), or z0,y0,x0,z1,y1,x1 of boxes; "
        "also class, group and name.",
    )
    edge: int = Field(
        64, gt=0, description="Edge of the crop around a point, in voxels of the level."
    )
    edge_um: _Edge | None = Field(None, description="The same in µm; overrides edge.")
    unit: Literal["voxel", "um"] = Field(
        "voxel", description="What the table's numbers are in; voxels are the finest level's."
    )
    plane: Literal["xy", "xz", "yz"] = Field("xy", description="Plane of the crop.")
    slices: int = Field(1, gt=0, description="Slices of a crop, around the object: its channels.")
    channels: tuple[int, ...] = Field(
        (), description="Channels of the volume's file; each is a channel of the crop."
    )
    label_column: str | None = Field(
        "class", description="Column of the classes; a table without it has no classes."
    )
    group_column: str | None = Field(
        "group",
        description="Column of the donor or slide. A table without it: objects whose crops "
        "overlap are one group.",
    )
    voxel_size: _Edge | tuple[_Edge, _Edge, _Edge] | None = Field(
        None, description="Voxel edges z, y, x, in µm; overrides the file's."
    )
    level: int = Field(0, ge=0, description="Level of the volume that the crops are cut from.")

    @model_validator(mode="after")
    def _slices_or_channels(self) -> Self:
        if self.slices > 1 and self.channels:
            raise ValueError("slices and channels cannot both be several: leave one out")
        return self


class ChunkVolume(BaseModel, frozen=True, extra="forbid"):
    """A volume and its mask, of a data set of chunks."""

    image: str = Field(min_length=1, description="The volume: whatever can be opened.")
    mask: str | None = Field(
        None, description="Its mask, ≠ 0 is vessel, of the same shape; none: nothing is known."
    )
    voxel_size: _Edge | tuple[_Edge, _Edge, _Edge] | None = Field(
        None, description="Voxel edges z, y, x, in µm; overrides the file's."
    )
    group: str | None = Field(
        None,
        description="Its organ or donor; volumes of one group are never parted. "
        "None: the volume by itself.",
    )
    level: int = Field(0, ge=0, description="Level of the image; the mask is of its shape.")
    channel: int | None = Field(None, ge=0, description="Channel, where there are several.")
    window: tuple[_Grey, _Grey] | None = Field(
        None,
        description="The grey values that become 0 and 1, before any other; as those of the whole "
        "organ that this is a piece of.",
    )
    box: str | None = Field(None, description="Only this part: z0:z1,y0:y1,x0:x1 in voxels.")

    @field_validator("box")
    @classmethod
    def _box_can_be_read(cls, value: str | None) -> str | None:
        if value is not None:
            Box.parse(value)
        return value

    @field_validator("window")
    @classmethod
    def _window_rises(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        return _rising(value, "window")


class ChunksData(BaseModel, frozen=True, extra="forbid"):
    """Chunks of volumes, with or without a vessel."""

    kind: Literal["chunks"] = "chunks"
    volumes: tuple[ChunkVolume, ...] = Field(min_length=1, description="What is cut.")
    chunk: _Edges = Field(
        (1, 32, 32), description="Edges z, y, x of a chunk, in voxels; its slices are channels."
    )
    step: _Edges | None = Field(
        None, description="From chunk to chunk, in voxels; none: chunks do not overlap."
    )
    context: int = Field(
        0,
        ge=0,
        description="Voxels shown around a chunk in y and x; they do not count for its class.",
    )
    voxel_um: _Edge | None = Field(
        None,
        description="Edge, in µm, of the voxels that chunk, step and context are counted in; "
        "none: each volume's own.",
    )
    least_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of a chunk's voxels that must be vessel for it to be "
        "of the class vessel; 0: one voxel is enough.",
    )
    unclear: Literal["background", "leave-out"] = Field(
        "background", description="Chunks with some vessel, but less than least_share."
    )
    intensity: _Intensity = Field(
        "volume",
        description="What becomes 0 and 1: the robust window of the volume or of each chunk, the "
        "whole range of the type, or these two grey values.",
    )
    block: _Edges | None = Field(
        None,
        description="Where volumes are few: blocks of so many chunks z, y, x are the groups, "
        "instead of whole volumes.",
    )

    @field_validator("intensity")
    @classmethod
    def _greys_rise(cls, value: _Intensity) -> _Intensity:
        return value if isinstance(value, str) else _rising(value, "intensity")


DataConfig = Annotated[
    FoldersData | CsvData | ObjectsData | ChunksData, Field(discriminator="kind")
]
"""Any data set, told apart by its ``kind``."""
