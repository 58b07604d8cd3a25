"""Reader, writers and sample: what napari asks of the manifest."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest

import napari_vessel
from napari_vessel.errors import LabelsError, OutputExistsError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import open_volume, read_rle
from napari_vessel.widgets import (
    get_reader,
    make_sample,
    write_ome_zarr,
    write_rle,
    write_tiff_slices,
)
from napari_vessel.widgets._units import micrometres

LABELS = np.zeros((6, 20, 30), np.int32)
LABELS[2:4, 5:9, 7:20] = 300
META = {"name": "mine", "scale": (4.0, 2.0, 2.0), "units": ("um",) * 3}


def test_the_manifest_is_valid_and_names_what_exists():
    manifest = PluginManifest.from_file(Path(napari_vessel.__file__).with_name("napari.yaml"))
    manifest.validate_imports()
    assert manifest.contributions.keybindings is None


def test_a_volume_opens_lazily_with_its_voxel_size(tmp_path):
    write_ome_zarr(str(tmp_path / "m.ome.zarr"), LABELS, META)
    path = str(tmp_path / "m.ome.zarr")
    (data, keywords, kind), *rest = get_reader(path)(path)
    assert (kind, rest) == ("image", [])
    finest = data[0] if keywords["multiscale"] else data
    assert type(finest).__module__.startswith("dask")
    assert keywords["scale"] == (4, 2, 2)
    assert keywords["units"] == ("um",) * 3
    np.testing.assert_array_equal(np.asarray(finest) != 0, LABELS != 0)


def test_a_reader_of_npy_leaves_units_open(volume_path):
    ((_, keywords, _),) = get_reader(str(volume_path))(str(volume_path))
    assert "units" not in keywords


@pytest.mark.parametrize("name", ["notes.txt", "table.csv", "image.png", "nothing"])
def test_what_is_not_ours_is_declined(tmp_path, name):
    assert get_reader(str(tmp_path / name)) is None


def test_a_folder_of_other_things_is_declined(tmp_path):
    (tmp_path / "readme.md").write_text("no slices")
    assert get_reader(str(tmp_path)) is None
    assert get_reader([str(tmp_path)]) is None


def test_a_saved_zarr_holds_the_mask_and_its_voxel_size(tmp_path):
    (path,) = write_ome_zarr(str(tmp_path / "mask.zarr"), LABELS, META)
    volume = open_volume(path)
    assert volume.voxel_size == VoxelSize(4, 2, 2)
    np.testing.assert_array_equal(np.asarray(volume.pyramid()[0]) != 0, LABELS != 0)


def test_saved_slices_hold_the_mask_as_0_and_255(tmp_path):
    (path,) = write_tiff_slices(str(tmp_path / "mask.tiffs"), LABELS, META)
    voxels = np.asarray(open_volume(path).pyramid()[0])
    np.testing.assert_array_equal(voxels, np.where(LABELS, 255, 0))


def test_saved_run_lengths_hold_the_mask(tmp_path):
    (path,) = write_rle(str(tmp_path / "mask.csv"), LABELS, META)
    np.testing.assert_array_equal(read_rle(Path(path), LABELS.shape), LABELS != 0)


def test_the_finest_level_of_a_pyramid_is_saved(tmp_path):
    data = [LABELS, LABELS[:, ::2, ::2]]
    (path,) = write_rle(str(tmp_path / "mask.csv"), data, {**META, "multiscale": True})
    np.testing.assert_array_equal(read_rle(Path(path), LABELS.shape), LABELS != 0)


def test_saving_over_something_is_refused_and_keeps_it(tmp_path):
    write_rle(str(tmp_path / "mask.csv"), LABELS, META)
    before = (tmp_path / "mask.csv").read_bytes()
    with pytest.raises(OutputExistsError):
        write_rle(str(tmp_path / "mask.csv"), LABELS * 0, META)
    assert (tmp_path / "mask.csv").read_bytes() == before


def test_flat_labels_are_refused_in_words(tmp_path):
    with pytest.raises(LabelsError, match=r"\(20, 30\)"):
        write_rle(str(tmp_path / "mask.csv"), LABELS[0], META)


def test_a_scale_is_read_in_its_units():
    assert micrometres((1, 1, 2), ("mm", "nm", "um")) == VoxelSize(1000, 0.001, 2)
    assert micrometres((1, 1, 2), ("pixel",) * 3) is None
    assert micrometres(None, None) is None
    assert micrometres((0, 1, 1), ("um",) * 3) is None


def test_the_sample_is_a_volume_of_known_voxel_size():
    ((image, keywords, kind),) = make_sample()
    assert (image.shape, image.dtype, kind) == ((96, 192, 192), np.uint16, "image")
    assert keywords["scale"] == (50, 50, 50)


def test_the_viewer_side_imports_no_torch():
    program = """
import sys, importlib
import napari_vessel.widgets as widgets
for name in widgets.__all__:
    getattr(widgets, name)
from napari_vessel.session import Session
from napari_vessel.runner import ProcessRunner
Session(ProcessRunner())
found = [name for name in ("torch", "timm", "segmentation_models_pytorch") if name in sys.modules]
assert not found, found
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)


def test_the_reader_starts_without_torch_qt_and_napari(volume_path):
    program = f"""
import sys
from napari_vessel.widgets import get_reader
get_reader({str(volume_path)!r})({str(volume_path)!r})
found = [name for name in ("torch", "napari", "qtpy") if name in sys.modules]
assert not found, found
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)


def test_the_sections_of_the_dock_do_not_know_one_another():
    folder = Path(napari_vessel.__file__).parent / "widgets"
    sections = {path.stem: path.read_text("utf-8") for path in folder.glob("*_section.py")}
    names = [name for name in sections if name != "_section"]
    contracts = (Path(__file__).parents[2] / ".importlinter").read_text("utf-8")
    listed = contracts.partition("contract:sections")[2].split()
    assert {f"napari_vessel.widgets.{name}" for name in names} <= set(listed)
    for name in names:
        assert not [other for other in names if other != name and other in sections[name]]
