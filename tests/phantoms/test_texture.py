import numpy as np
import pytest

from napari_vessel.phantoms._texture import correlated_noise, rings, specks, streaks, tissue_texture

SHAPE = (24, 40, 31)


@pytest.mark.parametrize("scale", [0.6, 1.0, 3.0, 10.0, 100.0])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 40, 7), SHAPE])
def test_noise_has_the_shape_asked_for_and_is_finite(scale, shape):
    noise = correlated_noise(shape, scale, np.random.default_rng(0))
    assert noise.shape == shape
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()


def test_wider_noise_differs_less_from_voxel_to_voxel():
    steps = [
        np.abs(np.diff(correlated_noise((48, 48, 48), s, np.random.default_rng(1)), axis=2)).mean()
        for s in (1.0, 3.0, 9.0)
    ]
    assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize("make", [rings, streaks])
def test_artefacts_are_the_same_in_every_slice(make):
    assert make(SHAPE, np.random.default_rng(2)).shape == (1, *SHAPE[1:])


def test_specks_keep_within_one():
    grey = specks(SHAPE, np.random.default_rng(3))
    assert np.abs(grey).max() <= 1
    assert (grey < 0).any()


def test_texture_is_centred_on_nothing():
    grey = tissue_texture((48, 48, 48), np.random.default_rng(4))
    assert abs(grey.mean()) < 0.3
    assert 0.3 < grey.std() < 2
