import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.volumes import mask_of, probability_u8

EVERY_BYTE = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.3, 0.5, 0.999, 1.0])
def test_a_mask_is_what_reaches_the_threshold_but_never_a_zero(threshold):
    expected = (threshold <= EVERY_BYTE / 255) & (EVERY_BYTE > 0)

    mask = mask_of(EVERY_BYTE, threshold)

    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, expected)


def test_a_probability_reaches_itself_as_a_threshold():
    for byte in range(1, 256):
        assert mask_of(EVERY_BYTE, byte / 255).sum() == 256 - byte


@pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan")])
def test_a_threshold_outside_0_to_1_is_refused(threshold):
    with pytest.raises(CallerError, match="from 0 to 1"):
        mask_of(EVERY_BYTE, threshold)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_byte_survives_as_a_probability(dtype):
    np.testing.assert_array_equal(probability_u8((EVERY_BYTE / 255).astype(dtype)), EVERY_BYTE)


def test_what_is_no_probability_is_clipped_and_nan_is_never_vessel():
    odd = np.array([np.nan, -1, 2, np.inf, -np.inf], np.float32)

    assert probability_u8(odd).tolist() == [0, 0, 255, 255, 0]
