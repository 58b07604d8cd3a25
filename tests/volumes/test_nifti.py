import gzip

import nibabel
import numpy as np
import pytest

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import VolumeOptions, open_volume

from .source_contract import SourceContract, truth


def write(
    path, data, *, kind=nibabel.Nifti1Image, zooms=(0.02, 0.03, 0.05), unit="mm", affine=None
):
    """Write zyx voxels as NIfTI, whose axes are x, y, z."""
    image = kind(data.T, np.diag([*zooms, 1.0]) if affine is None else affine)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, path)
    return path


class TestNiftiSource(SourceContract):
    @pytest.fixture(params=["a.nii", "a b.nii.gz", "2.nii"])
    def source(self, tmp_path, request):
        kind = nibabel.Nifti2Image if request.param == "2.nii" else nibabel.Nifti1Image
        return open_volume(write(tmp_path / request.param, truth(), kind=kind)).source


def whole(volume):
    return volume.read(Box.of(volume.shape))


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000), ("micron", 1), ("meter", 1e6)])
def test_voxel_size_and_origin_are_those_of_the_file(tmp_path, unit, factor):
    affine = np.diag([0.02, 0.03, 0.05, 1.0])
    affine[:3, 3] = 1, 2, 3
    volume = open_volume(write(tmp_path / "a.nii", truth(), unit=unit, affine=affine))
    assert volume.voxel_size.zyx == pytest.approx([0.05 * factor, 0.03 * factor, 0.02 * factor])
    assert volume.voxel_size_known
    assert volume.origin_um == pytest.approx((3 * factor, 2 * factor, 1 * factor))


@pytest.mark.parametrize("code", [0, 5])  # unknown, and one that the format does not have
def test_a_size_without_a_unit_is_asked_of_the_person(tmp_path, code):
    path = write(tmp_path / "a.nii", truth())
    content = bytearray(path.read_bytes())
    content[123] = code  # xyzt_units
    path.write_bytes(content)
    volume = open_volume(path)
    assert not volume.voxel_size_known
    assert volume.voxel_size == VoxelSize(50.0, 30.0, 20.0)


def test_a_turned_world_leaves_voxels_as_they_are_stored(tmp_path):
    affine = np.array([[0, -0.02, 0, 5], [0.03, 0, 0, 6], [0, 0, 0.05, 7], [0, 0, 0, 1.0]])
    volume = open_volume(write(tmp_path / "a.nii", truth(), affine=affine))
    np.testing.assert_array_equal(whole(volume), truth())
    assert volume.origin_um == (0, 0, 0)


@pytest.mark.parametrize("dtype", ["u1", "i1", ">i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8"])
def test_every_type_reads_as_written(tmp_path, dtype):
    data = truth(dtype)
    image = nibabel.Nifti1Image(data.T, np.eye(4), dtype=dtype)
    nibabel.save(image, tmp_path / "a.nii")
    found = whole(open_volume(tmp_path / "a.nii"))
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(found, data)


def test_a_slope_and_intercept_are_applied(tmp_path):
    image = nibabel.Nifti1Image(truth("i2").T, np.eye(4))
    image.header.set_slope_inter(0.5, -10)
    nibabel.save(image, tmp_path / "a.nii")
    expected = np.asarray(nibabel.load(tmp_path / "a.nii").dataobj).T
    np.testing.assert_allclose(whole(open_volume(tmp_path / "a.nii")), expected, rtol=1e-6)


def test_a_channel_can_be_chosen(tmp_path):
    data = truth(shape=(2, 5, 6, 7))
    write(tmp_path / "a.nii", data, affine=np.eye(4))
    volume = open_volume(tmp_path / "a.nii", VolumeOptions(channel=1))
    np.testing.assert_array_equal(whole(volume), data[1])
    with pytest.raises(UnsupportedVolumeError, match="2 time points"):
        open_volume(tmp_path / "a.nii")


@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_cut_file_is_named_and_never_shorter(tmp_path, name, part):
    path = write(tmp_path / name, truth())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(VesselError, match=r"a\.nii"):
        whole(open_volume(path))


def test_a_packed_file_that_promises_less_than_it_holds_fills_no_disk(tmp_path):
    path = write(tmp_path / "a.nii.gz", truth())
    head = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(head + bytes(10**7)))
    np.testing.assert_array_equal(whole(open_volume(path)), truth())


def test_a_packed_file_that_does_not_fit_the_disk_is_refused(tmp_path, monkeypatch):
    volume = open_volume(write(tmp_path / "a.nii.gz", truth()))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(ReadError, match="free"):
        whole(volume)


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_colour_and_complex_numbers_are_refused(tmp_path, dtype):
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), dtype), np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(UnsupportedVolumeError, match="expected integers"):
        open_volume(tmp_path / "a.nii")


def test_garbled_headers_are_refused_in_words(tmp_path):
    path = write(tmp_path / "a.nii", truth())
    content = path.read_bytes()
    random = np.random.default_rng(3)
    for _ in range(200):
        garbled = bytearray(content)
        for at in random.integers(0, 348, 4):
            garbled[at] = random.integers(0, 256)
        path.write_bytes(garbled)
        try:
            open_volume(path)
        except VesselError as error:
            assert "a.nii" in str(error)
