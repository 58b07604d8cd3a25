"""The threshold and the smallest piece, by a real mouse in a real window."""

from itertools import cycle, islice

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QStyle, QStyleOptionSlider
from scipy.ndimage import gaussian_filter

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.morphology import area_opened
from napari_vessel.project import Project, default_project_path
from napari_vessel.volumes import StoreSpec, VolumeOptions, create_store, mask_of, open_volume

pytestmark = pytest.mark.gui

SHAPE = (12, 40, 48)
WHOLE = Box.of(SHAPE)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def probability():
    found = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 1.5)
    return np.clip(found / found.std() * 100, 0, 255).astype(np.uint8)


@pytest.fixture
def proposed(make_dock, volume_path, probability, qtbot):
    """A dock on a project whose proposal is there, at voxels of 2 µm; as (viewer, dock)."""
    volume = open_volume(str(volume_path), VolumeOptions(voxel_size=VoxelSize(2, 2, 2)))
    place = default_project_path(volume.uri, fingerprint=volume.fingerprint)
    project = Project.create(place, volume)
    spec = StoreSpec(shape=SHAPE, voxel_size=volume.voxel_size, attrs={"region": str(WHOLE)})
    store = create_store(project.proposals / "a.ome.zarr", spec)
    store.write("probability", WHOLE, probability)
    store.finish()
    project.update(proposal="a", threshold=0.5)
    viewer, dock = make_dock("CLEANING")
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"), timeout=20_000)
    viewer.window._qt_window.resize(1300, 950)
    dock.area.ensureWidgetVisible(dock.predict.smallest)
    qtbot.wait(100)
    return viewer, dock


