import numpy as np
import pytest
import tifffile

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import VolumeOptions, open_volume

from .source_contract import SourceContract, truth

LAYOUTS = {
    "contiguous": {},
    "big-endian": {"byteorder": ">"},
    "bigtiff": {"bigtiff": True, "byteorder": ">"},
    "compressed": {"compression": "zlib"},
    "compressed big-endian": {"compression": "zlib", "byteorder": ">", "bigtiff": True},
    "tiled": {"compression": "zlib", "tile": (16, 16)},
    "no description": {"metadata": None},
    "predictor": {"compression": "zstd", "predictor": True},
}


class TestTiffStackSource(SourceContract):
    @pytest.fixture(params=list(LAYOUTS))
    def source(self, tmp_path, request):
        tifffile.imwrite(tmp_path / "naïve stack.tif", truth(), **LAYOUTS[request.param])
        return open_volume(tmp_path / "naïve stack.tif").source


def whole(path, **options):
    volume = open_volume(path, VolumeOptions(**options))
    return volume.read(Box.of(volume.shape))


# What tifffile writes for an array of three or four slices, unless told otherwise.
AS_PLANES = {"photometric": "rgb", "planarconfig": "separate"}


@pytest.mark.parametrize("slices", [3, 4])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("kind", [AS_PLANES, {"imagej": True}, {"photometric": "minisblack"}])
def test_a_few_slices_are_not_taken_for_colour(tmp_path, slices, compression, dtype, kind):
    data = truth(dtype, (slices, 20, 30))
    tifffile.imwrite(tmp_path / "a.tif", data, compression=compression, **kind)
    np.testing.assert_array_equal(whole(tmp_path / "a.tif"), data)


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30, 4), (5, 20, 30, 3)])
def test_colour_is_refused_with_advice(tmp_path, shape):
    tifffile.imwrite(tmp_path / "a.tif", truth("u1", shape), photometric="rgb")
    with pytest.raises(UnsupportedVolumeError, match=r"colour.*Convert"):
        open_volume(tmp_path / "a.tif")


def test_one_plain_slice_is_refused_with_advice(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", truth()[0])
    with pytest.raises(UnsupportedVolumeError, match=r"2-D.*one slice"):
        open_volume(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_volume_of_one_slice_is_a_volume(tmp_path, compression):
    tifffile.imwrite(tmp_path / "a.tif", truth()[:1], compression=compression)
    np.testing.assert_array_equal(whole(tmp_path / "a.tif"), truth()[:1])


@pytest.mark.parametrize("part", [0.05, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", [
    {}, {"compression": "zlib"}, {"imagej": True}, {"compression": "zlib", "metadata": None},
    {"bigtiff": True, "compression": "zlib"}, {"metadata": None}, {"tile": (16, 16)},
])  # fmt: skip
def test_a_cut_stack_is_named_and_never_shorter(tmp_path, part, kind):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, truth(), **kind)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises((ReadError, UnsupportedVolumeError), match=r"a\.tif"):
        whole(path)


@pytest.mark.parametrize("pages", [1, 4, 10])
def test_a_stack_cut_between_two_pages_is_not_a_shorter_one(tmp_path, pages):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, truth(), compression="zlib", metadata=None)
    with tifffile.TiffFile(path) as tiff:
        end = tiff.pages[pages].offset
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ReadError, match=r"a\.tif is cut or damaged: invalid page offset"):
        open_volume(path)


def test_opening_reads_no_voxels_and_a_damaged_page_is_named(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, truth(), compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        spans = [(p.dataoffsets[0], p.databytecounts[0]) for p in tiff.pages]
    content = bytearray(path.read_bytes())
    for start, count in spans:
        content[start : start + count] = bytes(count)
    path.write_bytes(content)
    volume = open_volume(path)
    assert volume.shape == (11, 37, 29)
    with pytest.raises(ReadError, match=r"Page 4 of .*a\.tif"):
        volume.read(Box((4, 0, 0), (5, 3, 3)))


def test_imagejs_voxel_size_is_read(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", truth(), imagej=True, resolution=(1 / 1.5, 1 / 2.5),
        metadata={"axes": "ZYX", "spacing": 5.0, "unit": "um"},
    )  # fmt: skip
    volume = open_volume(tmp_path / "a.tif")
    assert volume.voxel_size.zyx == pytest.approx((5, 2.5, 1.5))
    assert volume.voxel_size_known


def test_omes_voxel_size_is_read(tmp_path):
    metadata = {
        "axes": "ZYX", "PhysicalSizeZ": 0.005, "PhysicalSizeZUnit": "mm",
        "PhysicalSizeY": 1.5, "PhysicalSizeX": 1500, "PhysicalSizeXUnit": "nm",
    }  # fmt: skip
    tifffile.imwrite(tmp_path / "a.ome.tif", truth(), ome=True, metadata=metadata)
    volume = open_volume(tmp_path / "a.ome.tif")
    assert volume.voxel_size == VoxelSize(5, 1.5, 1.5)
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), truth())


def test_without_z_the_voxel_size_is_not_known(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", truth(), resolution=(100, 100), resolutionunit="CENTIMETER"
    )
    assert not open_volume(tmp_path / "a.tif").voxel_size_known


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(("axes", "kind"), [("ZCYX", {"imagej": True}), ("CZYX", {"ome": True})])
def test_a_channel_is_chosen_by_number(tmp_path, axes, kind, compression):
    data = truth(shape=(5, 2, 20, 30)) if axes == "ZCYX" else truth(shape=(2, 5, 20, 30))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, metadata={"axes": axes}, compression=compression, **kind)
    with pytest.raises(UnsupportedVolumeError, match=r"2 channels; choose one of 0 to 1"):
        open_volume(path)
    expected = np.take(data, 1, axis=axes.index("C"))
    np.testing.assert_array_equal(whole(path, channel=1), expected)


def test_time_points_are_refused(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", truth(shape=(2, 5, 20, 30)), imagej=True, metadata={"axes": "TZYX"}
    )
    with pytest.raises(UnsupportedVolumeError, match="2 time points"):
        open_volume(tmp_path / "a.tif")


def test_four_axes_without_names_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", truth(shape=(2, 5, 20, 30)), photometric="minisblack")
    with pytest.raises(UnsupportedVolumeError, match="choose the channel"):
        open_volume(tmp_path / "a.tif")


def test_pages_of_different_size_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(truth()[0])
        writer.write(truth()[0, :20])
    with pytest.raises(UnsupportedVolumeError, match="different size or type"):
        open_volume(tmp_path / "a.tif")


def test_complex_voxels_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", truth().astype("c8"))
    with pytest.raises(UnsupportedVolumeError, match="complex64"):
        open_volume(tmp_path / "a.tif")


def test_bits_read_as_zero_and_one(tmp_path):
    data = truth() % 2 == 1
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
    found = whole(tmp_path / "a.tif")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, data)


def test_garbage_after_the_magic_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0" + bytes(range(200)))
    with pytest.raises((ReadError, UnsupportedVolumeError), match=r"a\.tif"):
        open_volume(tmp_path / "a.tif")
