"""The skeleton of a mask larger than memory: thinned in blocks, with what lies around each.

Thinning looks as far as a vessel is wide. So a block is thinned with a halo of
at least twice the largest radius that is met in it, and then agrees with its
neighbours but for single voxels, where :mod:`_skeleton_joining` mends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.morphology._label_pieces import BlocksDone
from napari_vessel.morphology._skeleton_config import MeasureConfig
from napari_vessel.morphology._skeleton_joining import BlockSkeleton, Skeleton, joined
from napari_vessel.morphology._skeleton_radii import radii_at
from napari_vessel.morphology._thinning import thinned

__all__ = ["skeleton_of"]

_WIDEST = 256  # voxels of the widest halo

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Wide:
    """A block with its halo, read."""

    core: Box
    box: Box
    mask: _Mask


def skeleton_of(
    read: Callable[[Box], NDArray[Any]],
    region: Box,
    voxel_size: VoxelSize,
    config: MeasureConfig | None = None,
) -> Iterator[BlocksDone | Skeleton]:
    """Thin a mask to its skeleton, and measure the radius at every voxel of it.

    Parameters
    ----------
    read
        Gives a box of the mask, ≠ 0 is vessel.
    region
        What is measured; nothing beyond it is read.
    voxel_size
        Radii are in µm.
    config
        Its block and halo count here.

    Yields
    ------
    BlocksDone
        After every block.
    Skeleton
        Once, last.

    Notes
    -----
    Memory: a block with its halo at about 20 bytes a voxel, and 60 bytes for each voxel of
    the skeleton: it grows with the vessels' length, not with the volume.
    """
    config = config or MeasureConfig()
    total = sum(1 for _ in region.cells(config.block))
    parts: list[BlockSkeleton] = []
    vessel = 0
    for done, core in enumerate(region.cells(config.block), start=1):
        mask = np.asarray(read(core)) != 0
        vessel += int(np.count_nonzero(mask))
        if mask.any():
            parts.append(_block(read, core, region, voxel_size, config.halo))
        yield BlocksDone(done, total)
    yield joined(parts, vessel, region, voxel_size)


def _block(
    read: Callable[[Box], NDArray[Any]], core: Box, region: Box, voxel_size: VoxelSize, halo: int
) -> BlockSkeleton:
    """Thin a block, with a wider halo as long as its vessels are too wide for the one it has."""
    finest = min(voxel_size.zyx)
    while True:
        box = core.expanded((halo, halo, halo)).intersection(region) or core
        wide = _Wide(core, box, np.asarray(read(box)) != 0)
        found = _thinned(wide, voxel_size)
        widest = float(found.radius_um.max(initial=0.0)) / finest
        if 2 * widest <= halo or box == region or halo >= _WIDEST:
            return found
        halo = min(2 * halo, _WIDEST)


def _thinned(wide: _Wide, voxel_size: VoxelSize) -> BlockSkeleton:
    """Thin ``wide``; keep the voxels within its core, and which way they lead out of it."""
    skeleton = thinned(wide.mask, wide.box.start)
    inner = wide.core.relative_to(wide.box)
    voxels = np.argwhere(skeleton[inner.slices]) + inner.start
    radius = radii_at(wide.mask, voxels, voxel_size)
    inside, beyond = _leading_out(skeleton, inner)
    start = np.asarray(wide.box.start)
    return BlockSkeleton(voxels + start, radius, inside + start, beyond + start)


def _leading_out(skeleton: _Mask, inner: Box) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of skeleton voxels that touch, one within the block and one beyond it."""
    margin = inner.expanded((1, 1, 1)).intersection(Box.of(skeleton.shape)) or inner
    near = skeleton[margin.slices].copy()
    near[inner.relative_to(margin).slices] = False
    beyond = np.argwhere(near) + margin.start
    pairs: list[tuple[Any, Any]] = []
    for voxel in beyond:
        around = _around(voxel, inner)
        for other in np.argwhere(skeleton[around.slices]) + around.start:
            pairs.append((other, voxel))  # noqa: PERF401  two nested loops read better so
    empty = np.zeros((0, 3), np.int64)
    if not pairs:
        return empty, empty
    inside, outside = zip(*pairs, strict=True)
    return np.array(inside, np.int64), np.array(outside, np.int64)


def _around(voxel: NDArray[np.int64], inner: Box) -> Box:
    """Return the neighbours of a voxel that lie within ``inner``, which it touches."""
    z, y, x = (int(i) for i in voxel)
    one: Zyx = (z + 1, y + 1, x + 1)
    return Box((z, y, x), one).expanded((1, 1, 1)).intersection(inner) or Box((0, 0, 0), (0, 0, 0))
