"""Area under the receiver operating characteristic, from stored probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_vessel.errors import LabelsError
from napari_vessel.metrics._masks import same_shape

__all__ = ["AreaUnderCurve", "auc"]


class AreaUnderCurve:
    """Area under the curve, piece by piece; exact for probabilities stored in uint8."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, 256), np.int64)  # truth, probability

    def add(self, probability: ArrayLike, truth: ArrayLike) -> None:
        """Add a piece.

        Parameters
        ----------
        probability : array_like of uint8
            Probabilities × 255.
        truth : array_like of the same shape
            Anything but 0 is vessel.

        Raises
        ------
        LabelsError
            Where the shapes differ or the probabilities are not uint8.
        """
        scores, true = np.asarray(probability), np.asarray(truth) != 0
        same_shape(scores.shape, true.shape)
        if scores.dtype != np.uint8:
            raise LabelsError(f"Expected probabilities × 255 as uint8, found {scores.dtype}.")
        self._counts[1] += np.bincount(scores[true], minlength=256)
        self._counts[0] += np.bincount(scores[~true], minlength=256)

    def value(self) -> float:
        """Return the chance that a vessel voxel scores above another, ties counting half.

        0.5 (chance) where the truth has voxels of one kind only.
        """
        background, vessel = self._counts.astype(float)
        pairs = background.sum() * vessel.sum()
        below = np.cumsum(background) - background / 2
        return float(vessel @ below / pairs) if pairs else 0.5


def auc(probability: ArrayLike, truth: ArrayLike) -> float:
    """Return the area under the curve of one array; see :class:`AreaUnderCurve`.

    Examples
    --------
    >>> auc(np.array([0, 100, 200, 255], np.uint8), [0, 0, 1, 1])
    1.0
    """
    curve = AreaUnderCurve()
    curve.add(probability, truth)
    return curve.value()
