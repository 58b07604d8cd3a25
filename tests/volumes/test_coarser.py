import numpy as np
import pytest
import zarr

from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume
from napari_vessel.volumes._coarser import mean_of

from .source_contract import SourceContract

SHAPE = (37, 600, 29)


class TestCoarserSource(SourceContract):
    @pytest.fixture
    def expected(self):
        return np.random.default_rng(1).integers(0, 2**16, SHAPE).astype("u2")

    @pytest.fixture
    def source(self, tmp_path, expected):
        zarr.create_array(tmp_path / "a.zarr", data=expected, chunks=(8, 64, 16))
        return open_volume(tmp_path / "a.zarr").source

    def test_a_coarse_voxel_is_the_mean_of_those_it_holds(self, source, expected):
        coarse = source.read(Box.of(source.shapes[1]), 1).astype(float)
        assert source.shapes[1] == (37, 300, 29)
        mean = expected.reshape(37, 300, 2, 29).mean(axis=2)
        assert np.abs(coarse - mean).max() <= 0.5


def test_levels_go_down_until_no_edge_is_above_512(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2100, 3), "u1"))
    volume = open_volume(tmp_path / "a.npy")
    assert max(volume.shapes[-1]) <= 512


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "u8", "f2", "f4", "f8"])
def test_constant_stays_constant_and_edges_count(dtype):
    block = np.full((3, 5, 7), 100, dtype)
    coarse = mean_of(block, (2, 2, 4))
    assert coarse.shape == (2, 3, 2)
    assert coarse.dtype == block.dtype
    assert (coarse == 100).all()


def test_the_largest_values_do_not_overflow():
    block = np.full((8, 8, 8), 2**32 - 1, "u4")
    assert (mean_of(block, (8, 8, 8)) == 2**32 - 1).all()
