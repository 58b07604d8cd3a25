"""Where a proposal is probably wrong: from its probability and from how far its planes disagree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation._queue_config import QueueConfig
from napari_vessel.annotation._state import UNTOUCHED, Codes
from napari_vessel.geometry import Box, Zyx

__all__ = ["WrongTable", "certainty", "expected_wrong", "hottest", "wrong_table"]

_AROUND = 15  # voxels: an error larger than this shows wherever one looks at it

WrongTable = NDArray[np.float32]
"""Chance that a voxel of the mask is wrong, by 256 · probability + disagreement (both uint8)."""


def certainty(probability: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return the probability as if the threshold in use were one half.

    A network whose best threshold is 0.2 is as unsure at 0.2 as another is at 0.5.

    >>> certainty(np.array([0.0, 0.1, 0.2, 0.6, 1.0]), 0.2).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    at = min(max(threshold, 1e-6), 1 - 1e-6)
    below, above = 0.5 * probability / at, 0.5 + 0.5 * (probability - at) / (1 - at)
    return np.where(probability < at, below, above)


def wrong_table(threshold: float, config: QueueConfig) -> WrongTable:
    """Return the chance that a voxel is wrong, for every probability and disagreement.

    It is wrong where the network is unsure, or (independently) where its planes disagree.
    What nobody predicted, 0 and 0, counts as right: nothing is known of it.
    """
    level = np.arange(256) / 255
    sure = certainty(level, threshold)
    unsure = np.minimum(sure, 1 - sure)[:, None]
    apart = config.disagreement * level[None, :]
    return (1 - (1 - unsure) * (1 - apart)).astype(np.float32).ravel()


def expected_wrong(
    probability: NDArray[np.uint8], disagreement: NDArray[np.uint8], codes: Codes, table: WrongTable
) -> NDArray[np.float32]:
    """Return the chance that each voxel is wrong; 0 where a person reviewed it."""
    at = probability.astype(np.uint16)
    at <<= 8
    at |= disagreement
    wrong = table[at]
    wrong[codes != UNTOUCHED] = 0
    return wrong


def hottest(wrong: NDArray[np.float32], box: Box) -> Zyx:
    """Return the voxel of ``box`` (volume voxels) around which most is probably wrong."""
    from scipy.ndimage import uniform_filter

    size = [min(_AROUND, edge) for edge in wrong.shape]
    smooth = uniform_filter(wrong, size, mode="constant")
    at = np.unravel_index(int(np.argmax(smooth)), wrong.shape)
    z, y, x = (int(a) + start for a, start in zip(at, box.start, strict=True))
    return z, y, x
