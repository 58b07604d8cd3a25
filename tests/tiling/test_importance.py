import numpy as np
import pytest

from napari_vessel.tiling import importance_map


@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (32, 512), (2048, 2048)])
def test_every_pixel_counts_the_middle_most(shape: tuple[int, int]) -> None:
    weights = importance_map(*shape)
    assert weights.shape == shape
    assert weights.dtype == np.float32
    assert (weights > 0).all()
    assert weights.max() == weights[shape[0] // 2, shape[1] // 2]


def test_importance_is_the_same_from_every_side() -> None:
    weights = importance_map(32, 32)
    for turned in (weights.T, weights[::-1], weights[:, ::-1]):
        np.testing.assert_array_equal(turned, weights)
