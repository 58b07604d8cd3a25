import imagecodecs
import numpy as np
import pytest

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume

from .source_contract import SourceContract, truth


def whole(volume):
    return volume.read(Box.of(volume.shape))


def write(folder, data, codec="jp2", **options):
    folder.mkdir(parents=True, exist_ok=True)
    for z, slice_ in enumerate(data):
        content = imagecodecs.jpeg2k_encode(
            slice_, level=0, codecformat=codec, reversible=True, **options
        )
        (folder / f"slice_{z:04}.{codec}").write_bytes(content)
    return folder


class TestJp2FolderSource(SourceContract):
    @pytest.fixture(params=["jp2", "j2k"])
    def source(self, tmp_path, request):
        return open_volume(write(tmp_path / "s", truth(), request.param)).source

    def test_slices_keep_their_names(self, source):
        assert source.names[3].startswith("slice_0003.")


@pytest.mark.parametrize(("dtype", "bits"), [("u1", None), ("u2", 12), ("i2", None), ("u2", None)])
def test_depths_and_signs_read_as_written(tmp_path, dtype, bits):
    data = (truth(shape=(3, 20, 30)) % 4000).astype(dtype)
    options = {} if bits is None else {"bitspersample": bits}
    volume = open_volume(write(tmp_path / "s", data, **options))
    assert volume.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(whole(volume), data)


def test_opening_decodes_nothing(tmp_path):
    folder = write(tmp_path / "s", truth())
    for path in folder.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:200] + bytes(len(content) - 200))
    assert open_volume(folder).shape == (11, 37, 29)


@pytest.mark.parametrize("part", [0.0, 0.01, 0.1, 0.5])
def test_a_cut_slice_is_named(tmp_path, part):
    folder = write(tmp_path / "s", truth())
    path = folder / "slice_0004.jp2"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(VesselError, match=r"slice_0004\.jp2"):
        whole(open_volume(folder))


def test_garbage_is_named(tmp_path):
    folder = write(tmp_path / "s", truth())
    (folder / "slice_0002.jp2").write_bytes(b"garbage" * 100)
    with pytest.raises(UnsupportedVolumeError, match=r"slice_0002\.jp2 .*no JPEG 2000"):
        open_volume(folder)


def test_colour_and_mixed_sizes_are_refused(tmp_path):
    rgb = write(tmp_path / "rgb", truth("u1", (2, 8, 9, 3)))
    with pytest.raises(UnsupportedVolumeError, match="3 components"):
        open_volume(rgb)
    mixed = write(tmp_path / "mixed", truth(shape=(2, 20, 30)))
    write(tmp_path / "more", truth(shape=(3, 20, 31)))
    (tmp_path / "more" / "slice_0002.jp2").rename(mixed / "slice_0002.jp2")
    with pytest.raises(UnsupportedVolumeError, match="one size and type"):
        open_volume(mixed)


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path):
    folder = write(tmp_path / "s", truth(shape=(1, 20, 30)))
    path = folder / "slice_0000.jp2"
    content = bytearray(path.read_bytes())
    at = content.find(b"\xff\x4f\xff\x51") + 8
    content[at : at + 8] = b"\x7f\xff\xff\xff" * 2
    path.write_bytes(content)
    with pytest.raises(UnsupportedVolumeError, match=r"1 GiB|1 PiB"):
        open_volume(folder)


def test_a_slice_that_changed_under_the_viewer_is_an_error(tmp_path):
    folder = write(tmp_path / "s", truth())
    volume = open_volume(folder)
    write(folder, truth(shape=(1, 5, 6)))
    with pytest.raises(ReadError, match="its header says"):
        volume.read(Box((0, 0, 0), (1, 5, 6)))
