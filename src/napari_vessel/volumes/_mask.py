"""Probabilities in one byte, and the one rule that makes a mask of them."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError

__all__ = ["least_vessel", "mask_of", "probability_u8"]


def probability_u8(probability: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Store probabilities in a byte each: ``round(p * 255)``.

    Parameters
    ----------
    probability
        Of any shape. What lies outside 0 … 1 is clipped; NaN becomes 0, so that
        an unknown voxel never turns into a vessel.

    Returns
    -------
    NDArray[np.uint8]
        The same shape; off by at most 1/510.

    Examples
    --------
    >>> probability_u8(np.array([0.0, 0.5, 1.0, np.nan])).tolist()
    [0, 128, 255, 0]
    """
    # float16 is too coarse to round after the multiplication.
    wide: NDArray[np.float32] = np.nan_to_num(np.asarray(probability, np.float32), nan=0.0)
    nearest: NDArray[np.uint8] = np.floor(np.clip(wide, 0, 1) * 255 + 0.5).astype(np.uint8)
    return nearest


def least_vessel(threshold: float) -> int:
    """Tell the least stored probability that counts as vessel, from 1 to 255.

    It is ``ceil(threshold * 255)`` but never 0: a threshold of 0 lights up
    everything the network gave any chance, not the zeros that stand for
    "nothing predicted here".

    Raises
    ------
    CallerError
        If ``threshold`` lies outside 0 … 1 or is NaN.

    Examples
    --------
    >>> least_vessel(0.5), least_vessel(0.0), least_vessel(1.0)
    (128, 1, 255)
    """
    if not 0 <= threshold <= 1:
        raise CallerError(f"Threshold {threshold}: expected a number from 0 to 1.")
    return max(1, ceil(threshold * 255))


def mask_of(probability_u8: NDArray[np.uint8], threshold: float) -> NDArray[np.uint8]:
    """Make a mask, 1 for vessel and 0 elsewhere, of stored probabilities.

    Parameters
    ----------
    probability_u8
        As :func:`probability_u8` makes them, of any shape.
    threshold
        From 0 to 1; see :func:`least_vessel`.

    Raises
    ------
    CallerError
        If ``threshold`` lies outside 0 … 1.

    Examples
    --------
    >>> mask_of(np.array([0, 127, 128, 255], np.uint8), 0.5).tolist()
    [0, 0, 1, 1]
    """
    return (probability_u8 >= least_vessel(threshold)).view(np.uint8)
