"""What an attribution says, in words and a few numbers."""

from __future__ import annotations

from math import exp

import numpy as np
from numpy.typing import NDArray

from napari_vessel.attribution import Attribution, AttributionConfig, Method, Question
from napari_vessel.geometry import VoxelSize
from napari_vessel.workflows._explain_words import Explain, ExplainClass, Explained

METHOD_NAMES: dict[Method, str] = {
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
    "smoothgrad": "SmoothGrad",
    "gradient": "Gradient",
    "saliency": "Saliency",
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
}

UNITS: dict[Method, str] = {
    "integrated_gradients": "log odds",
    "occlusion": "log odds lost where covered",
    "smoothgrad": "log odds by grey value",
    "gradient": "log odds by grey value",
    "saliency": "|log odds| by grey value",
    "grad_cam": "activation, without unit",
    "hires_cam": "activation, without unit",
}


SIZELESS: tuple[Method, ...] = ("saliency", "grad_cam")
"""Methods whose values are never negative."""

_STRONG = 99.8  # percentile: single pixels beyond it are not let fade all others


def attribution_limits(found: Explained) -> tuple[float, float]:
    """Return the values that are drawn in full colour, the lower 0 where none is negative."""
    high = strength_of(found.values)
    return (0.0 if found.question.config.method in SIZELESS else -high), high


def strength_of(values: NDArray[np.float32]) -> float:
    """Return the size of value that is drawn in full colour; 1 where all values are 0."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size or not sizes.max():
        return 1.0
    return float(np.percentile(sizes, _STRONG)) or float(sizes.max())


def title_of(request: Explain, whose: str) -> str:
    """Say what is asked, for a picture's title."""
    asked = "Why vessel here?" if request.question == "here" else "Why no vessel here?"
    index = request.at[request.plane.normal]
    where = f"{request.plane.value.upper()} {index}, {whose}"
    return f"{asked} {METHOD_NAMES[request.config.method]}: {where}"


_BASELINES = {"median": "a flat image", "blur": "a blurred image", "zero": "a black image"}


def _odds(question: Question, config: AttributionConfig, found: Attribution) -> str:
    """Say the log odds of what is asked about, and those of the baseline."""
    sign = -1 if question == "not_here" else 1
    told = f"log odds {sign * found.output:+.1f}"
    if found.baseline is None:
        return told
    return f"{told}; {sign * found.baseline:+.1f} for {_BASELINES[config.baseline]}"


def class_sentence(
    classes: tuple[str, ...],
    index: int,
    probability: NDArray[np.float32],
    request: ExplainClass,
    found: Attribution,
) -> str:
    """Say what a classifier said of an image."""
    said = f"{classes[index]}: {probability[index]:.1%}"
    best = int(probability.argmax())
    other = "" if best == index else f"; it is taken for {classes[best]}, {probability[best]:.1%}"
    return f"{said} ({_odds(request.question, request.config, found)}){other}."


def sentence_of(request: Explain, found: Attribution, half_um: float | None) -> str:
    """Say what the network said, and where what it went by lies."""
    odds = -found.output if request.question == "not_here" else found.output
    said = f"The network says {probability_of(odds):.1%} vessel"
    said += f" ({_odds(request.question, request.config, found)}"
    if half_um is None:
        return f"{said}). No voxel has to do with it: the image is the same everywhere."
    if half_um <= 0:
        return f"{said}). At least half of what it went by lies in the place itself."
    return f"{said}). Half of what it went by lies within {half_um:,.0f} µm of it."


def probability_of(log_odds: float) -> float:
    """Return the probability; no exponential overflows.

    >>> probability_of(0.0), probability_of(-2000.0)
    (0.5, 0.0)
    """
    small = exp(-abs(log_odds))
    return 1 / (1 + small) if log_odds >= 0 else small / (1 + small)


def half_within_um(
    values: NDArray[np.float32], target: NDArray[np.bool_], size: VoxelSize
) -> float | None:
    """Return the distance from the target within which half of the values' size lies; in µm.

    None where all values are 0, or the target holds no voxel.
    """
    from scipy.ndimage import distance_transform_edt

    sizes = np.abs(values.astype(np.float64))
    if not target.any() or not sizes.any():
        return None
    apart = distance_transform_edt(~target, sampling=size.zyx).ravel()
    order = np.argsort(apart, kind="stable")
    inside = np.cumsum(sizes.ravel()[order])
    return float(apart[order[np.searchsorted(inside, inside[-1] / 2)]])
