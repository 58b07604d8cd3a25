"""What a block's prediction sees: the block, its halo, and what aligns it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.tiling import STRIDE, cut_reflected

__all__ = ["Read", "context_of", "read_context"]

Read = Callable[[Box], NDArray[np.float32]]
"""Reads a box inside the bounds: windowed voxels in [0, 1], of the box's shape."""


def context_of(block: Box, bounds: Box, planes: Collection[Plane], halo: int) -> Box:
    """Return the box of voxels that the block's slices show the network.

    The block grows by the halo along the axes that lie in some plane, is
    clipped to the bounds, and grows to multiples of 32 counted from the
    array's corner. A network that halves its grid five times thus sees every
    voxel at the same place of its coarsest grid, whichever block it lies in.

    Parameters
    ----------
    block, bounds : Box
        What is predicted, and what can be read; the block lies inside.
    planes : collection of Plane
        Planes predicted in.
    halo : int
        In voxels.

    Returns
    -------
    Box
        May reach beyond the bounds, by less than 32 voxels: mirrored there.

    Raises
    ------
    CallerError
        Where the block does not lie inside the bounds or holds no voxel.
    """
    if not bounds.contains(block) or not block.size:
        raise CallerError(f"Block {block} must hold voxels and lie inside {bounds}.")
    grown = [any(axis in (p.rows, p.columns) for p in planes) for axis in range(3)]
    z, y, x = (halo if grow else 0 for grow in grown)
    seen = block.expanded((z, y, x)).intersection(bounds) or block
    start = [a - a % STRIDE * grow for a, grow in zip(seen.start, grown, strict=True)]
    stop = [b + -b % STRIDE * grow for b, grow in zip(seen.stop, grown, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def read_context(read: Read, context: Box, bounds: Box) -> NDArray[Any]:
    """Read a context, once, mirroring it beyond the bounds.

    Raises
    ------
    CallerError
        Where the reader gave another shape than asked.
    """
    inside = context.intersection(bounds) or context
    voxels = np.asarray(read(inside), np.float32)
    if voxels.shape != inside.shape:
        raise CallerError(f"Reading {inside} gave {voxels.shape}: expected {inside.shape}.")
    window = context.relative_to(inside)
    return cut_reflected(voxels, window.start, window.stop)
