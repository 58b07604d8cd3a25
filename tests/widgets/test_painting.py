"""A real mouse on the canvas: what the journal holds equals a model in plain numpy."""

import numpy as np
import pytest
from napari.layers.labels._labels_utils import interpolate_coordinates
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box, Plane

pytestmark = pytest.mark.gui


@pytest.fixture
def canvas(opened, qtbot):
    viewer, _ = opened
    native = viewer.window._qt_viewer.canvas.native
    qtbot.waitUntil(lambda: native.width() > 200)
    qtbot.wait(100)
    return native


def pixel(viewer, canvas, layer, voxel):
    """Where a voxel is on the canvas, in pixels."""
    camera = viewer.scene.camera
    world = np.asarray(layer.data_to_world(voxel))
    shown = list(viewer.dims.displayed)
    offset = (world[shown] - np.asarray(camera.center)[-2:]) * camera.zoom
    middle = np.array([canvas.height(), canvas.width()]) / 2
    row, column = np.round(middle + offset).astype(int)
    return QPoint(int(column), int(row))


def drag(viewer, canvas, layer, voxels, button=Qt.MouseButton.LeftButton):
    """Press at the first voxel, move over the others and release; the voxels really hit."""
    hit = []
    layer.mouse_drag_callbacks.insert(0, recorder(hit))
    points = [pixel(viewer, canvas, layer, voxel) for voxel in voxels]
    QTest.mousePress(canvas, button, Qt.KeyboardModifier.NoModifier, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        QTest.qWait(5)
    QTest.mouseRelease(canvas, button, Qt.KeyboardModifier.NoModifier, points[-1])
    layer.mouse_drag_callbacks.pop(0)
    return hit


def recorder(hit):
    def record(layer, event):
        hit.append(np.asarray(layer.world_to_data(event.position)))
        yield
        while event.type == "mouse_move":
            hit.append(np.asarray(layer.world_to_data(event.position)))
            yield

    return record


def swept(shape, hit, size, axis):
    """Discs along the path of the mouse, in plain numpy; brush sizes in voxels."""
    grid, covered = np.indices(shape), np.zeros(shape, bool)
    painted = [a for a in range(3) if a != axis]
    before = hit[0]
    for point in hit:
        for c in interpolate_coordinates(before, point, size):
            centre = np.round(c).astype(int)
            far = sum((grid[a] - centre[a]) ** 2 for a in painted)
            covered |= (far <= (size // 2 + 0.5) ** 2) & (grid[axis] == centre[axis])
        before = point
    return covered


def journalled(dock):
    """Close, and replay what is on the disk."""
    shape, folder = dock.session.volume.shape, dock.session.project.journal
    dock.shut()
    corrections = Corrections.open(folder, shape, read_only=True)
    try:
        return corrections.overlay.read(Box.of(shape))
    finally:
        corrections.close()


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_strokes_of_the_mouse_in_any_plane_are_in_the_journal(opened, canvas, order):
    viewer, dock = opened
    viewer.dims.order = order
    viewer.reset_view()
    QTest.qWait(100)
    layer, expected = dock.desk.link.labels, np.zeros(dock.session.volume.shape, np.uint8)
    middle = [n // 2 for n in expected.shape]
    for axis in range(3):
        viewer.dims.set_current_step(axis, middle[axis])
    layer.brush_size = 4
    for mode, value, (start, stop) in (("paint", 2, (-4, 4)), ("erase", 1, (-1, 2))):
        dock.correct.tools[mode].click()
        path = []
        for step in range(start, stop + 1):
            voxel = list(middle)
            voxel[order[2]] += step
            voxel[order[1]] += step // 3
            path.append(voxel)
        hit = drag(viewer, canvas, layer, path)
        assert len(hit) >= len(path)
        expected[swept(expected.shape, hit, 4, order[0])] = value
    assert (expected == 1).any()
    assert (expected == 2).any()
    np.testing.assert_array_equal(np.asarray(layer.data) != 0, expected == 2)
    np.testing.assert_array_equal(journalled(dock), expected)


def test_a_drag_is_one_step_to_undo_by_key(opened, canvas, qtbot):
    viewer, dock = opened
    layer = dock.desk.link.labels
    dock.correct.tools["paint"].click()
    drag(viewer, canvas, layer, [(6, 20, 20), (6, 20, 25), (6, 25, 25)])
    drag(viewer, canvas, layer, [(6, 10, 10), (6, 12, 12)])
    both = np.asarray(layer.data).sum()
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    one = np.asarray(layer.data).sum()
    assert 0 < one < both
    shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(canvas, Qt.Key.Key_Z, shift)
    assert np.asarray(layer.data).sum() == both
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not journalled(dock).any()


def test_keys_act_while_the_dock_is_open_and_not_after(opened, canvas, qtbot):
    viewer, dock = opened
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(canvas, Qt.Key.Key_A, shift)
    assert dock.session.reviewed == 40 * 48
    QTest.keyClick(canvas, Qt.Key.Key_Q)
    assert not dock.desk.link.labels.visible
    QTest.keyClick(canvas, Qt.Key.Key_Q)
    assert dock.desk.link.labels.visible
    QTest.keyClick(canvas, Qt.Key.Key_P, shift)
    qtbot.waitUntil(lambda: dock.session.activities["predict"].state == "done")
    viewer.window.remove_dock_widget(dock)
    QTest.keyClick(canvas, Qt.Key.Key_Q)
    assert viewer.layers["Vessels"].visible


def test_a_proposal_that_arrives_under_the_brush_is_shown_after_the_stroke(opened, canvas, qtbot):
    viewer, dock = opened
    layer = dock.desk.link.labels
    dock.correct.tools["erase"].click()
    points = [pixel(viewer, canvas, layer, (6, 6, x)) for x in (10, 20)]
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(canvas, button, none, points[0])
    dock.predict.start()
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("predict"))
    assert not np.asarray(layer.data).any()
    QTest.mouseMove(canvas, points[1])
    QTest.mouseRelease(canvas, button, none, points[1])
    mask = np.asarray(layer.data)
    assert mask[0, 4:9].all()
    assert not mask[6, 6, 10:21].any()


def test_the_plane_of_a_stroke_is_the_one_on_screen(opened, canvas):
    viewer, dock = opened
    asked = []
    begin = dock.session.begin_stroke
    dock.session.begin_stroke = lambda tool, plane: (
        asked.append((tool, plane)),
        begin(tool, plane),
    )
    viewer.dims.order = (2, 0, 1)
    viewer.reset_view()
    QTest.qWait(50)
    dock.correct.tools["fill"].click()
    drag(viewer, canvas, dock.desk.link.labels, [(6, 20, 24)])
    assert asked == [("fill", Plane.YZ)]
    del dock.session.begin_stroke
