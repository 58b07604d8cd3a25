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
    brush: _Mask,
    core: _Mask,
    like: Likeness,
    tolerance: float,
) -> _Mask:
    """Return what a ``brush`` covers that is like what the stroke began on.

    A pixel is, if its probability falls by no more than a share ``tolerance`` of where the
    stroke began (a network that is unsure of a vessel is less sure still of what lies around
    it), and if its intensity differs by no more than ``tolerance``, or more where the network
    tells: small arteries are as bright as their surroundings. Of such pixels those are taken
    that are connected, within the brush, with its ``core``, and the holes in them.

    Parameters
    ----------
    intensity, probability
        What lies under the brush: from 0 to 1, and uint8; a slice of it, or some.
    brush, core
        What the brush covers, and the part of it that points at the vessel.
    like
        What the stroke began on.
    tolerance
        From 0 to 1; at 1 all of the brush is taken.
    """
    from scipy.ndimage import binary_fill_holes, label

    if tolerance >= 1:
        return brush.copy()
    falls = 1 - (probability / 255 + _EVEN) / (like.probability + _EVEN)
    counts = _EVEN / (like.probability + _EVEN)  # what intensity counts: all where nothing was seen
    alike = brush & (falls <= tolerance)
    alike &= counts * np.abs(intensity - like.intensity) <= tolerance
    labels, _ = label(alike)
    kept = np.isin(labels, np.setdiff1d(labels[core], [0]))
    found: _Mask = binary_fill_holes(kept) & brush
    return found
