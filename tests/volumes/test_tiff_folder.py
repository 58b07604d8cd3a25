import shutil

import numpy as np
import pytest
import tifffile

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume

from .source_contract import SourceContract, truth


def write(folder, data, name="{:04}.tif", **options):
    folder.mkdir(parents=True, exist_ok=True)
    for z, slice_ in enumerate(data):
        tifffile.imwrite(folder / name.format(z), slice_, **options)
    return folder


class TestTiffFolderSource(SourceContract):
    @pytest.fixture(params=[{}, {"compression": "zlib"}, {"byteorder": ">", "bigtiff": True}])
    def source(self, tmp_path, request):
        return open_volume(write(tmp_path / "kidney ü 🫘", truth(), **request.param)).source

    def test_slices_keep_their_names(self, source):
        assert list(source.names) == [f"{z:04}.tif" for z in range(11)]

    def test_a_read_touches_only_its_own_slices(self, source, expected):
        for name in source.names[:5]:
            (source._folder / name).unlink()
        box = Box((5, 0, 0), (11, 37, 29))
        np.testing.assert_array_equal(source.read(box, 0), expected[5:])


def test_slices_are_in_natural_order(tmp_path):
    data = truth(shape=(12, 5, 6))
    volume = open_volume(write(tmp_path / "s", data, name="-slice {}.TIF"))
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), data)


def test_the_competitions_layout_opens_by_its_parent(tmp_path):
    write(tmp_path / "kidney_1_dense" / "images", truth())
    write(tmp_path / "kidney_1_dense" / "labels", truth() * 0)
    volume = open_volume(tmp_path / "kidney_1_dense")
    assert volume.read(Box.of(volume.shape)).any()
    assert volume.uri.endswith("images")


def test_opening_reads_no_voxels(tmp_path):
    folder = write(tmp_path / "s", truth(), compression="zlib")
    for path in folder.iterdir():
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            spans = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        content = bytearray(path.read_bytes())
        for start, count in spans:
            content[start : start + count] = bytes(count)
        path.write_bytes(content)
    volume = open_volume(folder)
    assert volume.shape == (11, 37, 29)
    assert volume.pyramid()[0].shape == volume.shape
    with pytest.raises(ReadError, match=r"Slice 3 .*0003\.tif"):
        volume.read(Box((3, 0, 0), (4, 5, 5)))


def test_other_files_beside_the_slices_do_not_matter(tmp_path):
    folder = write(tmp_path / "s", truth())
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "._0001.tif").write_bytes(b"x")
    assert open_volume(folder).shape == (11, 37, 29)


def test_a_missing_slice_is_named(tmp_path):
    folder = write(tmp_path / "s", truth())
    (folder / "0004.tif").unlink()
    with pytest.raises(UnsupportedVolumeError, match=r"slice 4 is missing after '0003\.tif'"):
        open_volume(folder)


def test_mixed_sizes_name_both_files_and_shapes(tmp_path):
    folder = write(tmp_path / "s", truth())
    tifffile.imwrite(folder / "0007.tif", truth()[0, :30])
    with pytest.raises(UnsupportedVolumeError) as caught:
        open_volume(folder)
    for part in ("0007.tif", "0000.tif", "30 × 29", "37 × 29"):
        assert part in str(caught.value)


def test_mixed_types_are_refused(tmp_path):
    folder = write(tmp_path / "s", truth())
    tifffile.imwrite(folder / "0007.tif", truth("u1")[0])
    with pytest.raises(UnsupportedVolumeError, match=r"uint8.*uint16"):
        open_volume(folder)


def test_colour_slices_are_refused_with_advice(tmp_path):
    folder = write(tmp_path / "s", truth("u1", (3, 8, 9, 3)), photometric="rgb")
    with pytest.raises(UnsupportedVolumeError, match=r"colour.*Convert"):
        open_volume(folder)


def test_stacks_in_a_folder_are_not_slices(tmp_path):
    folder = write(tmp_path / "s", truth(shape=(2, 5, 8, 9)), photometric="minisblack")
    with pytest.raises(UnsupportedVolumeError, match="5 pages"):
        open_volume(folder)


def test_one_slice_is_a_volume_of_one_slice(tmp_path):
    data = truth(shape=(1, 8, 9))
    volume = open_volume(write(tmp_path / "s", data))
    np.testing.assert_array_equal(volume.read(Box.of((1, 8, 9))), data)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_cut_slice_is_named_on_opening(tmp_path, part, compression):
    folder = write(tmp_path / "s", truth(), compression=compression)
    path = folder / "0006.tif"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises((ReadError, UnsupportedVolumeError), match=r"0006\.tif"):
        open_volume(folder)


def test_a_moved_folder_keeps_its_fingerprint_and_a_changed_one_does_not(tmp_path):
    folder = write(tmp_path / "s", truth(), compression="zlib")
    before = open_volume(folder).fingerprint
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert open_volume(moved).fingerprint == before
    tifffile.imwrite(moved / "0003.tif", truth()[0] * 0, compression="zlib")
    assert open_volume(moved).fingerprint != before


def test_coarse_levels_cost_one_slice_each(tmp_path, monkeypatch):
    data = np.zeros((70, 1100, 4), "u1")
    data[3, ::2] = 200
    source = open_volume(write(tmp_path / "s", data)).source
    reads = []
    monkeypatch.setattr(source._finest._cache, "_load", lambda z: reads.append(z) or data[z])
    coarse = source.array(1)[1].compute()
    assert reads == [3]
    np.testing.assert_array_equal(coarse, np.full((550, 4), 100))
