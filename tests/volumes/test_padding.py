import numpy as np
import pytest

from napari_vessel.volumes._padding import measured

TISSUE = np.random.default_rng(0).normal(20_000, 300, 5000)


@pytest.mark.parametrize("padding", [0, 65_535])
def test_a_frequent_value_far_off_is_padding(padding):
    values = np.concatenate([TISSUE, np.full(900, padding)]).astype("u2")
    np.testing.assert_array_equal(measured(values), values != padding)


def test_a_dark_background_is_measured():
    values = np.concatenate([np.zeros(5000), np.arange(1, 200)])
    assert measured(values).all()


def test_a_rare_value_is_measured():
    assert measured(np.append(TISSUE, 0)).all()


def test_nan_and_infinity_are_not_measured_whatever_else():
    values = np.array([np.nan, np.inf, 1, 2, 3])
    np.testing.assert_array_equal(measured(values), [False, False, True, True, True])
    assert not measured(np.full(4, np.nan)).any()


def test_what_is_all_of_one_value_or_two_is_measured():
    assert measured(np.full(9, 7)).all()
    assert measured(np.repeat([0, 900], 50)).all()
