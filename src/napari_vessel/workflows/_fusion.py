"""Which planes a trained network's predictions are fused from, and at which threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, fuse
from napari_vessel.training import (
    BlockScore,
    Reviewed,
    ReviewedPrediction,
    mean_score,
    paired_differences,
    vessel_box,
)

# Few voxels judge, and a wrong choice costs more than a missed one. On the ladder the mean
# of planes is 0.02 to 0.3 of Dice above the best one (docs/ladder.md), below it only where the
# others are of no use. So the choice by geometry stays unless another is clearly better: by more
# than 0.02, and in nine of ten draws of the blocks.
_CLEAR, _CERTAIN = 0.02, 0.9
_CLEAR_OF_ONE = 0.05  # where one block judges, of which nothing can be drawn
_FEWEST = 100  # vessel voxels that choose planes; fewer are chance
# Of the best plane's Dice: below that, on what was reviewed, a plane is of no use. Vessels of a
# voxel or two in a volume of 32 slices score 0.02 to 0.25 of it in the other planes (17, 05 of
# the ladder), larger ones 0.7 or more.
_USELESS = 0.4
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
    judges: Sequence[ReviewedPrediction] | None = None,
) -> Fusion:
    """Choose planes, weights and threshold together by the reviewed voxels.

    Every plane alone, their mean and the default are compared, each at its own
    best threshold. The default, which geometry gives, stays unless another is clearly better.

    Parameters
    ----------
    predictions
        In all planes of ``default``; the threshold is chosen on them.
    default
        Its planes are named.
    choose
        Chooses a threshold by what scores one.
    fixed
        Whether the default stays in any case, as where a person named the planes.
    judges
        Predictions, in all planes, of what the network that made them did not learn from: they
        choose the planes. None: ``predictions`` are such. Empty: there are none, and the
        default stays unless all but one plane are of no use; in the plane of the slices that it
        learned from a network is right there, so no more can be said.
    """
    chosen = None
    if not fixed and len(default.planes) > 1 and default.fuse == "mean":
        if judges is not None and not judges:
            chosen = _only_useful(predictions, default, choose)
        else:
            chosen = _clearly_best(predictions if judges is None else judges, default, choose)
    threshold = _judged(predictions, chosen or default, choose)[0]
    return Fusion(_by_plane(chosen) if chosen else None, threshold)


def _clearly_best(
    predictions: Sequence[ReviewedPrediction],
    default: InferenceConfig,
    choose: Callable[[Callable[[float], float]], float],
) -> InferenceConfig | None:
    """Return what is clearly better than the default on these voxels, if anything is."""
    stays = _judged(predictions, default, choose)[1]
    if sum(score.tp + score.fn for score in stays) < _FEWEST:
        return None
    best, least = None, _CLEAR if len(stays) > 1 else _CLEAR_OF_ONE
    for config in _others(default):
        scores = _judged(predictions, config, choose)[1]
        gain = mean_score(scores) - mean_score(stays)
        if gain > least and paired_differences(scores, stays).certainty >= _CERTAIN:
            best, least = config, gain
    return best


def _only_useful(
    predictions: Sequence[ReviewedPrediction],
    default: InferenceConfig,
    choose: Callable[[Callable[[float], float]], float],
) -> InferenceConfig | None:
    """Return the one plane beside which all others are of no use, if there is one."""
    found = {}
    for config in _alone(default):
        found[config.planes[0]] = mean_score(_judged(predictions, config, choose)[1]), config
    best, config = max(found.values(), key=lambda pair: pair[0])
    useful = [score for score, _ in found.values() if score >= _USELESS * best]
    return config if best > 0 and len(useful) == 1 else None


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
    yield from _alone(default)
    if default.weights:
        yield default.model_copy(update={"weights": ()})


def _alone(default: InferenceConfig) -> Iterator[InferenceConfig]:
    """List each plane alone."""
    for plane in default.planes:
        yield default.model_copy(update={"planes": (Plane(plane),), "weights": ()})


def _by_plane(config: InferenceConfig) -> dict[Plane, float]:
    weights = config.weights or (1.0,) * len(config.planes)
    return {Plane(plane): weight for plane, weight in zip(config.planes, weights, strict=True)}


def _judged(
    predictions: Sequence[ReviewedPrediction],
    config: InferenceConfig,
    choose: Callable[[Callable[[float], float]], float],
) -> tuple[float, list[BlockScore]]:
    """Return the best threshold of a candidate, and its scores there."""
    fused = [_fused(prediction, config) for prediction in predictions]

    def scores(threshold: float) -> list[BlockScore]:
        pairs = zip(predictions, fused, strict=True)
        return [one.score(threshold, found) for one, found in pairs]

    threshold = choose(lambda at: mean_score(scores(at)))
    return threshold, scores(threshold)


def _fused(prediction: ReviewedPrediction, config: InferenceConfig) -> NDArray[np.uint8] | None:
    if prediction.probability is None:
        return None
    return fuse({Plane(p): prediction.planes[Plane(p)] for p in config.planes}, config)
