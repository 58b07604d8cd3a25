"""Centreline dice: how far masks hold each other's skeletons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import LabelsError
from napari_vessel.metrics._masks import mask_pair, ratio

__all__ = ["ClDice", "centreline", "centreline_counts", "cldice"]

_Core = tuple[slice, slice, slice]
_WHOLE: _Core = (slice(None), slice(None), slice(None))


@dataclass(frozen=True, slots=True)
class ClDice:
    """Counts of skeleton voxels; they add up over pieces of a volume.

    Parameters
    ----------
    predicted, predicted_inside : int
        Voxels of the prediction's skeleton; those of them within the truth.
    true, true_inside : int
        Voxels of the truth's skeleton; those of them within the prediction.
    """

    predicted: int = 0
    predicted_inside: int = 0
    true: int = 0
    true_inside: int = 0

    def __add__(self, other: ClDice) -> ClDice:
        return ClDice(
            self.predicted + other.predicted,
            self.predicted_inside + other.predicted_inside,
            self.true + other.true,
            self.true_inside + other.true_inside,
        )

    @property
    def value(self) -> float:
        """The score, in [0, 1]; 1.0 for two empty masks, 0.0 where one is empty."""
        if not self.predicted or not self.true:
            return float(self.predicted == self.true)
        precision = self.predicted_inside / self.predicted
        sensitivity = self.true_inside / self.true
        return ratio(2 * precision * sensitivity, precision + sensitivity, empty=0.0)


def cldice(prediction: ArrayLike, truth: ArrayLike) -> float:
    """Score how far each mask holds the other's centreline (Shit et al. 2021).

    The harmonic mean of the share of the prediction's skeleton within the
    truth and of the truth's skeleton within the prediction; skeletons by Lee's
    thinning. The whole volume is in memory, several times.

    Parameters
    ----------
    prediction, truth : array_like (z, y, x)
        Anything but 0 is vessel.

    Returns
    -------
    float
        In [0, 1]; 1.0 for two empty masks, 0.0 where one is empty or where
        neither holds anything of the other's skeleton. Never NaN.

    Raises
    ------
    LabelsError
        Where the shapes differ or are not three-dimensional.
    """
    predicted, true = mask_pair(prediction, truth)
    if predicted.ndim != 3:
        raise LabelsError(f"Expected volumes (z, y, x), found the shape {predicted.shape}.")
    return centreline_counts(predicted, true).value


def centreline_counts(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], core: _Core = _WHOLE
) -> ClDice:
    """Count skeleton voxels within ``core``; the rest is context for the thinning."""
    predicted, true = centreline(prediction), centreline(truth)
    return ClDice(
        int(np.count_nonzero(predicted[core])),
        int(np.count_nonzero(predicted[core] & truth[core])),
        int(np.count_nonzero(true[core])),
        int(np.count_nonzero(true[core] & prediction[core])),
    )


def centreline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin a mask to its centreline (Lee's thinning), working only where there is any."""
    from scipy.ndimage import find_objects

    skeleton = np.zeros(mask.shape, bool)
    for where in find_objects(mask.view(np.int8)):
        skeleton[where] = _thinned(np.ascontiguousarray(mask[where]))
    return skeleton


def _thinned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from skimage.morphology import skeletonize

    thinned: NDArray[np.bool_] = skeletonize(mask, method="lee") > 0  # type: ignore[no-untyped-call]  # skimage is typed in part
    return thinned
