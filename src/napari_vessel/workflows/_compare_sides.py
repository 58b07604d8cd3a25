"""What a network sees in a slice, to be looked at beside what another sees: pictures and Dice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_vessel.annotation import VESSEL
from napari_vessel.workflows._compare_words import LINE, Side

_MOST = 2048  # pixels of a picture's edge; a larger slice is shown coarser


def side_of(
    image: NDArray[np.float32], mask: NDArray[np.uint8], reviewed: NDArray[np.uint8]
) -> Side:
    """Draw a line around a network's mask of a slice, and score it where a person reviewed it.

    Parameters
    ----------
    image
        The slice, (rows, columns), in [0, 1].
    mask
        The network's, not 0 where vessel.
    reviewed
        Label states.
    """
    step = -(-max(mask.shape) // _MOST)
    grey = np.round(image[::step, ::step] * (LINE - 1)).astype(np.uint8)
    vessel = _coarser(mask != 0, step)
    grey[binary_dilation(vessel) & ~vessel] = LINE  # around it: a thin vessel is seen inside
    return Side(grey, _dice(mask != 0, reviewed))


def _coarser(mask: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    """Return a mask of larger pixels, set where any of theirs is."""
    for axis in (0, 1):
        mask = np.logical_or.reduceat(mask, range(0, mask.shape[axis], step), axis)
    return mask


def _dice(mask: NDArray[np.bool_], reviewed: NDArray[np.uint8]) -> float | None:
    """Return Dice on what is reviewed; None where no vessel is, to a person or the network."""
    known, vessel = reviewed > 0, reviewed == VESSEL
    both = int(np.count_nonzero(mask & vessel))
    total = int(np.count_nonzero(mask & known)) + int(np.count_nonzero(vessel))
    return 2 * both / total if total else None
