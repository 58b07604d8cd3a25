"""Quick tools in a real window: real clicks and keys, what the corrections are afterwards."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.action_manager import action_manager
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_vessel.annotation import BACKGROUND, VESSEL
from napari_vessel.geometry import Box
from napari_vessel.widgets._tool_list import TOOLS

pytestmark = pytest.mark.gui

SHAPE = (12, 40, 48)
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
TUBE = (slice(2, 11), slice(10, 15), slice(5, 40))
SPECK = (slice(5, 8), slice(28, 33), slice(20, 26))


@pytest.fixture
def work(opened, qtbot):
    """The dock with a tube and a speck proposed; the canvas."""
    viewer, dock = opened
    probability = np.zeros(SHAPE, np.uint8)
    probability[1:12, 8:17, 5:40] = 70
    probability[TUBE], probability[SPECK] = 220, 180
    dock.session._work.view.put(Box.of(SHAPE), probability)
    dock.session.set_threshold(0.5)
    native = viewer.window._qt_viewer.canvas.native
    qtbot.waitUntil(lambda: native.width() > 200)
    viewer.dims.set_current_step(0, 6)
    qtbot.wait(150)
    return viewer, dock, native


def pixel(viewer, canvas, layer, voxel):
    camera = viewer.scene.camera
    world = np.asarray(layer.data_to_world(voxel))
    shown = list(viewer.dims.displayed)
    offset = (world[shown] - np.asarray(camera.center)[-2:]) * camera.zoom
    row, column = np.round(np.array([canvas.height(), canvas.width()]) / 2 + offset).astype(int)
    return QPoint(int(column), int(row))


def drag(work, voxels, modifier=NONE):
    viewer, dock, canvas = work
    points = [pixel(viewer, canvas, dock.desk.link.labels, voxel) for voxel in voxels]
    QTest.mousePress(canvas, LEFT, modifier, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        QTest.qWait(5)
    QTest.mouseRelease(canvas, LEFT, modifier, points[-1])


def wheel(canvas, point, notches=-1):
    where = QPointF(point)
    turned = QPoint(0, 120 * notches)
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(where, where, QPoint(), turned, LEFT, NONE, phase, False)
    QApplication.sendEvent(canvas, event)


def press(work, key, modifier=NONE):
    QTest.keyClick(work[2], getattr(Qt.Key, f"Key_{key}"), modifier)


def settled(dock, qtbot):
    qtbot.waitUntil(
        lambda: not dock.desk.jobs.running("tool") and not dock.correct.quick.hand._waiting
    )


def codes(dock):
    return dock.session.corrections.overlay.read(Box.of(SHAPE))


def seen(dock):
    return np.asarray(dock.desk.link.labels.data) != 0


def test_every_tool_has_a_key_that_napari_does_not_use_on_a_labels_layer(work):
    mine = [tool.key for tool in TOOLS]
    assert len(set(mine)) == len(mine)
    here = (ViewerModel, *Labels.__mro__)
    napari = {
        str(key)
        for name, action in action_manager._actions.items()
        if action.keymapprovider in here
        for key in action_manager._shortcuts[name]
    }
    assert {"P", "E", "V", "Alt+Up"} <= napari
    assert not napari & set(mine)


def test_the_dock_lists_every_tool_with_its_key_and_a_hint(work):
    _, dock, _ = work
    quick = dock.correct.quick
    for tool in TOOLS[:-1]:
        assert f"({tool.key})" in quick.buttons[tool.name].text()
        assert quick.buttons[tool.name].toolTip() == tool.hint
    assert f"({TOOLS[-1].key})" in quick.local.keep.text()


@pytest.mark.parametrize(("key", "code"), [("K", VESSEL), ("D", BACKGROUND)])
def test_a_key_and_a_click_correct_a_whole_piece_as_one_step(work, qtbot, key, code):
    _, dock, _ = work
    press(work, key)
    drag(work, [(6, 30, 22)])
    settled(dock, qtbot)
    expected = np.zeros(SHAPE, np.uint8)
    expected[SPECK] = code
    np.testing.assert_array_equal(codes(dock), expected)
    assert "90 voxels" in dock.correct.quick.outcome.said
    press(work, "Z", Qt.KeyboardModifier.ControlModifier)
    assert not codes(dock).any()


def test_clicks_that_follow_quickly_are_all_done_in_turn_and_zoom_nothing(work, qtbot):
    viewer, dock, canvas = work
    zoom = viewer.scene.camera.zoom
    dock.correct.quick.buttons["grow"].click()
    point = pixel(viewer, canvas, dock.desk.link.labels, (6, 12, 20))
    QTest.mouseClick(canvas, LEFT, NONE, point)
    QTest.mouseDClick(canvas, LEFT, NONE, point)
    settled(dock, qtbot)
    assert viewer.scene.camera.zoom == zoom
    assert seen(dock)[6, 8:17, 20].all()
    assert dock.session.undo() is not None


def test_another_tool_puts_ours_down_and_space_does_not(work, qtbot):
    _, dock, canvas = work
    quick, layer = dock.correct.quick, dock.desk.link.labels
    press(work, "D")
    assert quick.buttons["reject"].isChecked()
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    assert str(layer.mode) == "pan_zoom"
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert layer.tool_in_hand
    assert quick.buttons["reject"].isChecked()
    press(work, "2")
    assert not layer.tool_in_hand
    assert not quick.buttons["reject"].isChecked()
    assert dock.correct.tools["paint"].isChecked()
    layer.brush_size = 1
    drag(work, [(6, 30, 22)])
    assert np.count_nonzero(codes(dock)) == 1


def test_the_vessel_brush_paints_what_belongs_and_with_shift_erases_so(work, qtbot):
    _, dock, _ = work
    layer = dock.desk.link.labels
    dock.session.set_threshold(0.95)  # the tube is not shown: it is to be painted
    assert not seen(dock).any()
    press(work, "U")
    layer.brush_size = 12
    drag(work, [(6, 12, 15), (6, 12, 20), (6, 12, 30)])
    qtbot.waitUntil(lambda: codes(dock).any())
    qtbot.waitUntil(lambda: not layer.in_stroke)
    painted = codes(dock)[6] == VESSEL
    assert painted[10:15, 15:30].mean() > 0.95
    assert not painted[:8].any()
    assert not painted[17:].any()
    assert (codes(dock)[4:9, 12, 20] == VESSEL).all()
    assert not codes(dock)[[3, 9]].any()
    assert not codes(dock)[4:9, :8].any()
    drag(work, [(6, 12, 20)], SHIFT)
    qtbot.waitUntil(lambda: BACKGROUND in codes(dock))
    assert not (codes(dock)[6, :8]).any()
    assert dock.session.undo() is not None
    assert dock.session.undo() is not None
    assert not codes(dock).any()


@pytest.mark.parametrize("key", ["2", "U"])
def test_a_stroke_goes_on_through_slices_as_the_wheel_turns_and_zooms_nothing(work, qtbot, key):
    viewer, dock, canvas = work
    layer, zoom = dock.desk.link.labels, viewer.scene.camera.zoom
    dock.session.tool_config = dock.session.tool_config.model_copy(update={"brush_depth": 0})
    dock.session.set_threshold(0.95)
    press(work, key)
    layer.brush_size = 5
    point = pixel(viewer, canvas, layer, (6, 12, 20))
    QTest.mousePress(canvas, LEFT, NONE, point)
    for z in (7, 8, 9):
        qtbot.waitUntil(lambda z=z: codes(dock)[z - 1, 12, 20] == VESSEL)
        wheel(canvas, point)
        assert viewer.dims.current_step[0] == z
    qtbot.waitUntil(lambda: codes(dock)[9, 12, 20] == VESSEL)
    QTest.mouseRelease(canvas, LEFT, NONE, point)
    QTest.qWait(200)  # the camera tells its zoom when the canvas was drawn
    assert viewer.scene.camera.zoom == zoom
    painted = codes(dock)
    assert (painted[6:10, 12, 20] == VESSEL).all()
    assert not painted[[5, 10]].any()
    assert len(dock.session.corrections.strokes) == 1
    wheel(canvas, point)
    assert viewer.dims.current_step[0] == 9
    qtbot.waitUntil(lambda: viewer.scene.camera.zoom != zoom)
    dock.session.undo()
    assert not codes(dock).any()


def test_the_wall_of_an_overlooked_vessel_is_fitted_by_a_click_and_moved_by_the_slider(work, qtbot):
    _, dock, _ = work
    local = dock.correct.quick.local
    press(work, "C")
    drag(work, [(6, 12, 20)])
    settled(dock, qtbot)
    assert local.isVisibleTo(dock)
    assert local.label.text() == "Wall in"
    local.slider.setValue(5)
    qtbot.waitUntil(lambda: dock.session.local_threshold.threshold == 0.05)
    wide = seen(dock).sum()
    local.slider.setValue(95)
    qtbot.waitUntil(lambda: dock.session.local_threshold.threshold == 0.95)
    assert seen(dock).sum() < wide
    press(work, "Y")
    settled(dock, qtbot)
    assert dock.session.corrections.strokes[0].tool == "fit wall"
    assert dock.session.undo() is not None
    assert not codes(dock).any()


def test_a_rectangle_is_drawn_while_the_box_is_dragged_and_stays_until_it_is_kept(work, qtbot):
    viewer, dock, canvas = work
    layer, preview = dock.desk.link.labels, dock.correct.quick.hand.preview
    press(work, "T")
    points = [pixel(viewer, canvas, layer, (6, *at)) for at in ((6, 10), (12, 15), (18, 20))]
    QTest.mousePress(canvas, LEFT, NONE, points[0])
    assert preview.layer is None
    for point, corner in zip(points[1:], ((12.5, 15.5), (18.5, 20.5)), strict=True):
        QTest.qWait(20)
        QTest.mouseMove(canvas, point)
        assert len(preview.layer.data) == 1
        np.testing.assert_allclose(np.max(preview.layer.data[0], axis=0), (6, *corner))
    assert viewer.layers.selection.active is layer
    QTest.mouseRelease(canvas, LEFT, NONE, points[-1])
    assert {shape[0, 0] for shape in preview.layer.data} == set(range(12))
    assert dock.correct.quick.local.isVisibleTo(dock)
    dock.correct.quick.local.drop.click()
    qtbot.waitUntil(lambda: preview.layer is None)
    assert "Threshold here" not in viewer.layers


def test_a_box_gets_a_threshold_that_is_seen_at_once_and_kept_by_a_key(work, qtbot):
    _, dock, _ = work
    local = dock.correct.quick.local
    assert not local.isVisible()
    before = seen(dock)
    press(work, "T")
    drag(work, [(6, 6, 10), (6, 12, 15), (6, 18, 20)])
    assert local.isVisibleTo(dock)
    local.slider.setValue(20)
    qtbot.waitUntil(lambda: 0 not in seen(dock)[6, 8:17, 12:18])
    QTest.qWait(150)
    on_screen = np.asarray(dock.desk.link.labels._slice.image.raw)
    assert (on_screen[8:17, 12:18] == 1).all()
    np.testing.assert_array_equal(seen(dock)[:, :, 22:], before[:, :, 22:])
    assert not codes(dock).any()
    press(work, "Y")
    settled(dock, qtbot)
    assert not local.isVisibleTo(dock)
    assert (codes(dock)[6, 8:17, 12:18] == VESSEL).all()
    dock.session.undo()
    np.testing.assert_array_equal(seen(dock), before)


def test_two_clicks_join_a_gap(work, qtbot):
    _, dock, _ = work
    gap = Box((0, 0, 18), (12, 20, 25))
    dock.session._work.view.probability(gap)[...] = 0
    press(work, "J")
    drag(work, [(6, 12, 16)])
    assert "other end" in dock.correct.quick.outcome.said
    drag(work, [(6, 12, 27)])
    settled(dock, qtbot)
    assert seen(dock)[6, 12, 16:28].all()
    assert dock.session.undo() is not None
    assert not codes(dock).any()


def test_two_painted_slices_are_filled_between_by_a_key(work, qtbot):
    viewer, dock, _ = work
    layer = dock.desk.link.labels
    layer.brush_size = 4
    press(work, "2")
    for z in (2, 9):
        viewer.dims.set_current_step(0, z)
        QTest.qWait(50)
        drag(work, [(z, 36, 10)])
    press(work, "I")
    settled(dock, qtbot)
    assert (codes(dock)[3:9, 36, 10] == VESSEL).all()
    assert not codes(dock)[[1, 10]].any()


def test_keys_accept_the_view_and_the_region_and_go_to_what_is_left(work, qtbot):
    viewer, dock, _ = work
    press(work, "W")
    settled(dock, qtbot)
    assert codes(dock)[6].all()
    assert not codes(dock)[5].any()
    viewer.dims.set_current_step(0, 5)
    press(work, "N")
    settled(dock, qtbot)
    assert viewer.dims.current_step[0] == 7
    press(work, "R")
    settled(dock, qtbot)
    assert dock.session.reviewed == np.prod(SHAPE)


def test_what_is_reviewed_is_outlined_also_at_the_faces_of_the_region(work, qtbot):
    viewer, dock, _ = work
    press(work, "O")
    outline = dock.correct.quick.outline
    assert dock.correct.quick.buttons["outline"].isChecked()
    assert viewer.layers.selection.active is dock.desk.link.labels
    assert not np.asarray(outline.layer._slice.image.view).any()
    press(work, "A", SHIFT)
    QTest.qWait(50)
    qtbot.waitUntil(lambda: np.asarray(outline.layer._slice.image.view).any())
    line = np.asarray(outline.layer._slice.image.view) != 0
    assert line[1, 1:-1].all()
    assert line[1:-1, -2].all()
    assert not line[5:-5, 5:-5].any()
    press(work, "O")
    assert outline.layer is None


def test_the_keys_go_with_the_dock(work):
    viewer, dock, _ = work
    viewer.window.remove_dock_widget(dock)
    layer = viewer.layers["Vessels"]
    press(work, "D")
    assert str(layer.mode) == "pan_zoom"
    assert layer.tool is None
