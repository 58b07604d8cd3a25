"""What the labels layer asks of who keeps the corrections: the session, or a test's model."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from napari_vessel.geometry import Box, Plane

__all__ = ["Painter"]


class Painter(Protocol):
    """Takes strokes and gives them back, in the order a person makes them."""

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Begin a stroke: all that is painted until it ends is one step to undo."""

    def paint(self, box: Box, mask: np.ndarray, value: int) -> None:
        """Take what the brush covered, ``mask`` of ``box`` (region voxels); 0 erases, 1 draws."""

    def end_stroke(self) -> None:
        """End the stroke."""

    def undo(self) -> Box | None:
        """Take the last stroke back; return the box (volume voxels) that changed."""

    def redo(self) -> Box | None:
        """Do again what was last undone; return the box (volume voxels) that changed."""

    def import_labels(self, labels: np.ndarray) -> None:
        """Take ``labels`` (the region's shape; ≠ 0 is vessel) as one undoable correction."""
