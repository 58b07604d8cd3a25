"""Which planes a trained network's predictions are fused from, and at which threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, fuse
from napari_vessel.training import Reviewed, ReviewedPrediction, mean_score, vessel_box

_AS_GOOD = 0.01  # of Dice: less is chance, and the choice by geometry stays
_CORE = 32  # voxels: an edge of what all planes are compared on, of each block


@dataclass(frozen=True, slots=True)
class Fusion:
    """How a network's planes become a mask."""

    weights: dict[Plane, float] | None  # none: as geometry, or a person, says
    threshold: float


def best_fusion(
    predictions: Sequence[ReviewedPrediction],
    default: InferenceConfig,
    choose: Callable[[Callable[[float], float]], float],
    *,
    fixed: bool,
) -> Fusion:
    """Choose planes, weights and threshold together by the reviewed voxels.

    Every plane alone, their mean and the default are compared, each at its own
    best threshold. The default, which geometry gives, stays unless another is better
    by more than chance.

    Parameters
    ----------
    predictions
        In all planes of ``default``.
    default
        Its planes are named.
    choose
        Chooses a threshold by what scores one.
    fixed
        Whether the default stays in any case, as where a person named the planes.
    """
    threshold, score = _judged(predictions, default, choose)
    best, least = Fusion(None, threshold), score + _AS_GOOD
    for config in () if fixed else _others(default):
        threshold, score = _judged(predictions, config, choose)
        if score > least:
            best, least = Fusion(_by_plane(config), threshold), score
    return best


def cores(overlay: Reviewed, boxes: Sequence[Box]) -> list[Box]:
    """Return, of each block, a small box around reviewed vessels.

    In planes other than that of a reviewed slice each of its rows is a slice of its own:
    comparing planes on whole blocks would take longer than a short training.
    """
    return [_around(vessel_box(overlay.read(box), box), box) for box in boxes]


def _around(found: Box, box: Box) -> Box:
    starts, stops = [], []
    for middle, low, high in zip(found.centre, box.start, box.stop, strict=True):
        start = max(min(int(middle) - _CORE // 2, high - _CORE), low)
        starts.append(start)
        stops.append(min(start + _CORE, high))
    return Box((starts[0], starts[1], starts[2]), (stops[0], stops[1], stops[2]))


def _others(default: InferenceConfig) -> Iterator[InferenceConfig]:
    """List what the default is compared with."""
    if len(default.planes) == 1 or default.fuse != "mean":
        return
    for plane in default.planes:
        yield default.model_copy(update={"planes": (Plane(plane),), "weights": ()})
    if default.weights:
        yield default.model_copy(update={"weights": ()})


def _by_plane(config: InferenceConfig) -> dict[Plane, float]:
    weights = config.weights or (1.0,) * len(config.planes)
    return {Plane(plane): weight for plane, weight in zip(config.planes, weights, strict=True)}


def _judged(
    predictions: Sequence[ReviewedPrediction],
    config: InferenceConfig,
    choose: Callable[[Callable[[float], float]], float],
) -> tuple[float, float]:
    """Return the best threshold of a candidate, and its score there."""
    fused = [_fused(prediction, config) for prediction in predictions]

    def score(threshold: float) -> float:
        pairs = zip(predictions, fused, strict=True)
        return mean_score([one.score(threshold, found) for one, found in pairs])

    threshold = choose(score)
    return threshold, score(threshold)


def _fused(prediction: ReviewedPrediction, config: InferenceConfig) -> NDArray[np.uint8] | None:
    if prediction.probability is None:
        return None
    return fuse({Plane(p): prediction.planes[Plane(p)] for p in config.planes}, config)
