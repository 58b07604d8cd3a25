import json

import numpy as np
import pytest
import tifffile

from napari_vessel.errors import ExportError, WriteError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import MaskSource, export_tiff_slices, export_tiff_stack
from napari_vessel.volumes import _export_tiff as module


def source_of(mask, **more):
    return MaskSource(mask.shape, VoxelSize(5.0, 1.5, 2.0), lambda b: mask[b.slices], **more)


ONES = np.ones((3, 4, 5), np.uint8)


def test_slices_are_named_like_the_input(tmp_path):
    source = source_of(ONES, names=["0001.tif", "b.TIFF", "c.png"])

    list(export_tiff_slices(source, tmp_path / "out"))

    found = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert found == ["0001.tif", "b.TIFF", "c.tif", "recipe.json", "ro-crate-metadata.json"]


def test_slices_without_names_are_numbered_from_0(tmp_path):
    list(export_tiff_slices(source_of(ONES), tmp_path / "out"))

    found = sorted(p.name for p in (tmp_path / "out").glob("*.tif"))
    assert found == ["0000.tif", "0001.tif", "0002.tif"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.tif", "b.tif"], "2 slice names for 3"),
        (["a.tif", "A.TIF", "c.tif"], "Two slices"),
        (["é.tif", "e\u0301.tif", "c.tif"], "Two slices"),
        (["a.tif", "a.png", "c.tif"], "Two slices"),
        (["a\n.tif", "b.tif", "c.tif"], "no file name"),
        (["a.tif", "x" * 252 + ".tif", "c.tif"], "longer than 255"),
        (["a.tif", "b.tif", "aux.tif"], "device"),
    ],
)
def test_slice_names_that_cannot_be_written_are_refused_first(tmp_path, names, message):
    with pytest.raises(ExportError, match=message):
        export_tiff_slices(source_of(ONES, names=names), tmp_path / "out")

    assert not list(tmp_path.iterdir())


def test_a_name_with_folders_stays_inside_the_export(tmp_path):
    names = ["../a.tif", "/b.tif", "d/c.tif"]

    list(export_tiff_slices(source_of(ONES, names=names), tmp_path / "out"))

    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert sorted(p.name for p in (tmp_path / "out").glob("*.tif")) == ["a.tif", "b.tif", "c.tif"]


@pytest.mark.parametrize("fmt", ["slices", "stack"])
def test_every_page_is_compressed_grey_and_scaled(tmp_path, fmt):
    export = {"slices": export_tiff_slices, "stack": export_tiff_stack}[fmt]
    list(export(source_of(ONES, recipe={"naïve": "é"}), tmp_path / "out"))

    files = sorted((tmp_path / "out").glob("*.tif")) if fmt == "slices" else [tmp_path / "out"]
    pages = 0
    for file in files:
        with tifffile.TiffFile(file) as tif:
            for page in tif.pages:
                assert (page.shape, page.dtype) == ((4, 5), np.uint8)
                assert page.photometric.name == "MINISBLACK"
                assert page.compression.name == "ADOBE_DEFLATE"
                per_cm = page.get_resolution("CENTIMETER")
                np.testing.assert_allclose(per_cm, (10_000 / 2.0, 10_000 / 1.5), rtol=1e-6)
                assert json.loads(page.description)["recipe"] == {"naïve": "é"}
                pages += 1
    assert pages == 3


@pytest.mark.parametrize("big", [False, True])
def test_a_stack_is_a_bigtiff_when_it_may_not_fit(tmp_path, monkeypatch, big):
    if big:
        monkeypatch.setattr(module, "_CLASSIC", 100)
    list(export_tiff_stack(source_of(ONES), tmp_path / "a.tif"))

    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert tif.is_bigtiff == big
        np.testing.assert_array_equal(tif.asarray(), ONES * 255)


def test_4_gib_of_voxels_make_a_bigtiff():
    size = VoxelSize(1, 1, 1)
    assert not module._is_big(MaskSource((1000, 1000, 1000), size, lambda b: ONES))
    assert module._is_big(MaskSource((4300, 1000, 1000), size, lambda b: ONES))
    assert module._is_big(MaskSource((2**32, 2**32, 1), size, lambda b: ONES))


def test_a_page_that_does_not_come_back_ends_the_export(tmp_path, monkeypatch):
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda page: np.zeros((4, 5), np.uint8))

    for export in (export_tiff_slices, export_tiff_stack):
        with pytest.raises(WriteError, match="does not come back"):
            list(export(source_of(ONES), tmp_path / "out"))

    assert not list(tmp_path.iterdir())
