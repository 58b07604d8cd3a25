"""Intervals of scores, and forecasts from a few of them."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from napari_vessel.metrics import (
    LearningCurve,
    centreline_counts,
    cldice,
    cldice_of,
    counts_interval,
    dice_of,
    fit_learning,
    redrawn,
)


def counts(n, seed=0):
    return np.random.default_rng(seed).integers(1, 50, (n, 7)).astype(float)


def test_pooled_scores_are_those_of_the_masks_together():
    rng = np.random.default_rng(0)
    a, b = (np.pad(rng.random((1, 30, 30)) > 0.6, ((0, 0), (1, 1), (1, 1))) for _ in range(2))
    found = centreline_counts(a, b)
    row = np.array(
        [0, 0, 0, found.predicted, found.predicted_inside, found.true, found.true_inside]
    )
    assert float(cldice_of(row.astype(float))) == pytest.approx(cldice(a, b))
    assert float(dice_of(np.zeros(7))) == float(cldice_of(np.zeros(7))) == 1


def test_an_interval_holds_its_value_and_shrinks_with_more_windows():
    few = counts_interval(counts(6), np.ones(6), dice_of)
    many = counts_interval(counts(600), np.ones(600), dice_of)
    for found in (few, many):
        assert found.low <= found.value <= found.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_one_window_or_none_is_no_error():
    one = counts_interval(counts(1), np.ones(1), dice_of)
    assert one.low == pytest.approx(one.value) == pytest.approx(one.high)
    assert redrawn(0).shape == (1000, 0)


def test_a_window_that_counts_double_is_as_two():
    table = counts(5)
    twice = np.concatenate([table, table[2:3]])
    weights = np.array([1, 1, 2, 1, 1.0])
    assert counts_interval(table, weights, dice_of).value == pytest.approx(
        counts_interval(twice, np.ones(6), dice_of).value
    )


@pytest.mark.parametrize("power", [0.3, 0.8])
def test_a_curve_is_found_again_and_tells_when(power):
    true = LearningCurve(0.4, 0.5, power)
    hours = np.array([0.0, 0.2, 0.5, 1.0, 2.0, 3.0])
    found = fit_learning(hours, np.array([true.score(h) for h in hours]))
    assert found.score(5) == pytest.approx(true.score(5), abs=0.02)
    target = true.score(4)
    assert found.hours_to(target) == pytest.approx(4, rel=0.3)
    assert found.hours_to(found.score(0) - 0.01) == 0


def test_a_network_that_learns_nothing_never_gets_there_and_two_points_tell_nothing():
    hours = np.array([0.0, 1.0, 2.0])
    flat = fit_learning(hours, np.array([0.8, 0.79, 0.8]))
    assert flat.hours_to(0.9) == inf
    assert fit_learning(hours[:2], np.array([0.5, 0.6])) is None
