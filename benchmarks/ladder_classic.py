"""Masks without learning: the best threshold, ridge filters at their best, a patient person.

The first three are oracles: their settings are chosen by the truth itself, so that no
person with that filter can do better by one setting for the whole volume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.filters import frangi, sato

from ladder_data import Image, Mask

SIGMAS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # px
_SAMPLE = 500_000  # voxels
_Filter = Callable[[Image, float], Image]


@dataclass(frozen=True, eq=False)
class Oracle:
    """The best mask that a response's threshold gives, and how it was got."""

    mask: Mask
    dice: float
    setting: str


def best_threshold(response: Image, truth: Mask, setting: str = "") -> Oracle:
    """Threshold a response (bright is vessel) where its Dice with the truth is best.

    Exact: between two values of true voxels a lower threshold only adds false ones, so the
    best is the value of a true voxel.
    """
    if not truth.any():
        return Oracle(np.zeros_like(truth), 1.0, "nothing to find")
    values, all_values = np.sort(response[truth]), np.sort(response, axis=None)
    found = len(all_values) - np.searchsorted(all_values, values, "left")
    right = len(values) - np.searchsorted(values, values, "left")
    dice = 2 * right / (found + len(values))
    best = int(np.argmax(dice))
    at = f"{setting}, from {values[best]:.3g} on".removeprefix(", ")
    return Oracle(response >= values[best], float(dice[best]), at)


def best_ridges(image: Image, truth: Mask, ridges: str) -> Oracle:
    """Find vessels by ``frangi`` or ``sato`` at the best range of scales, in 2D or in 3D.

    Both filters are the largest response of their scales, so each scale is computed once.
    """
    fewer = slice(None, None, max(truth.size // _SAMPLE, 1))  # enough to choose the scales by
    some, best, found = truth.ravel()[fewer], None, -1.0
    for setting, response in _ranges(image, {"frangi": _frangi, "sato": _sato}[ridges]):
        dice = best_threshold(response.ravel()[fewer], some).dice
        if dice > found:
            best, found = (setting, response), dice
    if best is None:
        raise ValueError(f"{ridges} has no scale to choose from")
    return best_threshold(best[1], truth, best[0])


def interpolated(truth: Mask, slices: tuple[int, ...]) -> Mask:
    """Interpolate labelled slices along z by their signed distances (shape-based).

    Beyond the first and the last labelled slice, that slice is repeated.
    """
    distances = np.stack([_signed_distance(truth[z]) for z in slices])
    mask = np.zeros_like(truth)
    for z in range(len(truth)):
        after = int(np.clip(np.searchsorted(slices, z), 1, max(len(slices) - 1, 1)))
        before = after - 1
        after = min(after, len(slices) - 1)
        span = slices[after] - slices[before]
        share = float(np.clip((z - slices[before]) / span, 0, 1)) if span else 0.0
        mask[z] = (1 - share) * distances[before] + share * distances[after] > 0
    return mask


def _ranges(image: Image, ridges: _Filter) -> Iterator[tuple[str, Image]]:
    """Yield the response to each contiguous range of scales, in 2D slices, then in 3D."""
    for name, stack in (("2D", list(image)), ("3D", [image])):
        if name == "3D" and len(image) == 1:
            return
        responses = [
            np.stack([ridges(part, sigma) for part in stack]).reshape(image.shape)
            for sigma in SIGMAS
        ]
        for first, stop in combinations(range(len(SIGMAS) + 1), 2):
            setting = f"{name}, σ {SIGMAS[first]:g} to {SIGMAS[stop - 1]:g} px"
            yield setting, np.maximum.reduce(responses[first:stop])


def _frangi(image: Image, sigma: float) -> Image:
    return np.asarray(frangi(image, sigmas=[sigma], black_ridges=False), np.float32)


def _sato(image: Image, sigma: float) -> Image:
    return np.asarray(sato(image, sigmas=[sigma], black_ridges=False), np.float32)


def _signed_distance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far each pixel lies inside the mask; negative outside."""
    inside, outside = distance_transform_edt(mask), distance_transform_edt(~mask)
    return np.asarray(inside - outside, np.float64)
