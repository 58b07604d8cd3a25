"""What all metrics share: pairs of masks, and ratios that are always defined."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import LabelsError

__all__ = ["mask_pair", "ratio", "same_shape"]


def ratio(part: float, whole: float, *, empty: float) -> float:
    """Divide, or return ``empty`` where there is nothing to divide by."""
    return float(part / whole) if whole else empty


def same_shape(prediction: tuple[int, ...], truth: tuple[int, ...]) -> None:
    """Refuse shapes that differ.

    Raises
    ------
    LabelsError
        With both shapes.
    """
    if prediction != truth:
        raise LabelsError(
            f"The prediction's shape {prediction} is not the truth's {truth}: "
            "compare masks of the same volume, level and box."
        )


def mask_pair(
    prediction: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """See both as masks of one shape: anything but 0 is vessel, except NaN and infinity.

    Raises
    ------
    LabelsError
        Where the shapes differ.
    """
    first, second = np.asarray(prediction), np.asarray(truth)
    same_shape(first.shape, second.shape)
    return _mask(first), _mask(second)


def _mask(array: NDArray[Any]) -> NDArray[np.bool_]:
    if array.dtype == np.bool_:
        return array
    mask: NDArray[np.bool_] = array != 0
    return mask & np.isfinite(array) if array.dtype.kind == "f" else mask
