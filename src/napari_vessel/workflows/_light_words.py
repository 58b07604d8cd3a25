"""What a light update is asked, and what it tells. Frozen, picklable, torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.training import LightConfig

__all__ = ["Light", "LightEnded", "LightProposed", "blended"]


@dataclass(frozen=True, slots=True)
class Light:
    """Improve the slices around slice ``index`` (volume voxels) of ``plane``, within seconds.

    ``point`` (volume voxels) is where the person looks: of very large slices, the part around.
    """

    project: Path
    plane: Plane
    index: int
    point: Zyx | None = None
    config: LightConfig = LightConfig()


@dataclass(frozen=True, slots=True, eq=False)
class LightProposed:
    """A slice as the light update sees it, in its own plane alone: uint8, shaped as ``box``.

    ``weight`` is what the proposal that is shown keeps beside it, see :func:`blended`.
    """

    box: Box
    plane: Plane
    probability: np.ndarray
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class LightEnded:
    """A light update ended. Dice is where it may be judged: of reviewed voxels of its slices.

    ``held_out`` is false where it learned from these, so that only a failure would show.
    ``shown`` is false where it was no better there: then nothing was proposed.
    """

    plane: Plane
    index: int
    slices: int
    learned_from: int
    steps: int
    dice_before: float
    dice_after: float
    held_out: bool
    shown: bool
    seconds: float


def blended(
    shown: NDArray[np.uint8] | None, light: NDArray[np.uint8], weight: float
) -> NDArray[np.uint8]:
    """Return the weighted mean of what is shown and what a light update says.

    What is shown is fused of three planes and several views, and may be right where the update,
    which knows one, errs: it keeps ``weight``, none where it was never right.

    Parameters
    ----------
    shown, light : ndarray of uint8
        Probability × 255; None: nothing is shown there.
    weight
        From 0 to 1.

    >>> one, other = np.array([0, 200, 255], np.uint8), np.array([255, 100, 255], np.uint8)
    >>> blended(one, other, 0.5).tolist(), blended(one, other, 0.0).tolist()
    ([127, 150, 255], [255, 100, 255])
    """
    if shown is None or weight == 0:
        return light
    kept = round(256 * weight)
    wide, other = shown.astype(np.uint32), light.astype(np.uint32)  # uint8 would overflow
    return ((kept * wide + (256 - kept) * other) // 256).astype(np.uint8)
