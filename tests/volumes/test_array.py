import dask.array as da
import numpy as np
import pytest
import zarr

from napari_vessel.errors import CallerError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import VolumeOptions, volume_of_array

from .source_contract import SourceContract, truth


class TestArraySource(SourceContract):
    @pytest.fixture(params=["numpy", "big-endian", "transposed", "dask", "zarr", "levels"])
    def source(self, request, tmp_path):
        data = truth()
        given = {
            "numpy": lambda: data,
            "big-endian": lambda: data.astype(">u2"),
            "transposed": lambda: np.ascontiguousarray(data.T).T,
            "dask": lambda: da.from_array(data, chunks=(5, 16, 16)),
            "zarr": lambda: zarr.create_array(tmp_path / "a.zarr", data=data, chunks=(5, 16, 16)),
            "levels": lambda: [da.from_array(data), da.from_array(data[::2, ::2, ::2])],
        }
        return volume_of_array(given[request.param]()).source


def test_the_layers_voxel_size_is_taken(tmp_path):
    volume = volume_of_array(truth(), voxel_size=VoxelSize(5, 1, 1), uri="layer")
    assert volume.voxel_size == VoxelSize(5, 1, 1)
    assert volume.voxel_size_known
    assert not volume_of_array(truth()).voxel_size_known


@pytest.mark.parametrize("shape", [(5, 6), (2, 3, 4, 5), (1, 1, 2, 3, 4)])
def test_other_numbers_of_axes_are_refused(shape):
    with pytest.raises(UnsupportedVolumeError, match=f"layer is {len(shape)}-D"):
        volume_of_array(np.zeros(shape), uri="layer")


def test_a_channel_can_be_chosen():
    data = truth(shape=(3, 4, 5, 6))
    volume = volume_of_array(data, options=VolumeOptions(channel=2))
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), data[2])


@pytest.mark.parametrize("given", [[], None, "text", 3])
def test_what_is_no_array_is_refused(given):
    with pytest.raises(CallerError, match="no array"):
        volume_of_array(given)


def test_levels_in_the_wrong_order_are_refused():
    with pytest.raises(UnsupportedVolumeError, match="finest first"):
        volume_of_array([truth()[::2, ::2, ::2], truth()])


def test_other_voxels_have_another_fingerprint():
    assert volume_of_array(truth()).fingerprint == volume_of_array(truth()).fingerprint
    assert volume_of_array(truth()).fingerprint != volume_of_array(truth() + 1).fingerprint


def test_a_huge_virtual_array_opens_with_its_true_size():
    volume = volume_of_array(da.zeros((40_000, 40_000, 40_000), dtype="u2", chunks=256))
    assert volume.nbytes == 2 * 40_000**3
    assert volume.read(Box((9, 9, 9), (10, 11, 12))).shape == (1, 2, 3)
