"""What belongs to the vessel under the brush: alike in brightness, and to the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Likeness", "belonging", "likeness_at"]

_Mask = NDArray[np.bool_]

_ROUND = 1  # pixels around the cursor that say what it points at
_EVEN = 0.02  # added to probabilities: where the network saw nothing, ratios say nothing


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the cursor pointed at when a stroke began.

    Attributes
    ----------
    intensity
        From 0 to 1, within the volume's window.
    probability
        From 0 to 1.
    """

    intensity: float
    probability: float


def likeness_at(
    intensity: NDArray[np.float32], probability: NDArray[np.uint8], at: tuple[int, int]
) -> Likeness:
    """Return what a slice shows at the pixel ``at``, as the mean of it and its neighbours."""
    around = tuple(slice(max(0, i - _ROUND), i + _ROUND + 1) for i in at)
    return Likeness(float(intensity[around].mean()), float(probability[around].mean()) / 255)


def belonging(
    intensity: NDArray[np.float32],
    probability: NDArray[np.uint8],
    disc: _Mask,
    like: Likeness,
    tolerance: float,
) -> _Mask:
    """Return what of a brush's ``disc`` is like what the stroke began on.

    A pixel is, if its probability falls by no more than a share ``tolerance`` of where the
    stroke began (a network that is unsure of a vessel is less sure still of what lies around
    it), and if its intensity differs by no more than ``tolerance``, or more where the network
    tells: small arteries are as bright as their surroundings. Of such pixels those are taken
    that are connected, within the disc, with its inner half, and the holes in them.

    Parameters
    ----------
    intensity, probability
        What lies under the disc: from 0 to 1, and uint8.
    disc
        What the brush covers, 2-D.
    like
        What the stroke began on.
    tolerance
        From 0 to 1; at 1 all of the disc is taken.
    """
    from scipy.ndimage import binary_erosion, binary_fill_holes, label

    if tolerance >= 1:
        return disc.copy()
    falls = 1 - (probability / 255 + _EVEN) / (like.probability + _EVEN)
    counts = _EVEN / (like.probability + _EVEN)  # what intensity counts: all where nothing was seen
    alike = disc & (falls <= tolerance)
    alike &= counts * np.abs(intensity - like.intensity) <= tolerance
    reach = int(np.sqrt(np.count_nonzero(disc) / np.pi) / 2)
    inner = binary_erosion(disc, iterations=reach) if reach else disc
    labels, _ = label(alike)
    kept = np.isin(labels, np.setdiff1d(labels[inner], [0]))
    found: _Mask = binary_fill_holes(kept) & disc
    return found
