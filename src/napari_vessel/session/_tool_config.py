"""What a person can set of the quick tools: defaults, bounds and help, once."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

__all__ = ["ToolConfig"]


def _between(least: float, default: float, most: float, description: str) -> Any:  # noqa: ANN401
    """Return a field from ``least`` to ``most``; pydantic's type of it is Any, too."""
    return Field(default, ge=least, le=most, description=description)


class ToolConfig(BaseModel, frozen=True, extra="forbid"):
    """How the quick tools work."""

    tolerance: float = _between(
        0.05, 0.3, 1.0, "Vessel brush: how unlike the first pixel another may be. 1: a plain brush."
    )
    brush_depth: int = _between(
        0, 2, 10, "Vessel brush: slices before and behind in which it paints what belongs."
    )
    reach: int = _between(
        1, 10, 60, "Grow, threshold, fit wall: how far from the piece it may change, in voxels."
    )
    depth: int = _between(
        0, 8, 200, "Threshold: slices before and behind the one in which the box is drawn."
    )
    largest_hole: int = _between(
        1,
        400,
        100_000,
        "Fill holes: the largest that is filled in a slice, in voxels. "
        "What is closed on all sides in 3D is filled anyway.",
    )
    smoothness: float = _between(0.5, 1.0, 5.0, "Smooth: how far corners are rounded, in voxels.")
    longest_gap: int = _between(2, 100, 400, "Join: the longest gap that is closed, in voxels.")
