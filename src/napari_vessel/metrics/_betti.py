"""Betti numbers: how many pieces, loops and cavities a mask has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import LabelsError
from napari_vessel.metrics._masks import mask_pair

__all__ = ["BettiNumbers", "betti_errors", "betti_numbers"]


@dataclass(frozen=True, slots=True)
class BettiNumbers:
    """Pieces (touching by corners counts), loops and cavities of a mask."""

    b0: int
    b1: int
    b2: int

    def error(self, truth: BettiNumbers) -> BettiNumbers:
        """Return how far each number is from the truth's."""
        return BettiNumbers(
            abs(self.b0 - truth.b0), abs(self.b1 - truth.b1), abs(self.b2 - truth.b2)
        )


def betti_numbers(mask: ArrayLike) -> BettiNumbers:
    """Count pieces (26-connected), loops, and cavities (6-connected) of a volume.

    Loops follow from the Euler characteristic: b1 = b0 + b2 - χ. The whole
    volume is in memory, with 4-byte labels.

    Parameters
    ----------
    mask : array_like (z, y, x)
        Anything but 0 is vessel.

    Raises
    ------
    LabelsError
        Where the mask is not three-dimensional.
    """
    from scipy.ndimage import generate_binary_structure, label
    from skimage.measure import euler_number

    vessel = np.asarray(mask) != 0
    if vessel.ndim != 3:
        raise LabelsError(f"Expected a volume (z, y, x), found the shape {vessel.shape}.")
    if not vessel.any():
        return BettiNumbers(0, 0, 0)
    padded: NDArray[np.bool_] = np.pad(vessel, 1)
    b0 = int(label(padded, generate_binary_structure(3, 3))[1])
    b2 = int(label(~padded)[1]) - 1  # what lies outside is no cavity
    characteristic = euler_number(padded, connectivity=3)  # type: ignore[no-untyped-call]  # skimage is typed in part
    return BettiNumbers(b0, b0 + b2 - int(characteristic), b2)


def betti_errors(prediction: ArrayLike, truth: ArrayLike) -> BettiNumbers:
    """Return the absolute differences of both masks' Betti numbers.

    Parameters
    ----------
    prediction, truth : array_like (z, y, x)
        Anything but 0 is vessel.

    Raises
    ------
    LabelsError
        Where the shapes differ.
    """
    predicted, true = mask_pair(prediction, truth)
    return betti_numbers(predicted).error(betti_numbers(true))
