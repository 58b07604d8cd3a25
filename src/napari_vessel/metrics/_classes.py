"""How well classes are told apart; scikit-learn does the work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import LabelsError
from napari_vessel.metrics._interval import Interval, redrawn

__all__ = ["ClassRow", "ClassScores", "class_scores"]

_LEVEL = 0.95
_CELLS = 2**23  # weights of samples held at once

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """Scores of a class, or their average over classes; NaN where undefined.

    Attributes
    ----------
    precision, recall, f1
        From the class with the greatest probability.
    auc
        Of the class against the rest.
    support
        Samples.
    """

    precision: float
    recall: float
    f1: float
    auc: float
    support: int


@dataclass(frozen=True)
class ClassScores:
    """How well classes are told apart; NaN where a score is undefined.

    Attributes
    ----------
    classes
        Their names.
    accuracy, balanced_accuracy, auc
        Each with a 95 % bootstrap interval. Balanced accuracy is the mean recall of the classes
        that occur. AUC is of the second class where there are two, else the mean over the
        classes that occur of one against the rest; undefined where all samples are of one class.
    per_class
        One row for each class.
    macro, weighted
        Mean over the classes where it is defined, plain and weighted by their samples.
    matrix
        (classes, classes), samples: row truth, column prediction.
    """

    classes: tuple[str, ...]
    accuracy: Interval
    balanced_accuracy: Interval
    auc: Interval
    per_class: tuple[ClassRow, ...]
    macro: ClassRow
    weighted: ClassRow
    matrix: Labels

    def as_dict(self) -> dict[str, Any]:
        """Return all scores in JSON's types, null where undefined."""
        intervals = ("accuracy", "balanced_accuracy", "auc")
        rows = {"macro": self.macro, "weighted": self.weighted}
        return {
            "samples": int(self.matrix.sum()),
            **{name: _or_none(getattr(self, name).value) for name in intervals},
            "intervals": {name: _ends(getattr(self, name)) for name in intervals},
            **{name: _row_dict(row) for name, row in rows.items()},
            "per_class": {
                name: _row_dict(row) for name, row in zip(self.classes, self.per_class, strict=True)
            },
            "classes": list(self.classes),
            "confusion": self.matrix.tolist(),
        }


def class_scores(
    truth: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> ClassScores:
    """Score probabilities of classes.

    Parameters
    ----------
    truth : array_like of int, (samples,)
        The place of each sample's class in ``classes``.
    probabilities : array_like, (samples, classes)
        The greatest is the prediction; the first of equals.
    classes
        Names.
    groups
        Where each sample comes from: whole groups are redrawn for the intervals, since samples
        of one volume or donor are alike. None: samples by themselves.
    draws, seed
        Of the bootstrap. One seed, one result.

    Raises
    ------
    LabelsError
        If shapes do not fit, a class is unknown, a probability is not finite, or there are no
        samples.
    """
    true, scores = _checked(truth, probabilities, len(classes))
    predicted = scores.argmax(axis=1)
    rows = _rows(true, predicted, scores)
    weights = _weights(groups, len(true), draws, seed)
    drawn = _drawn(true, predicted, scores, weights)
    values = (_accuracy(true, predicted), _balanced(true, predicted), _auc(rows))
    three = [_interval(value, column) for value, column in zip(values, drawn.T, strict=True)]
    return ClassScores(
        tuple(classes), three[0], three[1], three[2], rows,
        _average(true, predicted, rows, "macro"), _average(true, predicted, rows, "weighted"),
        _matrix(true, predicted, len(classes)),
    )  # fmt: skip


def _checked(
    truth: ArrayLike, probabilities: ArrayLike, classes: int
) -> tuple[Labels, Probabilities]:
    true, scores = np.asarray(truth), np.asarray(probabilities, np.float64)
    if true.ndim != 1 or scores.shape != (len(true), classes) or not len(true) or classes < 2:
        message = (
            f"Found {true.shape} true classes and {scores.shape} probabilities; expected (n,) and "
            f"(n, {classes}), with at least one sample and two classes."
        )
        raise LabelsError(message)
    if true.dtype.kind not in "iu" or true.min() < 0 or true.max() >= classes:
        message = (
            f"True classes are {true.dtype} from {true.min()} to {true.max()}; expected the place "
            f"of each in the list of classes, 0 to {classes - 1}. Leave out samples without one."
        )
        raise LabelsError(message)
    if not np.isfinite(scores).all():
        raise LabelsError("A probability is NaN or infinite; expected numbers from 0 to 1.")
    return true.astype(np.int64), scores


def _accuracy(true: Labels, predicted: Labels) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(true, predicted))


