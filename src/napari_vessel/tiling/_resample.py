"""Voxels seen on a finer or coarser grid, the same however they are cut into boxes.

``zoom`` counts pixels per voxel along each axis. Both grids start at the array's
corner: pixel ``j`` is centred at ``(j + 0.5) / zoom`` voxel edges from there, and
its value depends on ``j`` and the voxels around that place alone, not on the box
that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box

__all__ = ["SAME", "Zoom", "grid_of", "inverse", "read_resampled", "resample", "source_of"]

Zoom = tuple[float, float, float]
"""Pixels per voxel along z, y and x."""

SAME: Zoom = (1.0, 1.0, 1.0)
"""Voxels as they are."""

_EPSILON = 1e-9  # of a pixel: what rounding of the zoom must not turn into one more
_MOST_VOXELS = 2**25  # read at a time


def inverse(zoom: Zoom) -> Zoom:
    """Return the zoom that leads back.

    >>> inverse((2.0, 1.0, 0.25))
    (0.5, 1.0, 4.0)
    """
    z, y, x = (1 / factor for factor in zoom)
    return z, y, x


def grid_of(bounds: Box, zoom: Zoom) -> Box:
    """Return the box of the pixels that cover a box of voxels.

    >>> str(grid_of(Box((0, 3, 0), (5, 8, 1)), (1.0, 0.5, 2.0)))
    '0:5,1:4,0:2'
    """
    start = [floor(a * f + _EPSILON) for a, f in zip(bounds.start, zoom, strict=True)]
    stop = [
        max(ceil(b * f - _EPSILON), a + (b > first))
        for a, first, b, f in zip(start, bounds.start, bounds.stop, zoom, strict=True)
    ]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def source_of(box: Box, zoom: Zoom, bounds: Box) -> Box:
    """Return the box of the voxels, within ``bounds``, that the pixels of ``box`` are made of."""
    spans = [
        _span(*axis)
        for axis in zip(box.start, box.stop, zoom, bounds.start, bounds.stop, strict=True)
    ]
    (z0, z1), (y0, y1), (x0, x1) = spans
    return Box((z0, y0, x0), (z1, y1, x1))


def resample(
    voxels: NDArray[np.float32], at: Box, box: Box, zoom: Zoom, bounds: Box
) -> NDArray[np.float32]:
    """Return the pixels of a box: linear between voxels, averaged where pixels are coarser.

    Along each axis a coarser pixel is the mean of the voxels that lie in it, each as
    far as it does: what binning and the levels of a pyramid hold. (A smoother mean
    blurs thin vessels away.) Beyond ``bounds`` the outermost voxel goes on. A constant
    stays that constant.

    Parameters
    ----------
    voxels : ndarray of float32, of ``at``'s shape
        What was read.
    at : Box
        Where, in voxels; it holds ``source_of(box, zoom, bounds)``.
    box : Box
        Which pixels.
    zoom : Zoom
        Pixels per voxel.
    bounds : Box
        Where there are voxels.

    Returns
    -------
    ndarray of float32, of ``box``'s shape
        A view where the zoom is one along all axes.
    """
    for axis in sorted(range(3), key=lambda axis: zoom[axis]):  # what shrinks, first
        span = box.start[axis], box.stop[axis]
        edges = bounds.start[axis], bounds.stop[axis]
        voxels = _along(voxels, axis, (span, zoom[axis]), (edges, at.start[axis]))
    return voxels


def read_resampled(
    read: Callable[[Box], NDArray[np.float32]], box: Box, zoom: Zoom, bounds: Box
) -> NDArray[np.float32]:
    """Read the pixels of a box, in pieces where they are made of very many voxels.

    Parameters
    ----------
    read : callable
        Reads a box of voxels inside ``bounds``.
    box, zoom, bounds
        As for :func:`resample`.
    """
    whole = source_of(box, zoom, bounds)
    if zoom == SAME or whole.size <= _MOST_VOXELS or box.shape[0] == 1:
        return resample(read(whole), whole, box, zoom, bounds)
    step = max(box.shape[0] * _MOST_VOXELS // whole.size, 1)
    starts = range(box.start[0], box.stop[0], step)
    parts = [_layer(box, z, min(z + step, box.stop[0])) for z in starts]
    return np.concatenate([read_resampled(read, part, zoom, bounds) for part in parts])


def _layer(box: Box, start: int, stop: int) -> Box:
    return Box((start, *box.start[1:]), (stop, *box.stop[1:]))


def _taps(start: int, stop: int, zoom: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return which voxels pixels are made of, and their weights, (n, taps) each."""
    edge = 1 / zoom  # of a pixel, in voxels
    centre = (np.arange(start, stop) + 0.5) * edge - 0.5
    reach = max((1 + edge) / 2, 1.0)
    first = np.floor(centre - reach).astype(np.intp) + 1
    index = first[:, None] + np.arange(ceil(2 * reach))
    apart = np.abs(index - centre[:, None])
    # What of the voxel lies in the pixel; of finer pixels, how near it is.
    weight = np.clip(reach - apart, 0, 1) if edge > 1 else np.maximum(1 - apart, 0)
    return index, weight / weight.sum(axis=1, keepdims=True)


def _span(start: int, stop: int, zoom: float, low: int, high: int) -> tuple[int, int]:
    if zoom == 1 or start >= stop:
        return start, stop
    ends, _ = _taps(start, start + 1, zoom)
    lasts, _ = _taps(stop - 1, stop, zoom)
    first, last = (min(max(int(i), low), high - 1) for i in (ends.min(), lasts.max()))
    return first, last + 1


_Ends = tuple[int, int]


def _along(
    voxels: NDArray[np.float32], axis: int, to: tuple[_Ends, float], of: tuple[_Ends, int]
) -> NDArray[np.float32]:
    """Resample an axis ``to`` a span and zoom, ``of`` an array with bounds and a start."""
    ((start, stop), zoom), ((low, high), offset) = to, of
    if zoom == 1:
        return voxels[(slice(None),) * axis + (slice(start - offset, stop - offset),)]
    index, weight = _taps(start, stop, zoom)
    index = np.clip(index, low, high - 1) - offset
    shape = [1, 1, 1]
    shape[axis] = stop - start
    total = np.zeros((*voxels.shape[:axis], stop - start, *voxels.shape[axis + 1 :]), np.float32)
    # Tap by tap, so that a pixel's sum has the same order, and rounding, in every box.
    for tap in range(index.shape[1]):
        taken = voxels.take(index[:, tap], axis)
        total += np.multiply(taken, weight[:, tap].astype(np.float32).reshape(shape), out=taken)
    return total
