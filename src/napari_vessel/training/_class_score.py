"""The one number that a classifier's best epoch is chosen by."""

from __future__ import annotations

from math import exp, nan
from typing import Literal

import numpy as np
import numpy.typing as npt

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
    if monitor == "loss":
        return exp(-mean_loss(truth, probabilities))
    if monitor == "auc":
        return _auc(truth, probabilities)
    right = probabilities.argmax(1) == truth
    if monitor == "accuracy":
        return float(right.mean())
    return float(np.mean([right[truth == one].mean() for one in np.unique(truth)]))


def _auc(truth: Labels, probabilities: Probabilities) -> float:
    """Return the area under the curve, the mean of each present class against the others."""
    from sklearn.metrics import roc_auc_score

    present = [one for one in np.unique(truth) if (truth != one).any()]
    areas = [roc_auc_score(truth == one, probabilities[:, one]) for one in present]
    return float(np.mean(areas)) if areas else nan