def _balanced(true: Labels, predicted: Labels) -> float:
    from sklearn.metrics import recall_score

    occurring = np.unique(true).tolist()
    return float(recall_score(true, predicted, labels=occurring, average="macro"))


def _matrix(true: Labels, predicted: Labels, classes: int) -> Labels:
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(true, predicted, labels=range(classes)), np.int64)


def _rows(true: Labels, predicted: Labels, scores: Probabilities) -> tuple[ClassRow, ...]:
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

    classes = range(scores.shape[1])
    found = precision_recall_fscore_support(
        true, predicted, labels=list(classes), zero_division=np.nan
    )
    rows = []
    for at, (precision, recall, f1, support) in zip(classes, zip(*found, strict=True), strict=True):
        own = true == at
        defined = 0 < support < len(true)
        auc = float(roc_auc_score(own, scores[:, at])) if defined else math.nan
        rows.append(ClassRow(float(precision), float(recall), float(f1), auc, int(support)))
    return tuple(rows)


def _auc(rows: Sequence[ClassRow]) -> float:
    if len(rows) == 2:
        return rows[1].auc
    defined = [row.auc for row in rows if not math.isnan(row.auc)]
    return sum(defined) / len(defined) if defined else math.nan


def _average(true: Labels, predicted: Labels, rows: Sequence[ClassRow], average: str) -> ClassRow:
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        true, predicted, labels=list(range(len(rows))), average=average, zero_division=np.nan
    )
    weights = [row.support if average == "weighted" else 1 for row in rows]
    known = [(row.auc, w) for row, w in zip(rows, weights, strict=True) if not math.isnan(row.auc)]
    total = sum(weight for _, weight in known)
    auc = sum(value * weight for value, weight in known) / total if total else math.nan
    return ClassRow(float(precision), float(recall), float(f1), auc, len(true))


def _weights(groups: Sequence[str] | None, samples: int, draws: int, seed: int) -> Labels:
    """Return how often each sample is drawn, (draws, samples)."""
    if groups is None:
        return redrawn(samples, draws=draws, seed=seed)
    if len(groups) != samples:
        raise LabelsError(f"Found {len(groups)} groups of {samples} samples; expected one each.")
    names, place = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    return redrawn(len(names), draws=draws, seed=seed)[:, place]


def _drawn(
    true: Labels, predicted: Labels, scores: Probabilities, weights: Labels
) -> Probabilities:
    """Return accuracy, balanced accuracy and AUC of each draw, (draws, 3)."""
    step = max(_CELLS // max(len(true), 1), 1)
    parts = [
        _drawn_part(true, predicted, scores, weights[at : at + step].astype(np.float64))
        for at in range(0, len(weights), step)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, 3))


def _drawn_part(
    true: Labels, predicted: Labels, scores: Probabilities, weights: Probabilities
) -> Probabilities:
    classes = scores.shape[1]
    own = true[:, None] == np.arange(classes)
    right = (true == predicted).astype(np.float64)
    held, found = weights @ own, weights @ (own * right[:, None])
    columns = [classes - 1] if classes == 2 else range(classes)
    curves = np.stack([_weighted_auc(own[:, c], scores[:, c], weights) for c in columns], axis=1)
    recall = _ratio(found, held)
    accuracy = weights @ right / weights.sum(axis=1)
    return np.stack([accuracy, _mean(recall), _mean(curves)], axis=1)


def _weighted_auc(
    own: NDArray[np.bool_], scores: Probabilities, weights: Probabilities
) -> Probabilities:
    """Return the area under the curve of each row of weights, ties counting half."""
    order = np.argsort(scores, kind="stable")
    first = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    of_class, of_rest = (
        np.add.reduceat(weights[:, order] * which[order], first, axis=1) for which in (own, ~own)
    )
    below = np.cumsum(of_rest, axis=1) - of_rest / 2
    pairs = of_class.sum(axis=1) * of_rest.sum(axis=1)
    area = (of_class * below).sum(axis=1)
    return _ratio(area, pairs)


def _mean(values: Probabilities) -> Probabilities:
    """Return the mean of each row over what is defined."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0).sum(axis=1)
    return _ratio(total, count)


def _ratio(part: Probabilities, whole: NDArray[Any]) -> Probabilities:
    """Divide; NaN where the whole is 0."""
    out = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _interval(value: float, drawn: Probabilities) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if math.isnan(value) or len(known) == 0:
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(known, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(value, float(low), float(high))


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _ends(interval: Interval) -> list[float | None]:
    return [_or_none(interval.low), _or_none(interval.high)]


def _row_dict(row: ClassRow) -> dict[str, float | int | None]:
    scores = {name: _or_none(getattr(row, name)) for name in ("precision", "recall", "f1", "auc")}
    return {**scores, "support": row.support}
