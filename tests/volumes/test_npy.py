import numpy as np
import pytest

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box
from napari_vessel.volumes import VolumeOptions, open_volume

from .source_contract import SourceContract, truth


class TestNpySource(SourceContract):
    @pytest.fixture(params=["C", "F"])
    def source(self, tmp_path, request):
        path = tmp_path / "größe 1.npy"
        np.save(path, np.asarray(truth(), order=request.param))
        return open_volume(path).source


@pytest.mark.parametrize("dtype", ["u1", "i1", ">u2", "<i2", ">u4", "i8", "f2", ">f4", "f8", "?"])
def test_every_number_type_reads_as_its_native_self(tmp_path, dtype):
    data = (truth("u1") % 2).astype(dtype)
    np.save(tmp_path / "a.npy", data)
    volume = open_volume(tmp_path / "a.npy")
    voxels = volume.read(Box.of(volume.shape))
    np.testing.assert_array_equal(voxels, data)
    assert voxels.dtype.isnative
    assert voxels.dtype == volume.dtype
    assert volume.dtype.itemsize == np.dtype(dtype).itemsize
    assert (volume.dtype == np.uint8) if dtype == "?" else volume.dtype.kind in "iuf"


@pytest.mark.parametrize("dtype", ["c8", "c16", "U3", "M8[s]", "V4", [("a", "u1")]])
def test_what_is_no_number_is_refused(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 5), dtype))
    with pytest.raises(UnsupportedVolumeError, match="expected integers, floats or bool"):
        open_volume(tmp_path / "a.npy")


def test_objects_are_refused_and_never_unpickled(tmp_path):
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return open, (str(ran), "w")

    array = np.empty((1, 1, 1), object)
    array[0, 0, 0] = Evil()
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(UnsupportedVolumeError, match="object"):
        open_volume(tmp_path / "a.npy")
    assert not ran.exists()


@pytest.mark.parametrize("shape", [(5, 4), (7,), (2, 3, 4, 5), (1, 2, 3, 4, 5), ()])
def test_other_numbers_of_axes_are_refused_in_words(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(UnsupportedVolumeError, match=f"{len(shape)}-D"):
        open_volume(tmp_path / "a.npy")


def test_a_channel_can_be_chosen_of_four_axes(tmp_path):
    data = truth(shape=(2, 5, 6, 7))
    np.save(tmp_path / "a.npy", data)
    volume = open_volume(tmp_path / "a.npy", VolumeOptions(channel=1))
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), data[1])
    assert volume.describe()["channels"] == 2
    with pytest.raises(UnsupportedVolumeError, match="no channel 2"):
        open_volume(tmp_path / "a.npy", VolumeOptions(channel=2))


def test_no_voxels_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 0, 5)))
    with pytest.raises(UnsupportedVolumeError, match="no voxels"):
        open_volume(tmp_path / "a.npy")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_named(tmp_path, part):
    path = tmp_path / "a.npy"
    np.save(path, truth())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(ReadError, match=r"a\.npy is cut"):
        open_volume(path)


@pytest.mark.parametrize("shape", ["(4611686018427387904, 4611686018427387904, 1)", "(-3, 4, 5)"])
def test_a_shape_no_volume_has_is_refused(tmp_path, shape):
    header = f"{{'descr': '<u2', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    with pytest.raises(UnsupportedVolumeError, match="shape"):
        open_volume(path)


@pytest.mark.parametrize("size", [118, 13])  # more than there is, and all of a torso
def test_a_damaged_header_is_refused(tmp_path, size):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + bytes([size, 0]) + b"{'descr': [[[(")
    with pytest.raises(UnsupportedVolumeError, match="damaged"):
        open_volume(path)
