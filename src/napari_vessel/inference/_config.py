"""How a network is asked: the package's configuration. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane, VoxelSize, Zyx
from napari_vessel.inference._planes import choose_planes
from napari_vessel.tiling import SAME, TileConfig, Zoom

__all__ = ["InferenceConfig", "zoom_per_edge"]

_VOTE = 2
_Edge = Annotated[int, Field(gt=0)]
_Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Zoom = Annotated[float, Field(gt=0, le=1024)]


class InferenceConfig(BaseModel, frozen=True, extra="forbid"):
    """Planes, views, tiles and fusing of a prediction."""

    planes: Literal["auto"] | tuple[Plane, ...] = Field(
        "auto", description="Planes to predict in; auto chooses by voxel size and extent."
    )
    views: Literal["none", "flips", "dihedral"] = Field(
        "flips", description="Averaged views of a slice: one, four flips, or eight with turns."
    )
    fuse: Literal["mean", "max", "vote"] = Field(
        "mean", description="How planes are fused: their mean, any of them, or a vote."
    )
    vote: int = Field(_VOTE, ge=1, le=3, description="Planes that must agree, where fuse is vote.")
    weights: tuple[_Weight, ...] = Field(
        (), description="One weight for each of the planes, where fuse is mean; none: equal."
    )
    zoom: Literal["auto"] | _Zoom | tuple[_Zoom, _Zoom, _Zoom] = Field(
        "auto",
        description="Pixels the network sees per voxel: auto fits the voxel size it learned at; a "
        "number counts along a voxel's finest edge in y and x, 1 being voxels as they are; three "
        "are along z, y, x.",
    )
    tiles: TileConfig = Field(TileConfig(), description="How slices are cut.")
    block: tuple[_Edge, _Edge, _Edge] = Field(
        (128, 256, 256),
        description="Edges of what is predicted at a time, in voxels, zyx. A whole-volume job that "
        "is left this default takes larger blocks, which waste less on halo.",
    )
    halo: int = Field(
        64,
        ge=0,
        description="Context around a block, trimmed after, in the network's pixels: as far as "
        "the starter sees (benchmarks/field.py).",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$",
        description="Where the network runs: auto, cpu, cuda, cuda:1 or mps.",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="Arithmetic of the network; auto takes the fastest good one."
    )

    empty_below: Literal["auto"] | Annotated[float, Field(ge=0, lt=1)] = Field(
        "auto",
        description="What a quick look at some slices of a block finds below this probability is "
        "left empty and not predicted in full; auto: a third of the threshold; 0: no such look.",
    )

    @model_validator(mode="after")
    def _planes_are_distinct(self) -> Self:
        if self.planes != "auto" and not 0 < len(self.planes) == len(set(self.planes)):
            raise ValueError(f"Planes {_names(self.planes)}: name each plane once, at least one.")
        return self

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        if self.fuse != "vote" and self.vote != _VOTE:
            raise ValueError(f"vote={self.vote} means nothing where fuse is {self.fuse}.")
        if self.weights and self.fuse != "mean":
            raise ValueError(f"Weights mean nothing where fuse is {self.fuse}.")
        if self.weights and len(self.weights) != len(self.planes if self.planes != "auto" else ()):
            raise ValueError(
                f"{len(self.weights)} weights for planes {_names(self.planes)}: "
                "name the planes and give each a weight."
            )
        return self

    @model_validator(mode="after")
    def _enough_planes_vote(self) -> Self:
        if self.fuse == "vote" and self.planes != "auto" and self.vote > len(self.planes):
            raise ValueError(
                f"{self.vote} of the planes {_names(self.planes)} cannot agree: "
                "name more planes or ask for fewer votes."
            )
        return self

    def planes_for(self, shape: Zyx, voxel_size: VoxelSize | None = None) -> tuple[Plane, ...]:
        """Return the planes for a volume: those named, or those chosen where auto.

        Parameters
        ----------
        shape : Zyx
            The volume's, in voxels.
        voxel_size : VoxelSize, optional
            Cubes by default.

        Raises
        ------
        CallerError
            Where fewer planes can be predicted than must agree.
        """
        if self.planes != "auto":
            return self.planes
        planes = choose_planes(shape, voxel_size)
        if self.fuse == "vote" and self.vote > len(planes):
            raise CallerError(
                f"{self.vote} planes must agree, but only {_names(planes)} suits a volume of "
                f"{shape} voxels: ask for fewer votes or fuse by mean."
            )
        return planes

    def zoom_for(self, voxel_size: VoxelSize | None = None) -> Zoom:
        """Return the network's pixels per voxel along z, y and x.

        "auto" depends on a checkpoint, so whoever knows it puts numbers in its
        place; where nobody did, voxels are taken as they are.

        Parameters
        ----------
        voxel_size : VoxelSize, optional
            Cubes by default.
        """
        if isinstance(self.zoom, tuple):
            return self.zoom
        if self.zoom == "auto":
            return SAME
        return zoom_per_edge(self.zoom, voxel_size)


def zoom_per_edge(zoom: float, voxel_size: VoxelSize | None = None) -> Zoom:
    """Return pixels per voxel where there are ``zoom`` to the finest edge in y and x.

    >>> zoom_per_edge(0.5, VoxelSize(5, 1, 1))
    (2.5, 0.5, 0.5)
    """
    edges = (voxel_size or VoxelSize(1, 1, 1)).zyx
    z, y, x = (zoom * edge / min(edges[1:]) for edge in edges)
    return z, y, x


def _names(planes: tuple[Plane, ...] | str) -> str:
    return planes if isinstance(planes, str) else ", ".join(planes) or "(none)"
