"""A block of voxels, predicted in each plane and fused."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference._ahead import ReadAhead
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._context import FEW_VOXELS, layers
from napari_vessel.inference._forward import Forward, Network
from napari_vessel.inference._fusing import disagreement, fuse
from napari_vessel.inference._levels import Levels, Read, levels_of
from napari_vessel.inference._seen import PlaneProbability, Seen, seen_of
from napari_vessel.inference._slices import TileStep, result_of, slice_steps
from napari_vessel.inference._spill import Spill
from napari_vessel.tiling import slices_of

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
        coarsest that is fine enough for the zoom. See also :func:`read_ahead`.
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
    planes = [seen_of(name, (block, bounds), names, settled) for name in names]
    yield (yield from _block_steps(Forward(network, config), levels_of(read), planes, settled))


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
    planes = [seen_of(plane, (box, region), (plane,), alone)]
    steps = _block_steps(Forward(network, alone), levels_of(read), planes, alone)
    probability: NDArray[np.uint8] = slices_of(result_of(steps).probability, plane)[0]
    return probability


def _block_steps(
    forward: Forward, read: Levels, seen: Sequence[Seen], config: InferenceConfig
) -> Generator[TileStep, None, BlockPrediction]:
    """Predict a block, plane by plane and slab by slab."""
    ahead = read if isinstance(read, ReadAhead) else None
    spill, wanted = (ahead.spill, ahead.wanted) if ahead else (Spill(), None)
    slices = [plane.slices_wanted(wanted) for plane in seen]
    counts = [len(n) * len(p.tiler.windows) for n, p in zip(slices, seen, strict=True)]
    planes: dict[Plane, NDArray[np.uint8]] = {}
    last, pixels, done = None, np.zeros((0, 0, 0), np.float32), 0
    for plane, numbers in zip(seen, slices, strict=True):
        if last is None or (plane.grid, plane.context) != (last.grid, last.context):
            pixels = plane.read(read, spill)  # planes on one grid share what is read
        last, found = plane, PlaneProbability(plane, spill)
        for slab in plane.slabs(numbers):
            take = found.begin(slab)
            steps = slice_steps(forward, plane.gather(pixels, slab, spill), plane.tiler, take)
            for step in steps:
                spill.rest()  # a slice that was shown need not be in memory any more
                yield TileStep(done + step.done, sum(counts))
            found.put(slab)
            spill.rest()
            done += len(slab) * len(plane.tiler.windows)
        planes[plane.name] = found.voxels()
    return _fused(seen[0].block, planes, config, spill)


def _fused(
    block: Box, planes: dict[Plane, NDArray[np.uint8]], config: InferenceConfig, spill: Spill
) -> BlockPrediction:
    """Fuse the planes, layer by layer."""
    probability, apart = spill.zeros(block.shape, np.uint8), spill.zeros(block.shape, np.uint8)
    for layer in layers(Box.of(block.shape), FEW_VOXELS):
        parts = {plane: voxels[layer.slices] for plane, voxels in planes.items()}
        probability[layer.slices] = fuse(parts, config)
        apart[layer.slices] = disagreement(parts)
        spill.rest()
    return BlockPrediction(block, probability, apart, planes)
