"""What a numpy index asks for: the smallest box, and the index within it."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx

_Key = slice | int | NDArray[np.intp] | None


@dataclass(frozen=True, slots=True)
class BoxIndex:
    """``array[key]`` is ``array[box.slices][within]``; an empty box means no voxel.

    Attributes
    ----------
    box
        The smallest box that holds everything asked for.
    within
        The same index, relative to the box.
    points
        For an index of three coordinate arrays: these, of one shape; else None.
    """

    box: Box
    within: tuple[Any, ...]
    points: tuple[NDArray[np.intp], ...] | None


def box_index(key: object, shape: Zyx) -> BoxIndex:
    """Translate any numpy index of an array of ``shape``.

    Raises
    ------
    IndexError
        As numpy does: too many indices, or one out of bounds.
    """
    keys = _expanded(key, shape)
    axes = [i for i, each in enumerate(keys) if each is not None]
    spans = [_span(keys[i], length) for i, length in zip(axes, shape, strict=True)]
    within = list(keys)
    for i, length, (start, _) in zip(axes, shape, spans, strict=True):
        within[i] = _shifted(keys[i], length, start)
    (z0, z1), (y0, y1), (x0, x1) = spans
    box = Box((z0, y0, x0), (z1, y1, x1))
    return BoxIndex(box, tuple(within), _points(keys, shape))


def _expanded(key: object, shape: Zyx) -> list[_Key]:
    """Return one entry for each axis, and None for each new one."""
    parts = list(key) if isinstance(key, tuple) else [key]
    keys: list[Any] = []
    for part in parts:
        keys.extend(_plain(part))
    used = sum(1 for k in keys if k is not None and k is not Ellipsis)
    if used > 3:
        raise IndexError(f"Too many indices: the array has 3 axes, {used} were given.")
    if not any(k is Ellipsis for k in keys):
        keys.append(Ellipsis)
    at = next(i for i, k in enumerate(keys) if k is Ellipsis)
    if any(k is Ellipsis for k in keys[at + 1 :]):
        raise IndexError("An index can only have a single ellipsis ('...').")
    keys[at : at + 1] = [slice(None)] * (3 - used)
    _check_masks(parts, shape)
    return keys


def _plain(part: object) -> list[Any]:
    """Turn masks into coordinates and everything array-like into an array."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return [part]
    if isinstance(part, (bool, np.bool_)):
        raise IndexError("A single bool is no index here: use a mask, or a slice.")
    if not isinstance(part, (np.ndarray, list)):
        return [operator.index(part)]  # type: ignore[arg-type]
    array = np.asarray(part)
    if array.dtype == np.bool_:
        return list(np.nonzero(array))
    if array.size == 0:
        return [array.astype(np.intp)]
    if array.dtype.kind not in "iu":
        raise IndexError(f"An index array must hold integers or bools, not {array.dtype}.")
    return [array.astype(np.intp)]


def _check_masks(parts: list[Any], shape: Zyx) -> None:
    """Refuse a mask that does not fit its axes; coordinates alone cannot tell."""
    used = sum(_axes_of(part) for part in parts)
    axis = 0
    for part in parts:
        if part is Ellipsis:
            axis += 3 - used
            continue
        count = _axes_of(part)
        if isinstance(part, (np.ndarray, list)) and np.asarray(part).dtype == np.bool_:
            mask = np.asarray(part)
            if mask.shape != shape[axis : axis + count]:
                raise IndexError(
                    f"A mask of shape {mask.shape} does not fit axes of "
                    f"{shape[axis : axis + count]} voxels."
                )
        axis += count


def _axes_of(part: object) -> int:
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, (np.ndarray, list)) and np.asarray(part).dtype == np.bool_:
        return np.asarray(part).ndim
    return 1


def _span(key: Any, length: int) -> tuple[int, int]:  # noqa: ANN401 - any kind of index
    if isinstance(key, slice):
        steps = range(*key.indices(length))
        return (min(steps[0], steps[-1]), max(steps[0], steps[-1]) + 1) if steps else (0, 0)
    low, high = (int(np.min(key)), int(np.max(key))) if np.size(key) else (0, -1)
    if low < -length or high >= length:
        raise IndexError(f"Index {low if low < -length else high} is out of {length} voxels.")
    if low < 0:
        positive = np.where(np.asarray(key) < 0, np.asarray(key) + length, key)
        low, high = int(positive.min()), int(positive.max())
    return low, high + 1


def _shifted(key: Any, length: int, start: int) -> Any:  # noqa: ANN401 - any kind of index
    if isinstance(key, slice):
        steps = range(*key.indices(length))
        if not steps:
            return slice(0, 0)
        if steps.step > 0:
            return slice(0, None, steps.step)
        return slice(None, None, steps.step)
    if isinstance(key, np.ndarray):
        return np.where(key < 0, key + length, key) - start
    return (key + length if key < 0 else key) - start


def _points(keys: list[Any], shape: Zyx) -> tuple[NDArray[np.intp], ...] | None:
    if len(keys) != 3 or any(isinstance(k, slice) or k is None for k in keys):
        return None
    if not any(isinstance(k, np.ndarray) for k in keys):
        return None
    positive = [np.where(np.asarray(k) < 0, k + n, k) for k, n in zip(keys, shape, strict=True)]
    return tuple(np.broadcast_arrays(*positive))
