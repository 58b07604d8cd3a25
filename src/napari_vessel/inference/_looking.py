"""A quick look at a block: which part of it may hold vessel."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.inference._block import BlockPrediction, predict_block
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._context import Grid, plane_zoom
from napari_vessel.inference._forward import Network
from napari_vessel.inference._levels import Levels, Read, levels_of
from napari_vessel.inference._look import Look, look_of, voxels_of
from napari_vessel.inference._slices import TileStep
from napari_vessel.tiling import SAME

__all__ = ["look_at", "predict_needed"]


def predict_needed(
    network: Network,
    read: Read | Levels,
    block: Box,
    bounds: Box,
    config: InferenceConfig,
    *,
    voxel_size: VoxelSize | None = None,
) -> Iterator[TileStep | BlockPrediction]:
    """Predict the part of a block that a quick look finds worth it: as :func:`predict_block`.

    Yields
    ------
    TileStep
        While it is looked at none of the tiles is done.
    BlockPrediction
        Once, last, of the part (its ``box``); never where no vessel is seen.
    """
    part = yield from look_at(network, read, (block, bounds), config)
    if part is not None:
        yield from predict_block(network, read, part, bounds, config, voxel_size=voxel_size)


def look_at(
    network: Network, read: Read | Levels, where: tuple[Box, Box], config: InferenceConfig
) -> Generator[TileStep, None, Box | None]:
    """Look at a block and return what of it is to be predicted, yielding after every batch.

    Some slices of one plane go through the network, in one view. Pixels just beside the block
    count too: a vessel there may go on in it. What is returned holds all pixels that may be
    vessel and a margin around them, and starts and ends on a grid of 32 pixels. How a volume
    is cut into blocks changes it only as far as the network sees at a block's edge.

    Parameters
    ----------
    network, read
        As for :func:`predict_block`.
    where : (Box, Box)
        The block, and what can be read, in voxels.
    config : InferenceConfig
        How it would be predicted.

    Returns
    -------
    Box or None
        A part of the block; None where no vessel is seen. All of it, unseen, where ``config``
        asks for no look (see :func:`look_of`) or it would cost too much here.

    Raises
    ------
    CallerError, DeviceMemoryError, CheckpointError
        As :func:`predict_block`.
    """
    block, bounds = where
    look = look_of(config)
    if look is None:
        return block
    grid = Grid(plane_zoom(config.zoom_for(), look.plane), bounds)
    pixels = grid.pixels_of(block)
    if not look.is_worth(pixels, grid.pixels):
        return block
    seen = yield from _seen(network, levels_of(read), (pixels, grid), config, look)
    part = look.part(seen, pixels) if seen else None
    return part and voxels_of(part, grid.zoom, block)


def _seen(
    network: Network, read: Levels, where: tuple[Box, Grid], config: InferenceConfig, look: Look
) -> Generator[TileStep, None, Box | None]:
    """Return the smallest box of pixels, of a block and just beside it, that may be vessel."""
    pixels, grid = where
    near = pixels.expanded(look.margin).intersection(grid.pixels) or pixels
    normal = look.plane.normal
    picks = look.picks(near.start[normal], near.stop[normal])
    probability = yield from _predicted(
        predict_block(
            network,
            Levels(lambda box, _: _read(read, box, grid, (normal, picks))),
            _along(near, normal, 0, len(picks)),
            _along(grid.pixels, normal, 0, len(picks)),
            _cheap(config, look),
        )
    )
    seen = np.argwhere(probability >= max(look.below * 255, 1))
    if not len(seen):
        return None
    # Positions among the slices that were picked, to those of the grid.
    low, high = (_grid_position(edge, near, normal, picks) for edge in (seen.min(0), seen.max(0)))
    return Box(low, (high[0] + 1, high[1] + 1, high[2] + 1))


def _cheap(config: InferenceConfig, look: Look) -> InferenceConfig:
    """Return one plane in one view, at pixels as they are given."""
    # The margin is predicted too: with so much less around it a look sees no more than the
    # prediction itself, and costs no more.
    halo = max(config.halo - max(look.margin), 0)
    changes = {"planes": (look.plane,), "weights": (), "views": "none", "zoom": SAME, "halo": halo}
    return config.model_copy(update=changes)


def _read(read: Levels, box: Box, grid: Grid, picked: tuple[int, range]) -> NDArray[np.float32]:
    """Read pixels of the slices that were picked; ``box`` counts them along their normal."""
    normal, picks = picked
    wanted = picks[box.start[normal] : box.stop[normal]]
    whole = _along(box, normal, wanted[0], wanted[-1] + 1)
    pixels = read.resampled(whole, grid.zoom, grid.voxels)
    return pixels[(slice(None),) * normal + (slice(None, None, picks.step),)]


def _predicted(
    steps: Iterator[TileStep | BlockPrediction],
) -> Generator[TileStep, None, NDArray[np.uint8]]:
    """Relay the steps of a prediction and return its probability."""
    for event in steps:
        if isinstance(event, BlockPrediction):
            return event.probability
        yield TileStep(0, event.total)
    raise AssertionError("a prediction ends with its result")


def _along(box: Box, axis: int, start: int, stop: int) -> Box:
    """Return a box that reaches from ``start`` to ``stop`` along an axis."""
    starts, stops = list(box.start), list(box.stop)
    starts[axis], stops[axis] = start, stop
    return Box((starts[0], starts[1], starts[2]), (stops[0], stops[1], stops[2]))


def _grid_position(
    at: NDArray[np.intp], near: Box, normal: int, picks: range
) -> tuple[int, int, int]:
    position = [int(i) + start for i, start in zip(at, near.start, strict=True)]
    position[normal] = picks[int(at[normal])]
    return position[0], position[1], position[2]
