import numpy as np
import pytest

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import surfel_areas


@pytest.mark.parametrize("size", [(1, 1, 1), (5, 1.5, 0.7), (0.3, 2, 11)])
def test_all_areas_are_monais(size: tuple[float, float, float]) -> None:
    utils = pytest.importorskip("monai.metrics.utils")
    expected = np.asarray(utils.create_table_neighbour_code_to_surface_area(size)[0])
    np.testing.assert_allclose(surfel_areas(VoxelSize(*size)), expected, rtol=1e-6)


def test_complements_hold_the_same_surface_and_only_the_uniform_hold_none() -> None:
    areas = surfel_areas(VoxelSize(3, 2, 1))
    np.testing.assert_array_equal(areas, areas[::-1])
    assert np.flatnonzero(areas == 0).tolist() == [0, 255]


def test_the_shared_table_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        surfel_areas(VoxelSize(1, 1, 1))[0] = 1
