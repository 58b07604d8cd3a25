"""What a person can set of the quick tools: defaults, bounds and help, once."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["ToolConfig"]


class ToolConfig(BaseModel, frozen=True, extra="forbid"):
    """How the quick tools work."""

    tolerance: float = Field(
        0.3,
        ge=0.05,
        le=1.0,
        description="Vessel brush: how unlike the first pixel another may be. 1: a plain brush.",
    )
    brush_depth: int = Field(
        2,
        ge=0,
        le=10,
        description="Vessel brush: slices before and behind in which it paints what belongs.",
    )
    reach: int = Field(
        10,
        ge=1,
        le=60,
        description="Grow, threshold: how far from the piece it may change, in voxels.",
    )
    depth: int = Field(
        8,
        ge=0,
        le=200,
        description="Threshold: slices before and behind the one in which the box is drawn.",
    )
    largest_hole: int = Field(
        400,
        ge=1,
        le=100_000,
        description="Fill holes: the largest that is filled in a slice, in voxels. "
        "What is closed on all sides in 3D is filled anyway.",
    )
    smoothness: float = Field(
        1.0, ge=0.5, le=5.0, description="Smooth: how far corners are rounded, in voxels."
    )
    longest_gap: int = Field(
        100, ge=2, le=400, description="Join: the longest gap that is closed, in voxels."
    )
