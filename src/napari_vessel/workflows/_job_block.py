"""Which blocks a whole-volume job works in: those that waste least on halo. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from math import inf, prod

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.inference import InferenceConfig, plane_zoom
from napari_vessel.tiling import STRIDE, SliceTiler, TileConfig, Zoom
from napari_vessel.workflows._boxes import blocks_of

__all__ = ["by_plane", "is_left_to_job", "pixels_wanted", "with_job_block"]

# A block is what is done again after a kill: some minutes of two cores, and with its context
# 1.5 GB that can rest on the disk.
_MOST_PIXELS = 2**27
_MOST_PIXELS_SPREAD = 2**25
_MOST_VOXELS = 2**29
# Activations of one slice, by what a pixel of the starter takes, stay near 1 GB.
_MOST_EDGE = {"fp32": 1088}
_UNIT: Zyx = (64, 128, 128)  # whole chunks
# Planes are predicted apart where that puts so much less through the network: each is read
# and written once more.
_WORTH_IT = 0.93
_MOST_BLOCKS = 20_000  # that are counted one by one where a triage leaves some out
_MOST_PARTS = 48  # along an axis; beyond, halo is all the same


def with_job_block(
    config: InferenceConfig,
    region: Box,
    bounds: Box,
    *,
    spread: bool = False,
    wanted: Callable[[Box], bool] | None = None,
) -> InferenceConfig:
    """Return ``config`` with the blocks that put the fewest pixels through the network.

    Where a person named a block, it stays.

    Parameters
    ----------
    config : InferenceConfig
        Settled: zoom and planes are named.
    region, bounds : Box
        What is predicted, and the volume, in voxels.
    spread : bool
        Whether several workers share the blocks, so that more, smaller ones are better.
    wanted : callable(Box) -> bool, optional
        Whether a block is predicted at all, where a triage leaves many out: smaller blocks then
        leave out more.
    """
    if not is_left_to_job(config):
        return config
    zoom = config.zoom_for()
    choices = [list(_edges(region.shape[axis], _UNIT[axis])) for axis in range(3)]
    seen = [
        {edge: _seen(region, bounds, axis, edge, zoom[axis], config.halo) for edge in edges}
        for axis, edges in enumerate(choices)
    ]
    most_pixels = _MOST_PIXELS_SPREAD if spread else _MOST_PIXELS
    most = min(config.tiles.tile, _MOST_EDGE.get(config.precision, config.tiles.tile))
    fitting = [
        (edges, _cost(edges, seen, region.shape, config))
        for edges in product(*choices)
        if prod(edges) <= _MOST_VOXELS
        and prod(edges) * prod(zoom) <= most_pixels
        and max(seen[axis][edge][1] for axis, edge in enumerate(edges)) <= most
    ]
    if not fitting:  # a scale at which even the least block shows more than a tile
        return config
    if wanted is not None:
        fitting = _wanted_costs(fitting, config, region, bounds, wanted)
    # Of equal ones the smallest: less is done again after a kill.
    block = min(fitting, key=lambda choice: (choice[1], prod(choice[0])))[0]
    return config.model_copy(update={"block": block})


def _wanted_costs(
    fitting: list[tuple[tuple[int, ...], float]],
    config: InferenceConfig,
    region: Box,
    bounds: Box,
    wanted: Callable[[Box], bool],
) -> list[tuple[tuple[int, ...], float]]:
    """Return some blocks, the cheapest of each size, with what their wanted ones cost."""
    cheapest: dict[int, tuple[tuple[int, ...], float]] = {}
    for edges, cost in fitting:
        size = prod(edges).bit_length()
        few = prod(-(-length // edge) for length, edge in zip(region.shape, edges, strict=True))
        if few <= _MOST_BLOCKS and cost < cheapest.get(size, (edges, inf))[1]:
            cheapest[size] = edges, cost
    chosen = [edges for edges, _ in cheapest.values()] or [fitting[0][0]]
    asked = [config.model_copy(update={"block": edges}) for edges in chosen]
    costs = [pixels_wanted(each, region, bounds, wanted) for each in asked]
    return list(zip(chosen, costs, strict=True))


def by_plane(
    config: InferenceConfig,
    region: Box,
    bounds: Box,
    wanted: Callable[[Box], bool],
    *,
    triaged: bool = False,
) -> dict[Plane, InferenceConfig]:
    """Return how each plane is best predicted on its own, where that is worth it; else nothing.

    A plane needs no halo along its normal. So slabs of whole slices, or of pieces as wide as a
    tile, waste less than cubes that are shown to all planes; what they give is the same.

    Parameters
    ----------
    config : InferenceConfig
        With the block of :func:`with_job_block`. One that a person named is kept to.
    region, bounds : Box
        What is predicted, and the volume, in voxels.
    wanted : callable(Box) -> bool
        Whether a block is predicted at all.
    triaged : bool
        Whether a triage leaves blocks out, so that they were chosen by what is wanted.
    """
    usual = config.model_copy(update={"block": InferenceConfig().block})
    choice = with_job_block(usual, region, bounds, wanted=wanted if triaged else None)
    chosen = choice.block == config.block
    if config.planes == "auto" or len(config.planes) < 2 or not chosen:
        return {}
    passes = {plane: _alone(usual, plane, region, bounds) for plane in map(Plane, config.planes)}
    apart = sum(pixels_wanted(each, region, bounds, wanted) for each in passes.values())
    worth_it = apart < _WORTH_IT * pixels_wanted(config, region, bounds, wanted)
    return passes if worth_it else {}


def _alone(usual: InferenceConfig, plane: Plane, region: Box, bounds: Box) -> InferenceConfig:
    """Return the settings for one plane, in its own blocks, without a quick look of its own."""
    changes = {"planes": (plane,), "weights": (), "fuse": "mean", "vote": 2, "empty_below": 0.0}
    return with_job_block(usual.model_copy(update=changes), region, bounds)


def pixels_wanted(
    config: InferenceConfig, region: Box, bounds: Box, wanted: Callable[[Box], bool]
) -> float:
    """Count the pixels that go through the network in the blocks that are wanted, in one view."""
    zoom, total = config.zoom_for(), 0.0
    spans = [
        _spans(region, bounds, axis, config.block[axis], zoom[axis], config.halo)
        for axis in range(3)
    ]
    for block in filter(wanted, blocks_of(region, config.block)):
        for name in config.planes:
            plane = Plane(name)
            thick = block.shape[plane.normal] * plane_zoom(zoom, plane)[plane.normal]
            rows, columns = (spans[axis][block.start[axis]] for axis in (plane.rows, plane.columns))
            total += thick * _shown(int(rows), int(columns), config.tiles)
    return total


@lru_cache(maxsize=256)
def _shown(rows: int, columns: int, tiles: TileConfig) -> int:
    """Count the pixels of the tiles of a slice."""
    tiler = SliceTiler((rows, columns), tiles)
    return len(tiler.windows) * prod(tiler.tile_shape)


def is_left_to_job(config: InferenceConfig) -> bool:
    """Tell whether nobody named a block."""
    default = InferenceConfig().block
    ratios = {edge / usual for edge, usual in zip(config.block, default, strict=True)}
    return ratios <= {1.0, 2.0}  # twice where a pixel is two voxels wide (_scale.py)


def _edges(length: int, unit: int) -> Iterator[int]:
    """Cut a length in equal parts of whole chunks; yield their edges."""
    edges = {-(-length // (parts * unit)) * unit for parts in range(1, _MOST_PARTS)}
    yield from sorted(edges)


def _seen(
    region: Box, bounds: Box, axis: int, edge: int, zoom: float, halo: int
) -> tuple[float, float]:
    """Return how many pixels blocks show along an axis, together and the most of one."""
    spans = _spans(region, bounds, axis, edge, zoom, halo).values()
    return sum(spans), max(spans)


def _spans(
    region: Box, bounds: Box, axis: int, edge: int, zoom: float, halo: int
) -> dict[int, float]:
    """Return how many pixels each block shows along an axis, by where it starts."""
    start, stop = region.start[axis], region.stop[axis]
    low, high = bounds.start[axis] * zoom, bounds.stop[axis] * zoom
    reach = halo + (zoom != 1)  # a voxel is made of the pixels around it
    spans = {}
    for first in range(start, stop, edge):
        a = max(first * zoom - reach, low)
        b = min(min(first + edge, stop) * zoom + reach, high)
        spans[first] = -(-b // STRIDE) * STRIDE - a // STRIDE * STRIDE
    return spans


def _cost(
    edges: tuple[int, ...],
    seen: list[dict[int, tuple[float, float]]],
    shape: Zyx,
    config: InferenceConfig,
) -> float:
    """Count the pixels that all blocks put through the network, in one view."""
    z, y, x = (seen[axis][edge][0] for axis, edge in enumerate(edges))
    shown = (z, y, x)
    total = 0.0
    for name in config.planes:
        plane = Plane(name)
        own: Zoom = plane_zoom(config.zoom_for(), plane)
        total += shape[plane.normal] * own[plane.normal] * shown[plane.rows] * shown[plane.columns]
    return total
