import numpy as np
import pytest

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.volumes._guard import check_chunks, check_shape


@pytest.mark.parametrize("shape", [(2**62, 2**62, 4), (2**20, 2**20, 2**10), [np.int64(2**62)] * 3])
def test_sizes_are_reckoned_without_overflow(shape):
    with pytest.raises(UnsupportedVolumeError, match="more than 1 PiB"):
        check_shape(shape, 2, "a")


def test_the_largest_published_organ_is_let_through():
    shape = (26_000, 17_000, 17_000)
    assert check_shape(np.asarray(shape), 2, "a") == shape
    check_chunks(shape, (64, 64, 64), 2, "a")


@pytest.mark.parametrize("shape", [(1.0, 2, 3), ("1", 2, 3), (True, 2, 3), (None, 2, 3)])
def test_edges_are_whole_numbers(shape):
    with pytest.raises(UnsupportedVolumeError, match="whole numbers"):
        check_shape(shape, 2, "a")


def test_a_chunk_is_at_most_a_gibibyte():
    check_chunks((2000, 2000, 2000), (1024, 1024, 512), 2, "a")
    with pytest.raises(UnsupportedVolumeError, match="more than 1 GiB"):
        check_chunks((2000, 2000, 2000), (1024, 1024, 513), 2, "a")
