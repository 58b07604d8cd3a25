"""Coarser levels: their shapes, and how voxels become coarser."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx

__all__ = ["Coarsening", "coarsen", "finer_box", "level_factors", "level_shapes"]

Coarsening = Literal["max", "mean"]

_SMALLEST = 512  # voxels: an edge that no viewer needs coarser
_THIN = 64  # voxels: an edge that is one chunk is not halved


def level_factors(shape: Zyx, levels: int | None = None) -> list[Zyx]:
    """Tell how many finest voxels one voxel of each level spans, finest level first.

    Parameters
    ----------
    shape
        Of the finest level, in voxels.
    levels
        How many levels; by default until no edge is above 512.

    Notes
    -----
    From level to level every edge above 64 voxels is halved, so that an
    isotropic volume stays so and a thin one does not vanish. Where more levels
    are asked for than that gives, every edge above 1 is halved.

    Examples
    --------
    >>> level_factors((1, 600, 1500))
    [(1, 1, 1), (1, 2, 2), (1, 4, 4)]
    """
    factors: list[Zyx] = [(1, 1, 1)]
    while len(factors) < levels if levels else max(_shape(shape, factors[-1])) > _SMALLEST:
        edges = _shape(shape, factors[-1])
        least = _THIN if max(edges) > _THIN else 1
        z, y, x = (f * (2 if e > least else 1) for f, e in zip(factors[-1], edges, strict=True))
        factors.append((z, y, x))
    return factors


def level_shapes(shape: Zyx, levels: int | None = None) -> list[Zyx]:
    """Tell the shape of each level of :func:`level_factors`, rounded up.

    >>> level_shapes((100, 601, 1500))
    [(100, 601, 1500), (50, 301, 750), (50, 151, 375)]
    """
    return [_shape(shape, factors) for factors in level_factors(shape, levels)]


def coarsen(block: NDArray[Any], factors: Zyx, how: Coarsening) -> NDArray[Any]:
    """Make one voxel of every ``factors`` voxels, zyx; edges are rounded up.

    ``"max"`` keeps the thinnest vessel, and commutes with a threshold: the
    coarse mask is the mask of the coarse probability. ``"mean"`` rounds to the
    nearest; at the far edges it is the mean of the voxels that exist.

    Examples
    --------
    >>> coarsen(np.array([[[1, 3, 9]]], np.uint8), (1, 1, 2), "mean").tolist()
    [[[2, 9]]]
    """
    missing = [(0, -edge % f) for edge, f in zip(block.shape, factors, strict=True)]
    whole = np.pad(block, missing, mode="edge")  # an edge voxel alters neither its max nor mean
    if how == "max":
        for axis, factor in enumerate(factors):
            whole = _groups(whole, axis, factor).max(axis=axis + 1)
        return whole
    # Sums of eight: wide enough for every integer of 32 bits, and for floats as they are.
    wide = {"i": np.int64, "u": np.uint64}.get(block.dtype.kind, np.float64)
    total = whole.astype(wide)
    for axis, factor in enumerate(factors):
        total = _groups(total, axis, factor).sum(axis=axis + 1, dtype=wide)
    count = int(np.prod(factors))
    exact = block.dtype.kind == "f"
    mean = total / count if exact else (total + count // 2) // count
    return mean.astype(block.dtype)


def finer_box(box: Box, factors: Zyx, shape: Zyx) -> Box:
    """Tell which voxels of the finer level, of ``shape``, ``box`` is made of."""
    start = [a * f for a, f in zip(box.start, factors, strict=True)]
    stop = [min(b * f, edge) for b, f, edge in zip(box.stop, factors, shape, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _shape(shape: Zyx, factors: Zyx) -> Zyx:
    z, y, x = (-(-edge // f) for edge, f in zip(shape, factors, strict=True))
    return z, y, x


def _groups(block: NDArray[Any], axis: int, factor: int) -> NDArray[Any]:
    shape = (*block.shape[:axis], block.shape[axis] // factor, factor, *block.shape[axis + 1 :])
    return block.reshape(shape)
