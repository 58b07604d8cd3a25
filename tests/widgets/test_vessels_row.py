"""Flipping the polarity by a real click."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_vessel.project import Project
from napari_vessel.volumes import open_volume

pytestmark = pytest.mark.gui

SHAPE = (6, 96, 96)


@pytest.fixture
def dark(tmp_path):
    """A volume of dark vessels, as a .npy file."""
    _, y, x = np.indices(SHAPE)
    rng = np.random.default_rng(0)
    image = rng.normal(30_000, 200, SHAPE)
    for cy, cx in ((20, 20), (40, 70), (70, 30), (75, 75), (22, 60)):
        image[(y - cy) ** 2 + (x - cx) ** 2 <= 9] = 20_000
    path = tmp_path / "kidney.npy"
    np.save(path, image.astype(np.uint16))
    return path


def settle(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"), timeout=20_000)


def test_one_click_flips_and_another_flips_back(make_dock, dark, qtbot, pytestconfig):
    _, dock = make_dock()
    row = dock.volume.vessels
    assert not row.isVisible()
    dock.volume.open_path(str(dark))
    settle(dock, qtbot)
    assert row.vessels.text() == "Vessels: dark on bright (found)"
    assert "Confidence" in row.vessels.toolTip()
    if where := pytestconfig.getoption("--screenshots", None):
        dock.grab().save(f"{where}/vessels.png")
    for way, polarity in (("bright on dark", "bright"), ("dark on bright", "dark")):
        qtbot.mouseClick(row.flip, Qt.MouseButton.LeftButton)
        settle(dock, qtbot)
        assert row.vessels.text() == f"Vessels: {way} (chosen)"
        assert dock.desk.session.opened.volume.options.polarity == polarity
        assert dock.volume.options.polarity.currentData() == polarity


def test_the_project_remembers_what_was_chosen(make_dock, dark, qtbot, tmp_path):
    Project.create(tmp_path / "kidney.vessel", open_volume(dark))
    _, dock = make_dock()
    dock.volume.open_path(str(dark))
    settle(dock, qtbot)
    qtbot.mouseClick(dock.volume.vessels.flip, Qt.MouseButton.LeftButton)
    settle(dock, qtbot)
    assert Project.open(tmp_path / "kidney.vessel").config.volume.options.polarity == "bright"


def test_what_was_chosen_for_one_volume_is_no_wish_for_the_next(make_dock, dark, qtbot, tmp_path):
    other = tmp_path / "other.npy"
    np.save(other, np.load(dark))
    _, dock = make_dock()
    dock.volume.open_path(str(dark))
    settle(dock, qtbot)
    qtbot.mouseClick(dock.volume.vessels.flip, Qt.MouseButton.LeftButton)
    settle(dock, qtbot)
    dock.volume.open_path(str(other))
    settle(dock, qtbot)
    assert dock.volume.vessels.vessels.text() == "Vessels: dark on bright (found)"
    assert dock.volume.options.polarity.currentData() == "auto"


def test_what_a_hand_changed_counts_for_the_volume_that_is_opened_next(make_dock, dark, qtbot):
    _, dock = make_dock()
    options = dock.volume.options
    options.switch.setChecked(True)
    dock.area.ensureWidgetVisible(options.organ)
    qtbot.mouseClick(options.organ, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert not options.organ.isChecked()
    options.polarity.setFocus()
    qtbot.keyClick(options.polarity, Qt.Key.Key_End)
    assert options.polarity.currentData() == "bright"
    dock.volume.open_path(str(dark))
    settle(dock, qtbot)
    used = dock.session.volume.options
    assert (used.polarity, used.organ_only) == ("bright", False)
    qtbot.mouseClick(options.organ, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert options.organ.isChecked()
    dock.area.ensureWidgetVisible(dock.volume.again)
    qtbot.mouseClick(dock.volume.again, Qt.MouseButton.LeftButton)
    settle(dock, qtbot)
    qtbot.waitUntil(lambda: dock.session.volume.options.organ_only)
