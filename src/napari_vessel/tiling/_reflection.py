"""Voxels beyond an array's edge: the array mirrored, as often as needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["cut_reflected", "reflection"]


def reflection(start: int, stop: int, length: int) -> NDArray[np.intp]:
    """Name the element that stands at each position of an axis mirrored at its ends.

    The outermost element is not doubled. An axis of one element has no
    mirror image and is repeated.

    Parameters
    ----------
    start, stop : int
        Positions, half-open; they may lie outside the axis.
    length : int
        The axis's length, at least 1.

    Returns
    -------
    ndarray (stop - start,) of int
        Indices in ``[0, length)``.

    Examples
    --------
    >>> reflection(-2, 6, 3).tolist()
    [2, 1, 0, 1, 2, 1, 0, 1]
    """
    period = max(2 * (length - 1), 1)
    position = np.arange(start, stop) % period
    return np.minimum(position, period - position) if length > 1 else position * 0


def cut_reflected(
    array: NDArray[Any], starts: tuple[int, ...], stops: tuple[int, ...]
) -> NDArray[Any]:
    """Cut a window that may reach beyond the array, mirroring what lies outside.

    Parameters
    ----------
    array : ndarray
        No side may be empty.
    starts, stops : tuple of int
        The window along the last ``len(starts)`` axes, half-open.

    Returns
    -------
    ndarray
        A view where the window lies inside, else a copy.
    """
    first = array.ndim - len(starts)
    for axis, (start, stop) in enumerate(zip(starts, stops, strict=True), first):
        array = _cut_axis(array, axis, start, stop)
    return array


def _cut_axis(array: NDArray[Any], axis: int, start: int, stop: int) -> NDArray[Any]:
    length = array.shape[axis]
    if start >= 0 and stop <= length:
        return array[(slice(None),) * axis + (slice(start, stop),)]
    return array.take(reflection(start, stop, length), axis=axis)
