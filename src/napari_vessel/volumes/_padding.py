"""Voxels that no scanner measured: one value that fills what lies outside the field of view."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["measured"]

_SHARE = 0.01  # of the voxels: what is rarer rules no percentile
_GAP = 1.5  # between padding and the rest, in ranges of the rest


def measured(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which values of an array of any shape are finite and no padding.

    Padding is the least or the greatest value where it is frequent and lies far off: the
    zeros of a stitched scan whose tissue has greys around 20,000, not those of a dark
    background.

    >>> measured(np.array([0, 0, 70, 80, 75])).tolist()
    [False, False, True, True, True]
    """
    kept = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, np.bool_)
    for extreme in (np.min, np.max):
        if not kept.any():
            return kept
        value = extreme(values[kept])
        rest = kept & (values != value)
        if rest.sum() and kept.sum() - rest.sum() >= _SHARE * kept.sum():
            low, high = (float(q) for q in np.percentile(values[rest].astype(float), (0.5, 99.5)))
            gap = min(abs(float(value) - low), abs(float(value) - high))
            if low < high and gap >= _GAP * (high - low):
                kept = rest
    return kept
