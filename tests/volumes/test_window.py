import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pydantic import ValidationError

from napari_vessel.volumes import IntensityWindow, WindowConfig

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i8", "u8", "f2", "f4", "f8"]


@given(st.sampled_from(DTYPES).flatmap(lambda d: arrays(d, array_shapes(min_dims=1, max_dims=3))))
def test_every_array_maps_into_zero_to_one(array):
    mapped = IntensityWindow.of(array).apply(array)
    assert mapped.dtype == np.float32
    assert mapped.shape == array.shape
    assert ((mapped >= 0) & (mapped <= 1)).all()
    if array.dtype.kind == "f":
        assert not mapped[~np.isfinite(array)].any()


def test_percentiles_become_zero_and_one():
    window = IntensityWindow.of(np.arange(1001), WindowConfig(low_percent=10, high_percent=90))
    assert (window.low, window.high) == (100, 900)
    np.testing.assert_allclose(window.apply(np.array([0, 100, 500, 900, 1000])), [0, 0, 0.5, 1, 1])


def test_nan_and_infinity_do_not_count():
    array = np.array([np.nan, np.inf, -np.inf, *range(201)])
    assert IntensityWindow.of(array) == IntensityWindow.of(np.arange(201))


@pytest.mark.parametrize("array", [np.full((3, 4), 7), np.full(5, np.nan), np.zeros(0), [np.inf]])
def test_nothing_to_tell_apart_maps_to_zero(array):
    assert not IntensityWindow.of(np.asarray(array)).apply(np.asarray(array)).any()


def test_a_few_bright_voxels_on_nothing_still_show():
    array = np.zeros(10_000, "u2")
    array[:3] = 900
    assert IntensityWindow.of(array).apply(array)[:3].all()


def test_the_array_given_is_left_alone():
    array = np.arange(10.0, dtype="f4")
    IntensityWindow(low=2, high=5).apply(array)
    np.testing.assert_array_equal(array, np.arange(10.0))


def test_a_window_upside_down_is_refused():
    with pytest.raises(ValidationError):
        IntensityWindow(low=2, high=1)
    with pytest.raises(ValidationError):
        WindowConfig(low_percent=60, high_percent=40)


@given(st.sampled_from(DTYPES).flatmap(lambda d: arrays(d, array_shapes(min_dims=1, max_dims=3))))
def test_a_saturated_window_lies_in_the_window_and_keeps_its_lower_end(array):
    window = IntensityWindow.of(array)
    saturated = window.saturated(array)
    assert saturated.low == window.low
    assert window.low <= saturated.high <= window.high


def test_dim_vessels_become_as_white_as_the_brightest_and_tissue_stays_dark():
    rng = np.random.default_rng(0)
    tissue, dim, bright = rng.normal(60, 10, 90_000), np.full(8000, 500.0), np.full(2000, 3000.0)
    grey = np.concatenate([tissue, dim, bright])
    window = IntensityWindow.of(grey)
    assert window.apply(dim).max() < 0.2
    saturated = window.saturated(grey)
    assert saturated.apply(dim).min() > 0.4
    assert saturated.apply(tissue).mean() < 0.1


def test_where_vessels_are_few_the_noise_of_tissue_is_not_made_white():
    rng = np.random.default_rng(0)
    grey = np.append(rng.normal(500, 100, 100_000), np.full(100, 1500.0))
    window = IntensityWindow.of(grey)
    assert window.saturated(grey) == window
