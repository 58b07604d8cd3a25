import h5py
import numpy as np
import pytest

from napari_vessel.errors import CallerError, ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box
from napari_vessel.volumes import VolumeOptions, open_volume

from .source_contract import SourceContract, truth


def whole(volume):
    return volume.read(Box.of(volume.shape))


class TestHdf5Source(SourceContract):
    @pytest.fixture(params=["contiguous", "chunked", "key"])
    def source(self, tmp_path, request):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            more = {"chunks": (4, 16, 16), "compression": "gzip"}
            file.create_dataset(
                "t0/raw", data=truth(), **(more if request.param != "contiguous" else {})
            )
            if request.param == "key":
                file["other"] = truth(shape=(3, 4, 5))
        where = "a.h5::t0/raw" if request.param == "key" else "a.h5"
        return open_volume(tmp_path / where).source


def test_opening_by_key_is_kept_in_the_options(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one"], file["two"] = truth(), truth(shape=(3, 4, 5))
    volume = open_volume(tmp_path / "a.h5::/two")
    assert volume.shape == (3, 4, 5)
    again = open_volume(volume.uri, volume.options)
    assert again.fingerprint == volume.fingerprint
    assert open_volume(tmp_path / "a.h5::one").fingerprint != volume.fingerprint


def test_several_datasets_are_listed_to_choose_from(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["exported/data"], file["volume"], file["table"] = truth(), truth(), [1, 2, 3]
    with pytest.raises(UnsupportedVolumeError, match=r"FILE::KEY: volume .*exported/data"):
        open_volume(tmp_path / "a.h5")
    for key in ("nothing", "exported", "table/x"):
        with pytest.raises(UnsupportedVolumeError, match=key):
            open_volume(f"{tmp_path}/a.h5::{key}")


def test_voxel_size_and_axes_are_read_where_told(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("raw", data=truth().T)
        data.attrs["element_size_um"] = [5.0, 3.0, 2.0]
        for dimension, label in zip(data.dims, "xyz", strict=True):
            dimension.label = label
    volume = open_volume(tmp_path / "a.h5")
    assert volume.voxel_size.zyx == (5, 3, 2)
    np.testing.assert_array_equal(whole(volume), truth())


def test_a_person_can_name_the_axes(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = truth().T
    volume = open_volume(f"{tmp_path}/a.h5::axes=xyz")
    np.testing.assert_array_equal(whole(volume), truth())
    with pytest.raises(CallerError, match="names 4"):
        open_volume(f"{tmp_path}/a.h5::axes=cxyz")
    with pytest.raises(CallerError, match="expected FILE::KEY"):
        open_volume(f"{tmp_path}/a.h5::axes=q")


def test_links_out_of_the_file_are_refused(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["raw"] = truth()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["out"] = h5py.ExternalLink("secret.h5", "raw")
        file.create_dataset("raw", shape=(2, 3, 4), dtype="u1", external=[("raw.bin", 0, 24)])
        layout = h5py.VirtualLayout(shape=(11, 37, 29), dtype="u2")
        layout[...] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "raw", shape=(11, 37, 29))
        file.create_virtual_dataset("virtual", layout)
    for key in ("out", "raw", "virtual"):
        with pytest.raises(UnsupportedVolumeError, match=r"other file|another file"):
            open_volume(f"{tmp_path}/a.h5::{key}")


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9])
def test_a_cut_file_is_named(tmp_path, part):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", data=truth(), chunks=(4, 16, 16), compression="gzip")
    path = tmp_path / "a.h5"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ReadError, match=r"a\.h5"):
        whole(open_volume(path))


def test_a_damaged_chunk_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("raw", data=truth(), chunks=(4, 16, 16), compression="gzip")
        info = data.id.get_chunk_info(0)
    path = tmp_path / "a.h5"
    content = bytearray(path.read_bytes())
    content[info.byte_offset : info.byte_offset + info.size] = bytes(info.size)
    path.write_bytes(content)
    volume = open_volume(path)
    with pytest.raises(ReadError, match=r"a\.h5::raw cannot be read at 0:4,0:4,0:4"):
        volume.read(Box((0, 0, 0), (4, 4, 4)))
    np.testing.assert_array_equal(volume.read(Box((8, 0, 0), (11, 37, 29))), truth()[8:])


@pytest.mark.parametrize("dtype", ["c8", "O"])
def test_what_are_no_numbers_is_refused(tmp_path, dtype):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        kind = h5py.string_dtype() if dtype == "O" else dtype
        file.create_dataset("raw", shape=(2, 3, 4), dtype=kind)
    with pytest.raises(UnsupportedVolumeError, match="expected integers"):
        open_volume(tmp_path / "a.h5", VolumeOptions(key="raw"))


def test_garbled_files_are_refused_in_words(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("raw", data=truth(), chunks=(4, 16, 16))
    content = path.read_bytes()
    random = np.random.default_rng(3)
    for _ in range(100):
        garbled = bytearray(content)
        for at in random.integers(8, 2048, 6):
            garbled[at] = random.integers(0, 256)
        path.write_bytes(garbled)
        try:
            open_volume(path)
        except VesselError as error:
            assert "a.h5" in str(error)
