import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from napari_vessel.training import augment


@given(seed=some.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_an_augmented_patch_stays_in_range_with_its_labels_on_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = (rng.random((32, 32)) < 0.05).astype(np.float32)
    image = (0.2 + 0.6 * label).astype(np.float32)
    varied, (turned,) = augment(image, (label,), rng)
    assert varied.dtype == np.float32
    assert varied.min() >= 0
    assert varied.max() <= 1
    if 0 < label.sum() < label.size:
        assert varied[turned > 0].mean() > varied[turned == 0].mean()
    assert turned.sum() == label.sum()


@given(seed=some.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_an_image_below_zero_stays_there_for_its_sign_says_its_polarity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = -rng.random((32, 32)).astype(np.float32)
    varied, _ = augment(image, (image,), rng)
    assert varied.dtype == np.float32
    assert varied.min() >= -1
    assert varied.max() <= 0


def test_the_same_numbers_give_the_same_patch() -> None:
    image = np.random.default_rng(1).random((16, 16)).astype(np.float32)
    first, second = (augment(image, (image,), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])


def test_the_patch_given_is_left_alone() -> None:
    image = np.random.default_rng(1).random((16, 16)).astype(np.float32)
    before = image.copy()
    for seed in range(20):
        augment(image, (image,), np.random.default_rng(seed))
    np.testing.assert_array_equal(image, before)
