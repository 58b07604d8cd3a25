import nrrd
import numpy as np
import pytest
import SimpleITK

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box
from napari_vessel.volumes import VolumeOptions, open_volume

from .source_contract import SourceContract, truth


def whole(volume):
    return volume.read(Box.of(volume.shape))


def write(path, data, **header):
    nrrd.write(str(path), data.T, header or {"encoding": "raw"})
    return path


class TestNrrdSource(SourceContract):
    @pytest.fixture(params=["raw", "gzip", "bzip2", "detached", "big"])
    def source(self, tmp_path, request):
        kind = request.param
        if kind == "detached":
            write(tmp_path / "a.nhdr", truth(), encoding="raw")
            return open_volume(tmp_path / "a.nhdr").source
        encoding = "raw" if kind == "big" else kind
        data = truth(">u2" if kind == "big" else "u2")
        return open_volume(write(tmp_path / "a.nrrd", data, encoding=encoding)).source


def test_what_simpleitk_wrote_has_its_voxels_size_and_place(tmp_path):
    image = SimpleITK.GetImageFromArray(truth())
    image.SetSpacing((0.02, 0.03, 0.05))
    image.SetOrigin((1, 2, 3))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nrrd"))
    volume = open_volume(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(whole(volume), truth())
    assert volume.voxel_size.zyx == pytest.approx((50, 30, 20))
    assert volume.origin_um == pytest.approx((3000, 2000, 1000))


def test_units_are_told_or_asked(tmp_path):
    directions = {"space directions": np.diag([2.0, 3.0, 5.0]), "space dimension": 3}
    told = write(tmp_path / "a.nrrd", truth(), **directions, **{"space units": ["um"] * 3})
    assert open_volume(told).voxel_size.zyx == (5, 3, 2)
    assert open_volume(told).voxel_size_known
    assert not open_volume(write(tmp_path / "b.nrrd", truth(), **directions)).voxel_size_known


def test_a_channel_can_be_chosen(tmp_path):
    data = truth(shape=(5, 6, 7, 2))
    write(tmp_path / "a.nrrd", data, kinds=["vector", "domain", "domain", "domain"])
    volume = open_volume(tmp_path / "a.nrrd", VolumeOptions(channel=1))
    np.testing.assert_array_equal(whole(volume), data[..., 1])


def test_text_is_refused(tmp_path):
    write(tmp_path / "a.nrrd", truth(), encoding="ascii")
    with pytest.raises(UnsupportedVolumeError, match=r"'(ascii|text|txt)'"):
        open_volume(tmp_path / "a.nrrd")


@pytest.mark.parametrize("name", ["../secret.raw", "/etc/passwd", "LIST", "s%03d.raw 1 3 1", ".."])
def test_voxels_outside_of_the_folder_are_refused(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(10**5))
    path = write(tmp_path / "in" / "a.nhdr", truth(), encoding="raw")
    text = path.read_text().replace("data file: a.raw", f"data file: {name}")
    path.write_text(text)
    with pytest.raises(UnsupportedVolumeError, match="beside it"):
        open_volume(path)


def test_a_link_to_another_place_is_not_followed(tmp_path):
    path = write(tmp_path / "a.nhdr", truth(), encoding="raw")
    (tmp_path / "a.raw").rename(tmp_path / "elsewhere")
    (tmp_path / "a.raw").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReadError, match="not beside it"):
        open_volume(path)


@pytest.mark.parametrize("part", [0.001, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_a_cut_file_is_named(tmp_path, encoding, part):
    path = write(tmp_path / "a.nrrd", truth(), encoding=encoding)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(VesselError, match=r"a\.nrrd"):
        whole(open_volume(path))


def test_garbled_headers_are_refused_in_words(tmp_path):
    path = write(tmp_path / "a.nrrd", truth(), encoding="raw", spacings=[2.0, 3.0, 5.0])
    content = path.read_bytes()
    end = content.index(b"\n\n")
    random = np.random.default_rng(3)
    for _ in range(300):
        garbled = bytearray(content)
        for at in random.integers(4, end, 3):
            garbled[at] = random.integers(0, 256)
        path.write_bytes(garbled)
        try:
            open_volume(path)
        except VesselError as error:
            assert "a.nrrd" in str(error)
