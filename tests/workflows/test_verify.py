import json

import numpy as np
import pytest
import tifffile

from napari_vessel.errors import ReadError
from napari_vessel.workflows import WORKFLOWS, Export, Verify

FORMATS = {
    "ome-zarr": "m.ome.zarr",
    "ome-zarr-0.4": "m.ome.zarr",
    "tiff": "m",
    "tiff-stack": "m.tif",
    "nifti": "m.nii.gz",
    "nrrd": "m.nrrd",
    "rle": "m.csv",
}


@pytest.fixture
def mask(tmp_path):
    data = (np.random.default_rng(1).random((12, 30, 31)) < 0.2).astype("u1")
    tifffile.imwrite(tmp_path / "in.tif", data, imagej=True, resolution=(0.1, 0.1),
                     metadata={"spacing": 5.0, "unit": "um"})  # fmt: skip
    return tmp_path / "in.tif"


def export(mask, out, fmt):
    list(WORKFLOWS["export"](Export(str(mask), out, fmt)))
    return out


def verified(out, against=None):
    *_, last = WORKFLOWS["verify"](Verify(out, against))
    return last


@pytest.mark.parametrize("fmt", sorted(FORMATS))
def test_an_export_is_sound_and_of_its_mask(tmp_path, mask, fmt):
    result = verified(export(mask, tmp_path / FORMATS[fmt], fmt), str(mask))
    assert result.sound
    assert result.document["format"].startswith(fmt)
    assert result.vessel_voxels == np.count_nonzero(tifffile.imread(mask))


@pytest.mark.parametrize("fmt", ["tiff-stack", "rle", "nifti"])
def test_one_voxel_that_changed_is_noticed(tmp_path, mask, fmt):
    out = export(mask, tmp_path / FORMATS[fmt].removesuffix(".gz"), fmt)
    if fmt == "tiff-stack":
        data = tifffile.imread(out)
        data[3, 4, 5] ^= 255
        tifffile.imwrite(out, data, imagej=True)
    elif fmt == "nifti":
        content = bytearray(out.read_bytes())
        content[-1000] ^= 1
        out.write_bytes(content)
    else:
        lines = out.read_text().splitlines()
        lines[4] = lines[4].partition(",")[0] + ",1 0"
        out.write_text("\n".join(lines) + "\n")
    result = verified(out)
    assert not result.sound
    assert any("not those that were exported" in problem for problem in result.problems)


def test_an_export_of_another_mask_is_told(tmp_path, mask):
    out = export(mask, tmp_path / "m.nrrd", "nrrd")
    data = tifffile.imread(mask)
    data[0, 0, 0] ^= 1
    tifffile.imwrite(tmp_path / "other.tif", data, imagej=True)
    result = verified(out, str(tmp_path / "other.tif"))
    assert not result.sound
    assert "another by now" in result.problems[0]


def test_a_voxel_size_that_changed_is_told(tmp_path, mask):
    out = export(mask, tmp_path / "m.nrrd", "nrrd")
    out.write_bytes(out.read_bytes().replace(b"(0,0,0.005)", b"(0,0,0.006)"))
    assert "Its voxels are" in verified(out).problems[0]


def test_without_a_crate_nothing_is_said_to_be_sound(tmp_path, mask):
    out = export(mask, tmp_path / "m.nrrd", "nrrd")
    (tmp_path / "m.nrrd-ro-crate-metadata.json").unlink()
    with pytest.raises(ReadError, match="is not there"):
        verified(out)


def test_the_crate_names_the_libraries_and_the_mask(tmp_path, mask):
    document = verified(export(mask, tmp_path / "m.nrrd", "nrrd")).document
    assert document["recipe"]["mask"] == "in.tif"
    assert document["recipe"]["fingerprint"]
    assert json.dumps(document)
