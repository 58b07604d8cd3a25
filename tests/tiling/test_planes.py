import numpy as np
import pytest

from napari_vessel.geometry import Plane
from napari_vessel.tiling import block_of, slices_of


@pytest.mark.parametrize("plane", Plane)
def test_a_block_comes_back_from_its_slices_as_a_view(plane: Plane) -> None:
    block = np.arange(2 * 3 * 5).reshape(2, 3, 5)
    slices = slices_of(block, plane)
    back = block_of(slices, plane)
    np.testing.assert_array_equal(back, block)
    assert np.shares_memory(slices, block)
    assert np.shares_memory(back, block)


@pytest.mark.parametrize("plane", Plane)
def test_slices_have_the_rows_and_columns_of_their_plane(plane: Plane) -> None:
    block = np.arange(2 * 3 * 5).reshape(2, 3, 5)
    slices = slices_of(block, plane)
    axes = (plane.normal, plane.rows, plane.columns)
    assert slices.shape == tuple(block.shape[axis] for axis in axes)
    np.testing.assert_array_equal(slices[1], block.take(1, axis=plane.normal))
