"""What long work on objects brings to the session's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_vessel.geometry import Plane
from napari_vessel.workflows import Explained

__all__ = ["Done", "WhyThis"]


@dataclass(frozen=True, slots=True, eq=False)
class WhyThis:
    """What the class of an object rests on; ``corner`` and ``edges`` of the crop, voxels, zyx."""

    id: str
    plane: Plane
    corner: tuple[float, float, float]
    edges: tuple[float, float, float]
    explained: Explained


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """Something ended: what is said of it, and what it brought."""

    sentence: str
    brought: Any = None
