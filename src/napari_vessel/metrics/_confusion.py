"""Counts of right and wrong voxels, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from napari_vessel.metrics._masks import mask_pair, ratio

__all__ = ["Confusion", "confusion"]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Voxels by what was predicted and what is true; counts add up over pieces.

    Where a ratio has nothing to divide by, it is 1 if both masks are empty and
    0 otherwise; none is ever NaN.

    Parameters
    ----------
    tp, fp, fn, tn : int
        True positives (vessel in both), false positives, false negatives and
        true negatives, in voxels.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(
            self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn
        )

    @property
    def dice(self) -> float:
        """2 tp / (2 tp + fp + fn); 1 for two empty masks."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn, empty=1.0)

    @property
    def iou(self) -> float:
        """Intersection over union, tp / (tp + fp + fn); 1 for two empty masks."""
        return ratio(self.tp, self.tp + self.fp + self.fn, empty=1.0)

    @property
    def precision(self) -> float:
        """Return tp / (tp + fp); with nothing predicted 1 if nothing is true, else 0."""
        return ratio(self.tp, self.tp + self.fp, empty=float(self.fn == 0))

    @property
    def recall(self) -> float:
        """Return tp / (tp + fn); with nothing true 1 if nothing was predicted, else 0."""
        return ratio(self.tp, self.tp + self.fn, empty=float(self.fp == 0))


def confusion(prediction: ArrayLike, truth: ArrayLike) -> Confusion:
    """Count right and wrong voxels.

    Parameters
    ----------
    prediction, truth : array_like of one shape
        Anything but 0 is vessel.

    Raises
    ------
    LabelsError
        Where the shapes differ.

    Examples
    --------
    >>> confusion([1, 1, 0, 0], [255, 0, 255, 0])
    Confusion(tp=1, fp=1, fn=1, tn=1)
    """
    predicted, true = mask_pair(prediction, truth)
    tp = int(np.count_nonzero(predicted & true))
    fp = int(np.count_nonzero(predicted)) - tp
    fn = int(np.count_nonzero(true)) - tp
    return Confusion(tp, fp, fn, predicted.size - tp - fp - fn)
