"""The whole loop in a real window, with the real compute process, mouse and keys.

``--screenshots DIR`` keeps a picture of each step, on the sample in its full size.
"""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.volumes import open_volume

pytestmark = [pytest.mark.gui, pytest.mark.timeout(1500)]

_PATIENCE_MS = 600_000  # liveness only: a step ends at all, on a busy machine too


@pytest.fixture
def sample(monkeypatch, shoot):
    """The sample's configuration: small, unless pictures are wanted."""
    from napari_vessel.widgets import _sample

    if not shoot.wanted:
        monkeypatch.setattr(_sample, "SHAPE", (48, 96, 96))
    return PhantomConfig(shape=_sample.SHAPE, seed=1)


def open_viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1380, 960)
    widget, dock = viewer.window.add_plugin_dock_widget("napari-vessel", "Vessels")
    viewer.window._qt_window.resizeDocks([widget], [340], Qt.Orientation.Horizontal)
    return viewer, dock


def click(dock, control):
    section = next((s for s in dock.sections if s.isAncestorOf(control)), control)
    dock.area.ensureWidgetVisible(section, 0, 0)
    dock.area.ensureWidgetVisible(control)
    QTest.qWait(20)
    assert control.isEnabled(), control.text()
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)


def wait_for(qtbot, dock, name, state="done"):
    activity = dock.session.activities
    qtbot.waitUntil(lambda: activity[name].state not in ("idle", "running"), timeout=_PATIENCE_MS)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running(name), timeout=_PATIENCE_MS)
    assert activity[name].state == state, activity[name].sentence


def go_to(viewer, index):
    viewer.dims.set_current_step(0, index)
    QTest.qWait(50)


def drag(viewer, layer, voxels):
    canvas, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    middle = np.array([canvas.height(), canvas.width()]) / 2
    points = []
    for voxel in voxels:
        world = np.asarray(layer.data_to_world(voxel))[-2:]
        row, column = np.round(middle + (world - np.asarray(camera.center)[-2:]) * camera.zoom)
        points.append(QPoint(int(column), int(row)))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        QTest.qWait(5)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])


def draw_truth(layer, truth, index):
    """Correct a slice as a person would who knows the truth: only where the mask is wrong."""
    shown = np.asarray(layer.data[index])
    wrong = np.nonzero(shown != truth[index])
    where = (np.full(len(wrong[0]), index), *wrong)
    layer.data_setitem(where, truth[where].astype(np.uint8))


def agreement(layer, truth):
    """Dice of what is shown with the truth."""
    shown = np.asarray(layer.data) != 0
    return 2 * (shown & truth).sum() / (shown.sum() + truth.sum())


def test_the_whole_loop_and_every_stroke_after_reopening(
    make_napari_viewer, qtbot, sample, shoot, tmp_path
):
    # A person who wants the veins too: the starter leaves them out, and can learn them.
    phantom = make_phantom(sample)
    truth = phantom.vessels | phantom.veins
    viewer, dock = open_viewer(make_napari_viewer)
    try:
        viewer.open_sample("napari-vessel", "kidney")
        shoot(viewer, "1-sample")
        click(dock, dock.volume.use)
        wait_for(qtbot, dock, "open")
        layer, link = dock.desk.link.labels, dock.desk.link
        shoot(viewer, "2-volume")
        if not shoot.wanted:
            dock.predict.planes.setCurrentText("XY only")
            dock.predict.views.setCurrentText("None (4 × faster)")
        click(dock, dock.predict.predict)
        qtbot.waitUntil(lambda: np.asarray(layer.data).any(), timeout=_PATIENCE_MS)
        shoot(viewer, "3-predicting")
        wait_for(qtbot, dock, "predict")
        assert np.asarray(layer.data).any()
        shoot(viewer, "4-proposal")

        # Paint and erase with the mouse.
        depth, rows, columns = truth.shape
        middle = depth // 2
        go_to(viewer, middle)
        layer.brush_size = 5
        click(dock, dock.correct.tools["paint"])
        y, x = np.argwhere(truth[middle])[0]
        drag(viewer, layer, [(middle, y, x), (middle, y + 2, x + 2)])
        assert dock.session.reviewed > 0
        painted = dock.session.reviewed
        assert layer.data[middle, int(y), int(x)] == 1
        click(dock, dock.correct.tools["erase"])
        drag(viewer, layer, [(middle, 5, 5), (middle, 5, 20)])
        assert not np.asarray(layer.data[middle, 5, 5:20]).any()
        assert dock.session.reviewed > painted
        shoot(viewer, "5-painted")

        # Correct some slices as one who knows, and accept them by key.
        canvas = viewer.window._qt_viewer.canvas.native
        for index in range(4, depth - 4, max(depth // 8, 1)):
            go_to(viewer, index)
            draw_truth(layer, truth, index)
            QTest.keyClick(canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
            np.testing.assert_array_equal(np.asarray(layer.data[index]) != 0, truth[index])
        assert dock.session.reviewed >= 5 * rows * columns
        qtbot.waitUntil(lambda: dock.session.save_state == "saved")
        shoot(viewer, "6-accepted")

        # Retrain; a network that is better is taken, and the proposal in view is made anew.
        before, least = dock.session.checkpoint, agreement(layer, truth)
        dock.retrain.minutes.setValue(2.0 if shoot.wanted else 0.5)
        click(dock, dock.retrain.retrain)
        qtbot.waitUntil(lambda: bool(dock.retrain.curve.losses), timeout=_PATIENCE_MS)
        enough = 4 if shoot.wanted else 1  # epochs that make a curve to look at
        qtbot.waitUntil(
            lambda: len(dock.retrain.curve.losses) >= enough or not dock.retrain.running,
            timeout=_PATIENCE_MS,
        )
        dock.area.ensureWidgetVisible(dock.retrain, 0, 0)
        shoot(viewer, "7-training")
        wait_for(qtbot, dock, "retrain")
        assert dock.session.checkpoint != before, dock.retrain.outcome.said
        wait_for(qtbot, dock, "predict")
        assert agreement(layer, truth) > least
        go_to(viewer, middle + 3)
        shoot(viewer, "8-refreshed")
        np.testing.assert_array_equal(np.asarray(layer.data[4]) != 0, truth[4])

        go_to(viewer, middle)
        folder = Path(tempfile.mkdtemp()) if shoot.wanted else tmp_path  # a short name to show
        out = folder / "kidney-vessels.ome.zarr"
        dock.export.path.setText(str(out))
        click(dock, dock.export.export)
        wait_for(qtbot, dock, "export")
        assert str(out) in dock.export.outcome.said
        shoot(viewer, "9-exported")
        shown, reviewed = np.asarray(layer.data), dock.session.reviewed
        exported = np.asarray(open_volume(out).pyramid()[0])
        np.testing.assert_array_equal(exported != 0, shown != 0)
        where = dock.session.project.path
        assert link.complete
    finally:
        viewer.close()
        dock.shut()
    assert not dock.session.runner.alive

    viewer, dock = open_viewer(make_napari_viewer)
    try:
        dock.volume.address.setText(str(where))
        click(dock, dock.volume.open)
        wait_for(qtbot, dock, "open")
        np.testing.assert_array_equal(np.asarray(dock.desk.link.labels.data), shown)
        assert dock.session.reviewed == reviewed
        shoot(viewer, "10-reopened")
    finally:
        viewer.close()
        dock.shut()
