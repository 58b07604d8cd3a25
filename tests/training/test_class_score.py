from math import exp, isnan, log

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score

from napari_vessel.training._class_score import mean_loss, monitored

RANDOM = np.random.default_rng(0)
TRUTH = np.array([0] * 20 + [1] * 6 + [2] * 4)
RAISED = RANDOM.random((30, 3)) + 0.4 * np.eye(3)[TRUTH]
PROBABILITIES = (RAISED / RAISED.sum(1, keepdims=True)).astype(np.float32)


def test_scores_are_those_of_scikit_learn() -> None:
    found = PROBABILITIES.argmax(1)
    assert monitored("accuracy", TRUTH, PROBABILITIES) == accuracy_score(TRUTH, found)
    assert monitored("balanced_accuracy", TRUTH, PROBABILITIES) == pytest.approx(
        balanced_accuracy_score(TRUTH, found)
    )
    exact = PROBABILITIES.astype(np.float64)
    exact /= exact.sum(1, keepdims=True)
    assert monitored("auc", TRUTH, PROBABILITIES) == pytest.approx(
        roc_auc_score(TRUTH, exact, multi_class="ovr")
    )
    assert mean_loss(TRUTH, PROBABILITIES) == pytest.approx(log_loss(TRUTH, exact), abs=1e-6)


def test_a_lower_loss_is_a_higher_score_in_0_to_1() -> None:
    right = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    truth = np.array([0, 1])
    assert monitored("loss", truth, right) == pytest.approx(exp((log(0.9) + log(0.8)) / 2))
    assert monitored("loss", truth, right) > monitored("loss", truth, right[:, ::-1])


def test_certainty_of_what_is_wrong_is_a_finite_loss() -> None:
    assert np.isfinite(mean_loss(np.array([1]), np.array([[1.0, 0.0]], np.float32)))


def test_a_score_that_is_not_defined_is_nan() -> None:
    one_class = np.zeros(30, np.int64)
    assert isnan(monitored("auc", one_class, PROBABILITIES))
    assert isnan(mean_loss(np.zeros(0, np.int64), np.zeros((0, 3), np.float32)))


@pytest.mark.parametrize("monitor", ["balanced_accuracy", "auc", "accuracy", "loss"])
def test_a_network_that_says_nothing_has_no_score(monitor: str) -> None:
    spoilt = PROBABILITIES.copy()
    spoilt[3] = np.nan
    assert isnan(monitored(monitor, TRUTH, spoilt))
