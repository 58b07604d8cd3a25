"""What a block's prediction sees: the block, its halo, and what aligns it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference._levels import Levels
from napari_vessel.inference._spill import Spill
from napari_vessel.tiling import (
    STRIDE,
    Zoom,
    grid_of,
    inverse,
    reflection,
    source_of,
)

__all__ = [
    "FEW_VOXELS",
    "Grid",
    "context_of",
    "layers",
    "plane_zoom",
    "read_context",
    "require_inside",
]

_MOST_VOXELS = 2**24  # of a layer: what is copied at a time
_ROWS = 256  # of it are read at a time: whole chunks, mostly
FEW_VOXELS = 2**22  # of a layer of which several floating-point copies are made


@dataclass(frozen=True, slots=True)
class Grid:
    """The pixels that a network sees of an array.

    Parameters
    ----------
    zoom : Zoom
        Pixels per voxel.
    voxels : Box
        What of the array can be read.
    """

    zoom: Zoom
    voxels: Box

    @property
    def pixels(self) -> Box:
        """All pixels there are."""
        return grid_of(self.voxels, self.zoom)

    def pixels_of(self, block: Box) -> Box:
        """Return the pixels that say what the voxels of a block are."""
        return source_of(block, inverse(self.zoom), self.pixels)


def require_inside(block: Box, bounds: Box) -> None:
    """Refuse a block that holds nothing or lies outside the bounds.

    Raises
    ------
    CallerError
        With both boxes.
    """
    if not bounds.contains(block) or not block.size:
        raise CallerError(f"Block {block} must hold voxels and lie inside {bounds}.")


def plane_zoom(zoom: Zoom, plane: Plane) -> Zoom:
    """Return the zoom of the grid that one plane is predicted on.

    Within the slices, the network's own pixels. Along their normal the volume's
    own slices where those lie farther apart than pixels: more would be made up.

    >>> plane_zoom((5.0, 0.8, 0.8), Plane.XY)
    (1.0, 0.8, 0.8)
    """
    z, y, x = (
        min(factor, 1.0) if axis == plane.normal else factor for axis, factor in enumerate(zoom)
    )
    return z, y, x


def context_of(block: Box, bounds: Box, planes: Collection[Plane], halo: int) -> Box:
    """Return the box of pixels that the block's slices show the network.

    The block grows by the halo along the axes that lie in some plane, is
    clipped to the bounds, and grows to multiples of 32 counted from the
    array's corner. A network that halves its grid five times thus sees every
    voxel at the same place of its coarsest grid, whichever block it lies in.

    Parameters
    ----------
    block, bounds : Box
        What is predicted, and what there is, in pixels; the block lies inside.
    planes : collection of Plane
        Planes predicted in.
    halo : int
        In pixels.

    Returns
    -------
    Box
        May reach beyond the bounds, by less than 32 pixels: mirrored there.

    Raises
    ------
    CallerError
        Where the block does not lie inside the bounds or holds nothing.
    """
    require_inside(block, bounds)
    grown = [any(axis in (p.rows, p.columns) for p in planes) for axis in range(3)]
    z, y, x = (halo if grow else 0 for grow in grown)
    seen = block.expanded((z, y, x)).intersection(bounds) or block
    start = [a - a % STRIDE * grow for a, grow in zip(seen.start, grown, strict=True)]
    stop = [b + -b % STRIDE * grow for b, grow in zip(seen.stop, grown, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def read_context(
    read: Levels, context: Box, grid: Grid, spill: Spill | None = None
) -> NDArray[np.float32]:
    """Read a context of pixels, mirroring it beyond the grid; layer by layer.

    Parameters
    ----------
    read : Levels
        Of the finest level's voxels in ``grid.voxels``.
    context : Box
        In the grid's pixels.
    grid : Grid
        The pixels.
    spill : Spill, optional
        Makes the array; in memory by default.

    Raises
    ------
    CallerError
        Where the reader gave another shape than asked.
    WriteError
        Where the spill has no room.
    """
    inside = context.intersection(grid.pixels) or context
    window = context.relative_to(inside)
    spill = spill or Spill()
    pixels = spill.zeros(context.shape, np.float32)
    for layer in layers(inside):
        for piece in layer.cells((layer.stop[0], _ROWS, layer.stop[2])):
            found = read.resampled(piece, grid.zoom, grid.voxels)
            pixels[piece.relative_to(context).slices] = found
            spill.rest()
        held = pixels[layer.relative_to(context).slices[0]]
        for axis in (2, 1):
            _mirror(np.moveaxis(held, axis, 0), window.start[axis], inside.shape[axis])
        spill.rest()
    _mirror(pixels, window.start[0], inside.shape[0])
    return pixels


def layers(box: Box, most: int = _MOST_VOXELS) -> Iterator[Box]:
    """Cut a box along z into layers of ``most`` voxels, on one grid for all boxes."""
    edges = box.shape[1] * box.shape[2]
    thick = next((n for n in (128, 64, 32, 16, 8, 4, 2) if n * edges <= most), 1)
    first = box.start[0] // thick * thick
    for z in range(first, box.stop[0], thick):
        start, stop = max(z, box.start[0]), min(z + thick, box.stop[0])
        yield Box((start, *box.start[1:]), (stop, *box.stop[1:]))


def _mirror(pixels: NDArray[np.float32], start: int, length: int) -> None:
    """Fill the slices before and after the ``length`` that were read, from ``-start`` on."""
    sources = reflection(start, start + len(pixels), length) - start
    for z, source in enumerate(sources):
        if source != z:
            pixels[z] = pixels[source]
