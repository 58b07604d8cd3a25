"""Volumes found, opened, waited for and converted from the dock."""

import os
import socket

import h5py
import nibabel
import numpy as np
import pytest
import tifffile

from napari_vessel.session import Session
from napari_vessel.volumes import _convert, open_volume

pytestmark = pytest.mark.gui


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_VESSEL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def silent():
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/kidney.zarr"


def ended(dock, qtbot, name="open"):
    qtbot.waitUntil(lambda: not dock.desk.jobs.running(name))


def test_the_atlas_is_searched_offline_and_opens_at_a_level_that_fits(
    make_dock, monkeypatch, qtbot
):
    asked = []

    def opening(self, where, options=None, **more):
        asked.append((where, options))
        yield from ()

    monkeypatch.setattr(Session, "open", opening)
    viewer, dock = make_dock()
    atlas = dock.atlas
    assert atlas.table.rowCount() == 0  # nothing is read before it is looked at
    atlas.panel.switch.setChecked(True)
    assert atlas.table.rowCount() > 300
    atlas.organ.setCurrentIndex(atlas.organ.findData("kidney"))
    atlas.whole.setChecked(True)
    atlas.words.setText("ladaf")
    assert 0 < atlas.table.rowCount() < 30
    assert all(volume.organ == "kidney" for volume in atlas.found)
    assert not atlas.open.isEnabled()
    atlas.table.selectRow(1)
    chosen = atlas.chosen
    level = atlas.level.currentData()
    assert chosen.levels[level].shape[2] <= 4096
    assert str(chosen.voxel_size_um) in atlas.told.said
    if place := os.environ.get("NAPARI_VESSEL_PICTURES"):
        viewer.window._qt_window.resize(1300, 950)
        qtbot.wait(1500)
        dock.area.ensureWidgetVisible(atlas.panel, 0, 0)
        qtbot.wait(500)
        viewer.window._qt_window.grab().save(f"{place}/atlas.png")
    atlas.open.click()
    ended(dock, qtbot)
    ((where, options),) = asked
    assert where == chosen.address
    assert options.level == level
    assert options.voxel_size.x_um == chosen.voxel_size_um


def test_an_address_that_never_answers_says_how_long_and_can_be_left(make_dock, silent, qtbot):
    _, dock = make_dock()
    dock.volume.address.setText(silent)
    dock.volume.open.click()
    qtbot.waitUntil(lambda: "gives up after 60 s" in dock.volume.outcome.said)
    assert not dock.volume.stop.isHidden()
    dock.volume.stop.click()
    ended(dock, qtbot)
    assert "Cancelled" in dock.volume.outcome.said
    assert dock.volume.open.isEnabled()


@pytest.mark.parametrize("kind", ["h5", "nii"])
def test_a_pasted_path_of_other_formats_opens(make_dock, tmp_path, qtbot, kind):
    voxels = np.random.default_rng(0).integers(100, 9000, (12, 40, 48)).astype("u2")
    if kind == "h5":
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["one"], file["two/raw"] = voxels[:3], voxels
        where = f"{tmp_path / 'a.h5'}::two/raw"
    else:
        image = nibabel.Nifti1Image(voxels.T, np.diag([0.02, 0.02, 0.05, 1]))
        image.header.set_xyzt_units("mm")
        nibabel.save(image, tmp_path / "a.nii.gz")
        where = str(tmp_path / "a.nii.gz")
    _, dock = make_dock()
    dock.volume.address.setText(where)
    dock.volume.open.click()
    qtbot.waitUntil(lambda: dock.session.volume is not None)
    ended(dock, qtbot)
    assert dock.session.volume.shape == (12, 40, 48)
    np.testing.assert_array_equal(dock.desk.link.image.data[0] if dock.desk.link.image.multiscale
                                  else dock.desk.link.image.data, voxels)  # fmt: skip


def test_a_volume_slow_from_the_side_is_offered_to_convert(make_dock, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr(_convert, "_MUCH", 0)
    voxels = np.random.default_rng(0).integers(100, 9000, (10, 64, 48)).astype("u2")
    (tmp_path / "in").mkdir()
    for z, page in enumerate(voxels):
        tifffile.imwrite(tmp_path / "in" / f"{z:04}.tif", page)
    _, dock = make_dock()
    assert dock.convert.isHidden()
    dock.volume.open_path(str(tmp_path / "in"))
    qtbot.waitUntil(lambda: dock.session.volume is not None)
    ended(dock, qtbot)
    assert not dock.convert.isHidden()
    assert "XZ, YZ" in dock.convert.hint.said
    dock.convert.convert.click()
    ended(dock, qtbot, "convert")
    out = tmp_path / "in-pyramid.ome.zarr"
    assert "Wrote" in dock.convert.outcome.said
    assert open_volume(out).shape == (10, 64, 48)
    dock.convert.open.click()
    qtbot.waitUntil(lambda: dock.session.volume.uri == str(out))
    ended(dock, qtbot)
    assert dock.convert.isHidden()


def test_the_cache_shows_its_size_and_heeds_its_limit(make_dock, qtbot):
    from napari_vessel.volumes import the_cache

    the_cache().put("ab" * 32, b"x" * 1000)
    _, dock = make_dock()
    row = dock.volume.cache
    row.switch.setChecked(True)
    assert "1 chunks" in row.told.said
    row.limit.setValue(1.5)
    row.limit.editingFinished.emit()
    assert the_cache().config.limit_gb == 1.5
    row.clear.click()
    assert the_cache().state().chunks == 0


def test_labels_inside_the_volume_are_proposed_at_the_volume(opened):
    _, dock = opened
    dock.export.format.setCurrentIndex(dock.export.format.findData("inside"))
    assert dock.export.path.text() == dock.session.volume.uri
    dock.export.format.setCurrentIndex(dock.export.format.findData("nifti"))
    assert dock.export.path.text().endswith("-vessels.nii.gz")
