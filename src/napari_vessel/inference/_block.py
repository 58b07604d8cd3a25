"""A block of voxels, predicted in each plane and fused."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._context import Read, context_of, read_context
from napari_vessel.inference._forward import Forward, Network
from napari_vessel.inference._fusing import disagreement, fuse, to_uint8
from napari_vessel.inference._slices import TileStep, result_of, slice_steps, tiler_of
from napari_vessel.tiling import block_of, slices_of

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
    read: Read,
    block: Box,
    bounds: Box,
    config: InferenceConfig,
    *,
    voxel_size: VoxelSize | None = None,
) -> Iterator[TileStep | BlockPrediction]:
    """Predict a block, yielding after every batch and, last, the prediction.

    The block and its halo are read once. In every plane its slices go through
    the network with the halo within the slice; none is needed along the normal.
    For a network that sees no farther than the halo, and tiles as large as
    block and halo, the result is that of the whole volume, whatever the grid.

    Parameters
    ----------
    network : callable
        Images (N, 1, H, W) to logits; see :class:`Forward`.
    read : callable(Box) -> ndarray of float32
        Reads windowed voxels in [0, 1] inside the bounds.
    block : Box
        What to predict, inside the bounds.
    bounds : Box
        What can be read: the whole array.
    config : InferenceConfig
        Everything but ``block`` is followed.
    voxel_size : VoxelSize, optional
        For choosing planes, where they are "auto"; cubes by default.

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
    yield (yield from _block_steps(Forward(network, config), read, (block, bounds), names, config))


def predict_slice(
    network: Network, read: Read, plane: Plane, index: int, region: Box, config: InferenceConfig
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
        ``tiles``, ``views``, ``device`` and ``precision`` are followed.

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
    )
    steps = _block_steps(Forward(network, alone), read, (box, region), (plane,), alone)
    probability: NDArray[np.uint8] = slices_of(result_of(steps).probability, plane)[0]
    return probability


def _block_steps(
    forward: Forward,
    read: Read,
    where: tuple[Box, Box],
    names: tuple[Plane, ...],
    config: InferenceConfig,
) -> Generator[TileStep, None, BlockPrediction]:
    """Predict a block of an array, ``where`` being both boxes, in the planes named."""
    block, bounds = where
    context = context_of(block, bounds, names, config.halo)
    voxels, trim = read_context(read, context, bounds), block.relative_to(context).slices
    stacks = [_stack(voxels, name, trim) for name in names]
    tilers = [tiler_of(stack, config) for stack in stacks]
    counts = [len(s) * len(t.windows) for s, t in zip(stacks, tilers, strict=True)]
    planes: dict[Plane, NDArray[np.uint8]] = {}
    for number, name in enumerate(names):
        steps = slice_steps(forward, stacks[number], tilers[number])
        probability = yield from _shifted(steps, sum(counts[:number]), sum(counts))
        planes[name] = _trimmed(to_uint8(probability), name, trim)
    return BlockPrediction(block, fuse(planes, config), disagreement(planes), planes)


_Trim = tuple[slice, slice, slice]


def _stack(voxels: NDArray[Any], plane: Plane, trim: _Trim) -> NDArray[np.float32]:
    """Return the block's slices with their context, (n, rows, columns)."""
    return slices_of(voxels, plane)[trim[plane.normal]]


def _trimmed(slices: NDArray[np.uint8], plane: Plane, trim: _Trim) -> NDArray[np.uint8]:
    """Cut the context from slices and return the block, in C order."""
    inner = slices[:, trim[plane.rows], trim[plane.columns]]
    return np.ascontiguousarray(block_of(inner, plane))


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
