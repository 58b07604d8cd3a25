"""How far an attribution is, and what it brings. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Attribution", "ImageStep"]


@dataclass(frozen=True, slots=True)
class ImageStep:
    """How many images have gone through the network, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What each pixel has to do with an output.

    Attributes
    ----------
    values : ndarray (C, H, W) of float32
        Positive: it speaks for what was asked. (1, H, W) of a class activation map.
        Those of integrated gradients are log odds and sum to ``output - baseline``. Those of
        occlusion are the log odds that are lost where a pixel is covered, on the mean. Gradients
        are log odds by grey value; the scale of class activation maps has no meaning.
    output : float
        The log odds that were explained; their negative for "why not?".
    baseline : float or None
        The same of the baseline, where the method has one.
    """

    values: NDArray[np.float32]
    output: float
    baseline: float | None
