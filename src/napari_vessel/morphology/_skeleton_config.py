"""How vessels are measured."""

from __future__ import annotations

from pydantic import BaseModel, Field

from napari_vessel.geometry import Zyx
from napari_vessel.morphology._label_pieces import BLOCK
from napari_vessel.morphology._smallest import SMALLEST_UM3

__all__ = ["MeasureConfig"]


class MeasureConfig(BaseModel, frozen=True, extra="forbid"):
    """How a mask becomes a graph."""

    smallest_um3: float = Field(SMALLEST_UM3, ge=0, description="Leave out smaller pieces, µm³.")
    fill_cavities: bool = Field(
        True, description="Fill what vessel closes in: a skeleton would lie around it as a shell."
    )
    prune: float = Field(
        1.0,
        ge=0,
        description="Remove free ends that stand out of their vessel by less than so many of their "
        "own radii; 0: none.",
    )
    smoothness: float = Field(
        2.0, ge=0, description="Points over which a course is smoothed: voxels' stairs are longer."
    )
    block: Zyx = Field(BLOCK, description="Voxels thinned at a time.")
    halo: int = Field(
        32, ge=4, description="Least voxels read around a block; more where vessels are wide."
    )
