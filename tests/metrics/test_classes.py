import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from napari_vessel.errors import LabelsError
from napari_vessel.metrics import class_scores

Drawn = tuple[NDArray[np.int64], NDArray[np.float64]]


@st.composite
def judged(draw: st.DrawFn) -> Drawn:
    """Draw truth and probabilities, with ties and classes that do not occur."""
    classes = draw(st.integers(2, 4))
    count = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    truth = rng.integers(0, draw(st.integers(1, classes)), count)
    raw = rng.integers(1, 5, (count, classes)).astype(float)
    return truth, raw / raw.sum(axis=1, keepdims=True)


def same(found: float, expected: float) -> None:
    assert found == pytest.approx(expected, nan_ok=True)


@given(judged())
@settings(max_examples=40, deadline=None)
def test_every_score_is_scikit_learns(drawn: Drawn) -> None:
    truth, probabilities = drawn
    count = probabilities.shape[1]
    found = class_scores(truth, probabilities, [f"c{at}" for at in range(count)], draws=2)
    predicted = probabilities.argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(found.accuracy.value, sk.accuracy_score(truth, predicted))
        same(found.balanced_accuracy.value, sk.balanced_accuracy_score(truth, predicted))
        labels = list(range(count))
        matrix = sk.confusion_matrix(truth, predicted, labels=labels)
        np.testing.assert_array_equal(found.matrix, matrix)
        for average, row in (("macro", found.macro), ("weighted", found.weighted)):
            values = sk.precision_recall_fscore_support(
                truth, predicted, labels=labels, average=average, zero_division=np.nan
            )
            for value, expected in zip((row.precision, row.recall, row.f1), values, strict=False):
                same(value, expected)
        per_class = sk.precision_recall_fscore_support(
            truth, predicted, labels=labels, zero_division=np.nan
        )
    for at, row in enumerate(found.per_class):
        for value, expected in zip((row.precision, row.recall, row.f1), per_class, strict=False):
            same(value, expected[at])
        own = truth == at
        same(row.auc, sk.roc_auc_score(own, probabilities[:, at]) if 0 < own.mean() < 1 else np.nan)
    if len(np.unique(truth)) == count:
        scores = probabilities[:, 1] if count == 2 else probabilities
        same(found.auc.value, sk.roc_auc_score(truth, scores, multi_class="ovr"))


@given(judged(), st.integers(0, 100))
@settings(max_examples=10, deadline=None)
def test_the_intervals_are_of_scikit_learns_scores_of_redrawn_samples(
    drawn: Drawn, seed: int
) -> None:
    truth, probabilities = drawn
    count = probabilities.shape[1]
    found = class_scores(truth, probabilities, list(range(count)), draws=20, seed=seed)  # type: ignore[arg-type]
    random = np.random.default_rng(seed)
    weights = random.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), 20)
    balanced, areas = [], []
    for weight in weights:
        again = np.repeat(np.arange(len(truth)), weight)
        true, given_ = truth[again], probabilities[again]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            balanced.append(sk.balanced_accuracy_score(true, given_.argmax(axis=1)))
        columns = [1] if count == 2 else range(count)
        each = [
            sk.roc_auc_score(true == c, given_[:, c]) for c in columns if 0 < (true == c).mean() < 1
        ]
        areas.append(np.mean(each) if each else np.nan)
    low, high = np.quantile(balanced, [0.025, 0.975])
    same(found.balanced_accuracy.low, low)
    same(found.balanced_accuracy.high, high)
    known = [area for area in areas if not np.isnan(area)]
    if known and not math.isnan(found.auc.value):
        same(found.auc.low, np.quantile(known, 0.025))


def test_where_all_samples_are_of_one_class_the_area_is_undefined_and_not_0() -> None:
    found = class_scores([1, 1], [[0.2, 0.8], [0.6, 0.4]], ("a", "b"))
    assert math.isnan(found.auc.value)
    assert found.accuracy.value == 0.5
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values["auc"] is None
    assert values["intervals"]["auc"] == [None, None]
    assert values["per_class"]["a"]["recall"] is None
    assert values["confusion"] == [[0, 0], [1, 1]]


def test_a_class_that_does_not_occur_has_no_part_in_the_area() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.5, 0.2, 0.3]])
    truth = np.array([0, 0, 1, 1])
    found = class_scores(truth, probabilities, "abc", draws=2)
    areas = [sk.roc_auc_score(truth == c, probabilities[:, c]) for c in (0, 1)]
    same(found.auc.value, np.mean(areas))
    same(found.macro.auc, np.mean(areas))
    assert math.isnan(found.per_class[2].auc)


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    found = class_scores([0, 1, 1], [[0.9, 0.1]] * 3, ("a", "b"))
    assert math.isnan(found.per_class[1].precision)
    assert found.per_class[1].recall == 0
    assert found.balanced_accuracy.value == 0.5


def test_whole_groups_are_redrawn() -> None:
    truth, groups = [0, 1] * 20, ["one"] * 20 + ["other"] * 20
    right = np.eye(2)[truth]
    right[20:] = right[20:, ::-1]
    alone = class_scores(truth, right, ("a", "b")).accuracy
    grouped = class_scores(truth, right, ("a", "b"), groups=groups).accuracy
    assert (grouped.low, grouped.high) == (0, 1)
    assert 0.3 < alone.low < alone.value == grouped.value == 0.5


def test_one_seed_gives_one_interval() -> None:
    rng = np.random.default_rng(0)
    truth, probabilities = rng.integers(0, 2, 40), rng.random((40, 2))
    first, second = (class_scores(truth, probabilities, "ab", seed=3) for _ in range(2))
    assert first.as_dict() == second.as_dict()
    assert first.auc != class_scores(truth, probabilities, "ab", seed=4).auc


@pytest.mark.parametrize(
    ("truth", "probabilities", "message"),
    [
        ([0, 1], [[0.5, 0.5]], r"\(2,\) true classes and \(1, 2\)"),
        ([], np.zeros((0, 2)), "at least one sample"),
        ([0, 2], [[0.5, 0.5]] * 2, "0 to 1"),
        ([-1, 0], [[0.5, 0.5]] * 2, "Leave out samples without one"),
        ([0.0, 1.0], [[0.5, 0.5]] * 2, "float64"),
        ([0, 1], [[np.nan, 0.5], [0.5, 0.5]], "NaN"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    truth: list[int], probabilities: list[list[float]], message: str
) -> None:
    with pytest.raises(LabelsError, match=message):
        class_scores(truth, probabilities, ("a", "b"))
