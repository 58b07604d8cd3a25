"""Folders that a person names on the ladder's command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_vessel.errors import CallerError, LabelsError, VolumeNotFoundError
from napari_vessel.geometry import VoxelSize


def test_a_named_folder_is_what_a_person_says_of_it(script, folder):
    data, cells = script("ladder_data"), script("ladder_cells")
    named, told = str(folder()), data.Told(VoxelSize(5, 2, 2), "dark")
    item = data.load(named, told)
    assert (item.voxel_size, item.polarity, item.group) == (VoxelSize(5, 2, 2), "dark", "other")
    assert (item.image() > 0.5).tolist() == item.truth.tolist()
    figures = cells.compute(cells.Cell("threshold", named, 0, ""), None, (0,), told)
    assert figures["dice"] == 1  # 0.13 if it were taken as bright
    assert json.loads(json.dumps(figures))["voxel_um"] == [5, 2, 2]
    assert (figures["volume"], figures["group"]) == ("tubes", "other")


def test_a_folder_s_voxel_size_is_the_persons_then_the_manifests_then_the_files(script, folder):
    data, dark = script("ladder_data"), script("ladder_data").Told(None, "dark")
    metadata = {"axes": "ZYX", "spacing": 4.0, "unit": "um"}
    made = folder(imagej=True, resolution=(0.5, 0.5), metadata=metadata)
    assert data.load(str(made), dark).voxel_size == VoxelSize(4, 2, 2)
    entry = {"name": "tubes", "voxel_um": [3, 1, 1], "vessels": "bright"}
    (made.parent / "manifest.json").write_text(json.dumps([entry]), "utf-8")
    item = data.load(str(made))
    assert (item.voxel_size, item.polarity) == (VoxelSize(3, 1, 1), "bright")
    item = data.load(str(made), data.Told(VoxelSize(7, 7, 7), "dark"))
    assert (item.voxel_size, item.polarity) == (VoxelSize(7, 7, 7), "dark")


def test_what_is_said_of_named_folders_changes_no_item(script, folder, monkeypatch):
    data, made = script("ladder_data"), folder()
    monkeypatch.setenv("NAPARI_VESSEL_DATA", str(made.parent))
    entry = {"name": "tubes", "voxel_um": [63, 63, 63], "vessels": "dark lumen"}
    (made.parent / "manifest.json").write_text(json.dumps([entry]), "utf-8")
    item = data.load("tubes", data.Told(VoxelSize(1, 1, 1), "bright"))
    assert (item.voxel_size, item.polarity) == (VoxelSize(63, 63, 63), "dark")


def test_what_is_nowhere_said_of_a_folder_is_asked_for(script, folder):
    data, named = script("ladder_data"), str(folder())
    with pytest.raises(CallerError, match=r"tubes: its voxel size .*--voxel-size.*manifest\.json"):
        data.load(named, data.Told(None, "dark"))
    with pytest.raises(CallerError, match=r"tubes: .*dark or bright.*--vessels.*manifest\.json"):
        data.load(named, data.Told(VoxelSize(1, 1, 1)))


def test_a_folder_that_is_no_volume_with_its_truth_is_refused(script, folder, tmp_path):
    data = script("ladder_data")
    with pytest.raises(LabelsError, match=r"\(12, 40, 40\).*\(6, 40, 40\)"):
        data.load(str(folder(labels=np.zeros((6, 40, 40), np.uint8))))
    (tmp_path / "empty").mkdir()
    for name in (str(tmp_path / "empty"), "hipct3d_99_nobody"):
        with pytest.raises(VolumeNotFoundError, match=r"image\.tif is missing"):
            data.load(name)


def test_what_the_results_file_could_not_tell_apart_is_refused(script, folder):
    data, places = script("ladder_data"), script("ladder_cells").places
    one, other = str(folder("a/tubes")), str(folder("b/tubes"))
    told = data.Told(VoxelSize(2, 2, 2), "dark")
    with pytest.raises(CallerError, match="Several folders are called tubes"):
        places([one, other], told, [])
    kept = {"volume": "tubes"} | places([one], told, [])[one].as_kept()
    old = {"volume": "tubes"}  # older lines do not say what they were told
    assert list(places([one], told, [kept, old])) == [one]
    with pytest.raises(CallerError, match=r"tubes.*\[2, 2, 2\].*bright"):
        places([one], data.Told(VoxelSize(2, 2, 2), "bright"), [kept])
