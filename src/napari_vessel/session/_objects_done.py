"""What long work on objects brings to the session's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_vessel.geometry import Box, Plane
from napari_vessel.workflows import Explained

__all__ = ["Done", "WhyThis"]


@dataclass(frozen=True, slots=True, eq=False)
class WhyThis:
    """What the class of an object rests on; ``box`` (voxels) was cut out of ``plane``."""

    id: str
    plane: Plane
    box: Box
    explained: Explained


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """Something ended: what is said of it, and what it brought."""

    sentence: str
    brought: Any = None
