"""A block's voxels, read while the network is still at another block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box
from napari_vessel.inference._context import Grid
from napari_vessel.inference._levels import Levels
from napari_vessel.inference._spill import Spill
from napari_vessel.tiling import SAME, Zoom

__all__ = ["ReadAhead"]


@dataclass(frozen=True)
class ReadAhead(Levels):
    """Reads as the levels do, and gives what it holds without reading it again.

    Parameters
    ----------
    context : Box
        What it holds, in the grid's pixels.
    grid : Grid
        The grid of the first plane.
    pixels : ndarray of float32, of the context's shape
        What was read.
    spill : Spill
        Makes a prediction's large arrays.
    wanted : callable(Box) -> bool, optional
        Whether any voxel of a box is asked for. Slices without any are not
        predicted: they hold 0. By default all are.
    """

    context: Box = field(default_factory=lambda: Box.of((0, 0, 0)))
    grid: Grid = field(default_factory=lambda: Grid(SAME, Box.of((0, 0, 0))))
    pixels: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    spill: Spill = field(default_factory=Spill)
    wanted: Callable[[Box], bool] | None = None

    def resampled(self, box: Box, zoom: Zoom, bounds: Box) -> NDArray[np.float32]:
        """Give the pixels of a box, read again only where they are not held."""
        if self.grid == Grid(zoom, bounds) and self.context.contains(box):
            return self.pixels[box.relative_to(self.context).slices]
        return super().resampled(box, zoom, bounds)

    def holds(self, context: Box, grid: Grid) -> bool:
        """Tell whether it holds just this context."""
        return (context, grid) == (self.context, self.grid)
