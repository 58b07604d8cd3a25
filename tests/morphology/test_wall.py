"""Laws of a wall that is fitted to the image, on shapes of known truth."""

import numpy as np
import pytest
from scipy.ndimage import label

from napari_vessel.morphology import lumen_likelihood, reached_from

SHAPE = (15, 40, 60)
CUBE = (1.0, 1.0, 1.0)
HALF = 128


def tube():
    z, y, _ = np.indices(SHAPE)
    return (z - 7) ** 2 + (y - 20) ** 2 <= 25


def core():
    z, y, x = np.indices(SHAPE)
    return ((z - 7) ** 2 + (y - 20) ** 2 <= 2) & (x > 20) & (x < 40)


def image(lumen, around, noise=0.04):
    grain = np.random.default_rng(0).normal(0, noise, SHAPE)
    return (np.where(tube(), lumen, around) + grain).astype(np.float32)


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (one.sum() + other.sum())


@pytest.mark.parametrize(("lumen", "around"), [(0.2, 0.7), (0.7, 0.2)])
@pytest.mark.parametrize("background", [20, 40])
def test_brightness_finds_the_wall_where_the_network_saw_it_faintly(lumen, around, background):
    probability = np.where(tube(), 90, background).astype(np.uint8)
    found = lumen_likelihood(image(lumen, around), probability, core(), CUBE) >= HALF
    assert dice(found, tube()) > 0.95
    assert not (probability >= HALF).any()


def test_where_brightness_tells_nothing_the_threshold_of_the_network_is_left():
    probability = np.random.default_rng(1).integers(0, 256, SHAPE).astype(np.uint8)
    even = np.full(SHAPE, 0.5, np.float32)
    found = lumen_likelihood(even, probability, core(), CUBE, threshold=0.3) >= HALF
    np.testing.assert_array_equal(found, probability >= round(0.3 * 255))


def test_part_of_the_vessel_among_its_surroundings_does_not_mislead():
    probability = np.full(SHAPE, 3, np.uint8)
    likelihood = lumen_likelihood(image(0.2, 0.7), probability, core(), CUBE)
    assert likelihood[tube()].min() > likelihood[~tube()].max()


def test_what_is_reached_is_connected_with_the_seeds_at_every_threshold():
    rng = np.random.default_rng(2)
    likelihood = rng.integers(0, 256, (12, 20, 20)).astype(np.uint8)
    seeds = np.zeros(likelihood.shape, bool)
    seeds[6, 10, 10:13] = True
    reached = reached_from(likelihood, seeds)
    for value in (40, 120, 200, 240):
        labels, _ = label(likelihood >= value, np.ones((3, 3, 3)))
        ours = np.setdiff1d(labels[seeds], [0])
        np.testing.assert_array_equal(reached >= value, np.isin(labels, ours))
