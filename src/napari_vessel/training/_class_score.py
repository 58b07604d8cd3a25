"""The one number that a classifier's best epoch is chosen by."""

from __future__ import annotations

from math import exp, nan
from typing import Literal

import numpy as np
import numpy.typing as npt

from napari_vessel.metrics import Interval, class_scores

__all__ = ["Monitor", "mean_loss", "monitored"]

Monitor = Literal["balanced_accuracy", "auc", "accuracy", "loss"]
Labels = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float32]


def mean_loss(truth: Labels, probabilities: Probabilities) -> float:
    """Return the mean cross-entropy of ``(N, K)`` probabilities, in nats; NaN of nothing."""
    if not len(truth):
        return nan
    of_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean())


def monitored(monitor: Monitor, truth: Labels, probabilities: Probabilities) -> float:
    """Return the score that ``monitor`` names; higher is better, NaN where it is not defined.

    The loss becomes the geometric mean of the probabilities of what is true, in [0, 1].
    """
    if not np.isfinite(probabilities).all():  # training diverged: no score is as bad
        return nan
    if monitor == "loss":
        return exp(-mean_loss(truth, probabilities))
    names = [str(one) for one in range(probabilities.shape[1])]
    scores = class_scores(truth, probabilities, names, draws=0)
    found: Interval = getattr(scores, monitor)
    return found.value
