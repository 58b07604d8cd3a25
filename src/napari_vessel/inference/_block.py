"""A block of voxels, predicted in each plane and fused."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._context import (
    Grid,
    context_of,
    plane_zoom,
    read_context,
    require_inside,
)
from napari_vessel.inference._forward import Forward, Network
from napari_vessel.inference._fusing import disagreement, fuse, to_uint8
from napari_vessel.inference._levels import Levels, Read, levels_of
from napari_vessel.inference._slices import TileStep, result_of, slice_steps
from napari_vessel.tiling import SliceTiler, block_of, inverse, resample, slices_of

__all__ = ["BlockPrediction", "predict_block", "predict_slice"]


@dataclass(frozen=True, slots=True, eq=False)
class BlockPrediction:
    """What the network says of a box; every array has the box's shape, zyx.

    Parameters
    ----------
    box : Box
        Where, in the array's voxels.
    probability : ndarray of uint8
        The planes' fused probability × 255.
    disagreement : ndarray of uint8
        Largest less smallest probability of the planes, × 255.
    planes : dict of Plane to ndarray of uint8
        Each plane's own probability × 255.
    """

    box: Box
    probability: NDArray[np.uint8]
    disagreement: NDArray[np.uint8]
    planes: dict[Plane, NDArray[np.uint8]]


def predict_block(
    network: Network,
    read: Read | Levels,
    block: Box,
    bounds: Box,
    config: InferenceConfig,
    *,
    voxel_size: VoxelSize | None = None,
) -> Iterator[TileStep | BlockPrediction]:
    """Predict a block, yielding after every batch and, last, the prediction.

    The block and its halo are read once for all planes that see them on one grid
    (see :func:`plane_zoom`). In every plane its slices go through the network
    with the halo within the slice; none is needed along the normal. Each plane's
    probability is scaled back to voxels, then fused. For a network that sees no
    farther than the halo, and tiles as large as block and halo, the result is that
    of the whole volume, whatever the grid.

    Parameters
    ----------
    network : callable
        Images (N, 1, H, W) to logits; see :class:`Forward`.
    read : callable(Box) -> ndarray of float32, or Levels
        Reads windowed voxels in [0, 1] inside the bounds; from levels, of the
        coarsest that is fine enough for the zoom.
    block : Box
        What to predict, inside the bounds.
    bounds : Box
        What can be read: the whole array.
    config : InferenceConfig
        Everything but ``block`` is followed.
    voxel_size : VoxelSize, optional
        For choosing planes, where they are "auto", and for a zoom of one number;
        cubes by default.

    Yields
    ------
    TileStep
        Tiles of all planes.
    BlockPrediction
        Once, last.

    Raises
    ------
    CallerError
        Where the block lies outside the bounds or the voxels hold NaN.
    DeviceMemoryError
        Where the device has no room for one tile.
    CheckpointError
        Where the network gave NaN or another shape.
    """
    names = config.planes_for(bounds.shape, voxel_size)
    settled = config.model_copy(update={"zoom": config.zoom_for(voxel_size)})
    steps = _block_steps(Forward(network, config), levels_of(read), (block, bounds), names, settled)
    yield (yield from steps)


def predict_slice(
    network: Network,
    read: Read | Levels,
    plane: Plane,
    index: int,
    region: Box,
    config: InferenceConfig,
) -> NDArray[np.uint8]:
    """Predict the slice in view from its own plane alone, to show something at once.

    Parameters
    ----------
    network, read
        As for :func:`predict_block`.
    plane : Plane
        The slice's.
    index : int
        Of the slice along the plane's normal, in the array's voxels.
    region : Box
        What of the slice to predict; nothing outside is read.
    config : InferenceConfig
        ``tiles``, ``views``, ``device``, ``precision`` and ``zoom`` are followed.

    Returns
    -------
    ndarray (rows, columns) of uint8
        The probability × 255: what :func:`predict_block` gives for this plane
        where the region is its block and its bounds.

    Raises
    ------
    CallerError
        Where the slice lies outside the region; else as :func:`predict_block`.
    """
    box = region.slice_at(plane, index)
    alone = InferenceConfig(
        planes=(plane,),
        views=config.views,
        tiles=config.tiles,
        device=config.device,
        precision=config.precision,
        zoom=config.zoom_for(),
    )
    where = box, region
    steps = _block_steps(Forward(network, alone), levels_of(read), where, (plane,), alone)
    probability: NDArray[np.uint8] = slices_of(result_of(steps).probability, plane)[0]
    return probability


def _block_steps(
    forward: Forward,
    read: Levels,
    where: tuple[Box, Box],
    names: tuple[Plane, ...],
    config: InferenceConfig,
) -> Generator[TileStep, None, BlockPrediction]:
    """Predict a block of an array, ``where`` being both boxes, in the planes named."""
    block, _ = where
    seen = [_seen(name, where, names, config) for name in names]
    counts = [plane.tiles for plane in seen]
    planes: dict[Plane, NDArray[np.uint8]] = {}
    context, pixels = None, np.zeros((0, 0, 0), np.float32)
    for number, plane in enumerate(seen):
        if (plane.grid, plane.context) != context:  # planes on one grid share what is read
            context, pixels = (plane.grid, plane.context), plane.read(read)
        steps = slice_steps(forward, plane.slices(pixels), plane.tiler)
        probability = yield from _shifted(steps, sum(counts[:number]), sum(counts))
        planes[plane.name] = to_uint8(plane.back(probability, block))
    return BlockPrediction(block, fuse(planes, config), disagreement(planes), planes)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What one plane shows the network of a block."""

    name: Plane
    grid: Grid
    pixels: Box  # the block, on the grid
    context: Box  # and what is around it
    tiler: SliceTiler

    @property
    def tiles(self) -> int:
        return self.pixels.shape[self.name.normal] * len(self.tiler.windows)

    def read(self, read: Levels) -> NDArray[np.float32]:
        return read_context(read, self.context, self.grid)

    def slices(self, context: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the block's slices with their context, (n, rows, columns)."""
        inner = self.pixels.relative_to(self.context).slices[self.name.normal]
        slices: NDArray[np.float32] = slices_of(context, self.name)[inner]
        return slices

    def back(self, slices: NDArray[np.float32], block: Box) -> NDArray[np.float32]:
        """Cut the context from slices and return the block's voxels, in C order."""
        trim = self.pixels.relative_to(self.context).slices
        inner = slices[:, trim[self.name.rows], trim[self.name.columns]]
        zoom = inverse(self.grid.zoom)
        pixels = block_of(inner, self.name)
        return np.ascontiguousarray(resample(pixels, self.pixels, block, zoom, self.grid.pixels))


def _seen(
    name: Plane, where: tuple[Box, Box], names: tuple[Plane, ...], config: InferenceConfig
) -> _Seen:
    block, bounds = where
    require_inside(block, bounds)
    zoom = plane_zoom(config.zoom_for(), name)
    together = [other for other in names if plane_zoom(config.zoom_for(), other) == zoom]
    grid = Grid(zoom, bounds)
    pixels = grid.pixels_of(block)
    context = context_of(pixels, grid.pixels, together, config.halo)
    shape = context.shape[name.rows], context.shape[name.columns]
    return _Seen(name, grid, pixels, context, SliceTiler(shape, config.tiles))


def _shifted(
    steps: Generator[TileStep, None, NDArray[np.float32]], done: int, total: int
) -> Generator[TileStep, None, NDArray[np.float32]]:
    """Count one plane's steps among those of all planes."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            probability: NDArray[np.float32] = end.value
            return probability
        yield TileStep(done + step.done, total)
