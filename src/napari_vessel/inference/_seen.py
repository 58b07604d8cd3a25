"""What one plane shows the network of a block, and how its probability comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, prod

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference._ahead import ReadAhead
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._context import (
    FEW_VOXELS,
    Grid,
    context_of,
    layers,
    plane_zoom,
    read_context,
    require_inside,
)
from napari_vessel.inference._fusing import to_uint8
from napari_vessel.inference._levels import Levels
from napari_vessel.inference._spill import Spill
from napari_vessel.tiling import (
    SAME,
    SliceTiler,
    block_of,
    inverse,
    resample,
    slices_of,
    source_of,
)

__all__ = ["PlaneProbability", "Seen", "pixels_of", "seen_of", "tile_shapes", "views_counted"]

_VIEWS = {"none": 1, "flips": 4, "dihedral": 8}
_MOST_PIXELS = 2**24  # of the slices that are in memory at a time


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one plane shows the network of a block."""

    name: Plane
    grid: Grid
    block: Box
    pixels: Box  # the block, on the grid
    context: Box  # and what is around it
    tiler: SliceTiler

    @property
    def tiles(self) -> int:
        """How many go through the network, in one view."""
        return self.pixels.shape[self.name.normal] * len(self.tiler.windows)

    def read(self, read: Levels, spill: Spill) -> NDArray[np.float32]:
        """Read the context; planes of equal grid and context can share it."""
        if isinstance(read, ReadAhead) and read.holds(self.context, self.grid):
            return read.pixels
        return read_context(read, self.context, self.grid, spill)

    def slices_wanted(self, wanted: Callable[[Box], bool] | None) -> list[int]:
        """List the slices, counted from the block's first, that hold a voxel asked for."""
        count = self.pixels.shape[self.name.normal]
        if wanted is None:
            return list(range(count))
        return [number for number in range(count) if wanted(self._voxels_of(number))]

    def slabs(self, numbers: Sequence[int]) -> Iterator[list[int]]:
        """Cut a list of slices into such as are worked on at a time."""
        edge = self.context.shape[self.name.rows] * self.context.shape[self.name.columns]
        most = max(_MOST_PIXELS // edge, 1)
        for start in range(0, len(numbers), most):
            yield list(numbers[start : start + most])

    def gather(
        self, context: NDArray[np.float32], slab: list[int], spill: Spill
    ) -> NDArray[np.float32]:
        """Give a slab's slices with their context, (n, rows, columns); a view if it can be."""
        offset = self.pixels.start[self.name.normal] - self.context.start[self.name.normal]
        picked = np.asarray(slab) + offset
        if self.name.normal == 0:
            together = slab[-1] - slab[0] == len(slab) - 1
            slices: NDArray[np.float32] = (
                context[picked[0] : picked[-1] + 1] if together else context[picked]
            )
            return slices
        rows, columns = self.context.shape[self.name.rows], self.context.shape[self.name.columns]
        slices = np.empty((len(slab), rows, columns), np.float32)
        for layer in layers(Box.of(context.shape)):
            z = layer.slices[0]
            slices[:, z] = slices_of(context[z].take(picked, self.name.normal), self.name)
            spill.rest()
        return slices

    def trimmed(self, of: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cut the context from a slice (rows, columns)."""
        trim = self.pixels.relative_to(self.context).slices
        return of[trim[self.name.rows], trim[self.name.columns]]

    def _voxels_of(self, number: int) -> Box:
        """Return the block's voxels that a slice's pixels make."""
        normal = self.name.normal
        start, stop = list(self.block.start), list(self.block.stop)
        first, zoom = self.pixels.start[normal] + number, self.grid.zoom[normal]
        # A resampled voxel is made of the pixels around it.
        reach = 0 if zoom == 1 else 1
        start[normal] = max(floor((first - reach) / zoom), start[normal])
        stop[normal] = min(ceil((first + 1 + reach) / zoom), stop[normal])
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


class PlaneProbability:
    """Collects a plane's slices into the block's voxels."""

    def __init__(self, seen: Seen, spill: Spill) -> None:
        self._seen, self._spill = seen, spill
        self._same = seen.grid.zoom == SAME
        shape = seen.pixels.shape
        # Pixels of another size are scaled back at the end, unrounded until then.
        self._pixels = spill.zeros(shape, np.uint8 if self._same else np.float32)
        self._slab = np.empty((0, 0, 0), self._pixels.dtype)

    def begin(self, slab: list[int]) -> Callable[[int, NDArray[np.float32]], None]:
        """Begin a slab; what is returned takes each slice, with the context it was seen in."""
        name, shape = self._seen.name, self._seen.pixels.shape
        self._slab = held = np.empty(
            (len(slab), shape[name.rows], shape[name.columns]), self._pixels.dtype
        )

        def take(number: int, probability: NDArray[np.float32]) -> None:
            inner = self._seen.trimmed(probability)
            held[number] = to_uint8(inner) if self._same else inner

        return take

    def put(self, slab: list[int]) -> None:
        """Keep the slices of the slab that was begun, now that all were taken."""
        values, self._slab = self._slab, np.empty((0, 0, 0), self._pixels.dtype)
        normal, box = self._seen.name.normal, block_of(values, self._seen.name)
        for layer in layers(Box.of(self._pixels.shape)):
            if normal == 0:
                self._pixels[slab] = box
                break
            place: list[slice | list[int]] = [layer.slices[0], slice(None), slice(None)]
            place[normal] = slab
            self._pixels[tuple(place)] = box[layer.slices[0]]
            self._spill.rest()

    def voxels(self) -> NDArray[np.uint8]:
        """Return the block's probability × 255."""
        if self._same:
            return self._pixels
        seen, zoom = self._seen, inverse(self._seen.grid.zoom)
        found: NDArray[np.uint8] = self._spill.zeros(seen.block.shape, np.uint8)
        for layer in layers(seen.block, FEW_VOXELS):
            at = source_of(layer, zoom, seen.grid.pixels)
            pixels = self._pixels[at.relative_to(seen.pixels).slices[0]]
            whole = Box((at.start[0], *seen.pixels.start[1:]), (at.stop[0], *seen.pixels.stop[1:]))
            scaled = resample(pixels, whole, layer, zoom, seen.grid.pixels)
            found[layer.relative_to(seen.block).slices] = to_uint8(scaled)
            self._spill.rest()
        return found


def seen_of(
    name: Plane, where: tuple[Box, Box], names: tuple[Plane, ...], config: InferenceConfig
) -> Seen:
    """Return what plane ``name`` of ``names`` shows of a block in its bounds, ``where``."""
    block, bounds = where
    require_inside(block, bounds)
    zoom = plane_zoom(config.zoom_for(), name)
    together = [other for other in names if plane_zoom(config.zoom_for(), other) == zoom]
    grid = Grid(zoom, bounds)
    pixels = grid.pixels_of(block)
    context = context_of(pixels, grid.pixels, together, config.halo)
    shape = context.shape[name.rows], context.shape[name.columns]
    return Seen(name, grid, block, pixels, context, SliceTiler(shape, config.tiles))


def pixels_of(block: Box, bounds: Box, config: InferenceConfig) -> int:
    """Count the pixels that predicting a block puts through the network.

    Halo, overlap and padding count, and every view.

    Parameters
    ----------
    block, bounds : Box
        In voxels; the block lies inside.
    config : InferenceConfig
        Names planes and zoom.
    """
    names = config.planes_for(bounds.shape)
    seen = [seen_of(name, (block, bounds), names, config) for name in names]
    return views_counted(config) * sum(plane.tiles * prod(plane.tiler.tile_shape) for plane in seen)


def views_counted(config: InferenceConfig) -> int:
    """Return how often each pixel goes through the network, in one plane."""
    return _VIEWS[config.views]


def tile_shapes(block: Box, bounds: Box, config: InferenceConfig) -> list[tuple[int, int]]:
    """Return the shape of each plane's tiles of a block, (rows, columns) of the network's pixels.

    Parameters
    ----------
    block, bounds, config
        As for :func:`pixels_of`.
    """
    names = config.planes_for(bounds.shape)
    return [seen_of(name, (block, bounds), names, config).tiler.tile_shape for name in names]