def handle(slider, value=None):
    """Where the slider's handle is, or would be at ``value``."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    if value is not None:
        option.sliderPosition = option.sliderValue = value
    part = QStyle.SubControl.SC_SliderHandle
    return (
        slider.style()
        .subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider)
        .center()
    )


def shows(dock, mask):
    return np.array_equal(dock.desk.link.labels._slice.image.raw, mask)


def expected(probability, dock):
    at = round(dock.desk.link.focus().point[0])
    return mask_of(probability[at], dock.session.threshold)


def test_the_mask_follows_while_the_slider_is_dragged(proposed, probability, qtbot):
    _, dock = proposed
    slider, seen = dock.predict.threshold.slider, set()
    QTest.mousePress(slider, LEFT, NONE, handle(slider))
    for value in islice(cycle([*range(50, 85, 3), *range(85, 50, -3)]), 300):
        QTest.mouseMove(slider, handle(slider, value))
        QTest.qWait(5)  # no pause: a hand that goes on
        seen.add(dock.session.threshold)
        if len(seen) > 3:
            break
    assert len(seen) > 3
    QTest.mouseMove(slider, handle(slider, 80))
    qtbot.waitUntil(lambda: shows(dock, expected(probability, dock)))
    QTest.mouseRelease(slider, LEFT, NONE, handle(slider, 80))
    qtbot.waitUntil(lambda: dock.session.threshold == pytest.approx(slider.value() / 100))
    assert 0.75 < dock.session.threshold < 0.85
    assert dock.predict.threshold.value.text() == f"{dock.session.threshold:.2f}"
    qtbot.waitUntil(lambda: shows(dock, expected(probability, dock)))
    qtbot.waitUntil(lambda: dock.session.project.config.threshold == dock.session.threshold)


@pytest.mark.parametrize("way", ["double click", "button"])
def test_back_to_the_checkpoint_s_own_threshold(proposed, way, qtbot):
    _, dock = proposed
    row, own = dock.predict.threshold, dock.session.project.open_checkpoint().card.threshold
    assert own != dock.session.threshold
    if way == "button":
        QTest.mouseClick(row.reset, LEFT)
    else:
        QTest.mouseClick(row.slider, LEFT, NONE, QPoint(30, row.slider.height() // 2))
        QTest.mouseDClick(row.slider, LEFT, NONE, QPoint(30, row.slider.height() // 2))
    qtbot.wait(100)
    assert dock.session.threshold == own
    assert row.value.text() == f"{own:.2f}"
    qtbot.waitUntil(lambda: dock.session.project.config.threshold is None)


def test_a_smallest_piece_that_is_typed_cleans_what_is_shown(proposed, probability, qtbot):
    _, dock = proposed
    box = dock.predict.smallest
    assert box.text() == "Off"
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "480")
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dock.session.activities["predict"].state == "done", timeout=20_000)
    assert "60 voxels" in box.toolTip()
    assert box.text() == "480 µm³"
    assert "fewer than 60 voxels" in dock.predict.outcome.said
    mask = np.asarray(dock.desk.link.labels.data)
    np.testing.assert_array_equal(mask, mask_of(area_opened(probability, 60), 0.5))
    at = round(dock.desk.link.focus().point[0])
    qtbot.waitUntil(lambda: shows(dock, mask[at]))
    qtbot.waitUntil(dock.predict.predict.isEnabled)
    assert dock.predict._moving.isHidden()


def test_arrows_double_and_halve_and_clicks_that_follow_are_one_wish(proposed, qtbot):
    _, dock = proposed
    box, asked = dock.predict.smallest, []
    box.chosen.connect(asked.append)
    for _ in range(3):
        box.stepUp()
    assert box.value() == 256  # 32 voxels of 8 µm³
    box.stepDown()
    qtbot.waitUntil(lambda: asked == [128.0])
    qtbot.waitUntil(lambda: dock.session.smallest_um3 == 128, timeout=20_000)
    qtbot.waitUntil(box.isEnabled)
    for _ in range(2):
        box.stepDown()
    assert box.text() == "Off"
    qtbot.waitUntil(lambda: dock.session.smallest_um3 == 0, timeout=20_000)
    assert "All pieces" in dock.predict.outcome.said


def test_a_setting_that_is_refused_leaves_the_box_at_what_is_shown(proposed, qtbot):
    _, dock = proposed
    box = dock.predict.smallest
    dock.desk.jobs.start("predict", lambda: dock.session.clean(-1.0))
    qtbot.waitUntil(lambda: dock.session.activities["predict"].state == "failed", timeout=20_000)
    assert "Smallest piece" in dock.predict.outcome.said
    assert box.text() == "Off"
    qtbot.waitUntil(box.isEnabled)


def test_cancelled_the_box_goes_back_to_what_is_shown(proposed, probability, qtbot):
    _, dock = proposed
    box = dock.predict.smallest
    box.setValue(999_999)  # the trial workflow never ends for this one
    qtbot.waitUntil(lambda: dock.predict.bar.value() > 0, timeout=20_000)
    assert not box.isEnabled()
    QTest.mouseClick(dock.predict.stop, LEFT)
    qtbot.waitUntil(lambda: dock.session.activities["predict"].state == "cancelled")
    qtbot.waitUntil(lambda: box.text() == "Off")
    assert "as before" in dock.predict.outcome.said
    np.testing.assert_array_equal(np.asarray(dock.desk.link.labels.data), mask_of(probability, 0.5))


def test_without_a_known_voxel_size_the_smallest_piece_is_in_voxels(opened):
    _, dock = opened
    dock.predict.smallest.setValue(80)
    assert dock.predict.smallest.text() == "80 voxels"
    assert "80 voxels" in dock.predict.smallest.toolTip()
    assert "not known" in dock.predict.smallest.toolTip()


def test_nothing_of_both_is_cut_off_in_a_dock_of_400_pixels(proposed, qtbot, tmp_path, request):
    viewer, dock = proposed
    dock.setFixedWidth(400)
    dock.predict.smallest.setValue(125_000_000)
    dock.predict.smallest._settle.stop()
    qtbot.wait(100)
    row, box = dock.predict.threshold, dock.predict.smallest
    dock.area.ensureWidgetVisible(box)
    for part in (row.value, row.reset, row.slider, box):
        assert part.width() >= part.minimumSizeHint().width()
        assert not part.visibleRegion().isEmpty()
    text = box.fontMetrics().horizontalAdvance(box.text())
    assert box.lineEdit().width() >= text
    if folder := request.config.getoption("--screenshots", None):
        dock.area.ensureWidgetVisible(dock.predict.predict)
        qtbot.wait(100)
        viewer.window._qt_window.grab().save(f"{folder}/threshold.png")
