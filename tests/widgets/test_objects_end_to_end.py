"""Objects in a real window with the real compute process: marked, learned, classified, explained.

``--screenshots DIR`` keeps pictures.
"""

import csv
import tempfile
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from scipy import ndimage

from napari_vessel.datasets import ChunksData
from napari_vessel.networks import ClassifierConfig
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.runner import ProcessRunner
from napari_vessel.training import ClassifierTrainingConfig
from napari_vessel.workflows import ClassifyRun, ClassifyTrain

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.timeout(1500)]

_PATIENCE_MS = 900_000  # liveness only: a step ends at all, on a busy machine too
FINE, SICK = "not sclerotic", "globally sclerotic"
DEPTHS = (8, 24)


@pytest.fixture
def glomeruli(tmp_path, shoot):
    """A volume of 48 balls, tufted or scarred, as (path, points, which are scarred).

    Of the second half every sixth is something between.
    """
    rng = np.random.default_rng(0)
    shape = (32, 144, 184)
    image = 90 + 8 * ndimage.gaussian_filter(rng.standard_normal(shape), 2) * 4
    z, y, x = np.indices(shape)
    points, scarred = [], []
    for depth in DEPTHS:
        for row in range(4):
            for column in range(6):
                at = np.array([depth, 20 + 34 * row, 20 + 29 * column]) + rng.integers(-3, 4, 3) * [
                    0, 1, 1,
                ]  # fmt: skip
                away = np.sqrt((z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2)
                sick = bool((row + column) % 2)
                inside, rim = away < 7, (away >= 7) & (away < 9)
                tuft = ndimage.gaussian_filter(rng.standard_normal(shape), 1.2)
                share = 0.5 if depth == DEPTHS[1] and column == 5 else float(sick)
                image[inside] = (share * 150 + (1 - share) * (120 + 260 * tuft))[inside]
                image[rim] = share * 130 + (1 - share) * 50
                points.append(at)
                scarred.append(sick)
    folder = Path(tempfile.mkdtemp()) if shoot.wanted else tmp_path  # a short name to show
    path = folder / "kidney.npy"
    np.save(path, np.clip(image + rng.normal(0, 4, shape), 0, 255).astype(np.uint8))
    return path, np.array(points), np.array(scarred)


def open_dock(make_napari_viewer, name):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1380, 960)
    widget, dock = viewer.window.add_plugin_dock_widget("napari-vessel", name)
    viewer.window._qt_window.resizeDocks([widget], [360], Qt.Orientation.Horizontal)
    return viewer, dock


def click(dock, control):
    dock.area.ensureWidgetVisible(control)
    QTest.qWait(20)
    assert control.isEnabled(), control.text()
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)


def wait_for(qtbot, dock, name):
    activity = dock.session.activities
    qtbot.waitUntil(lambda: activity[name].state not in ("idle", "running"), timeout=_PATIENCE_MS)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running(name), timeout=_PATIENCE_MS)
    assert activity[name].state == "done", activity[name].sentence


def click_on(viewer, layer, voxel):
    canvas, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    middle = np.array([canvas.height(), canvas.width()]) / 2
    world = np.asarray(layer.data_to_world(voxel))[-2:]
    row, column = np.round(middle + (world - np.asarray(camera.center)[-2:]) * camera.zoom)
    at = QPoint(int(column), int(row))
    QTest.mouseMove(canvas, at)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.qWait(20)


def press(viewer, key):
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, key)
    QTest.qWait(20)


def test_from_clicks_to_a_table_with_the_real_compute_process(
    make_napari_viewer, qtbot, glomeruli, shoot, tmp_path
):
    path, points, scarred = glomeruli
    first = points[:, 0] == DEPTHS[0]
    viewer, dock = open_dock(make_napari_viewer, "Objects")
    try:
        dock.image.address.setText(str(path))
        click(dock, dock.image.open)
        qtbot.waitUntil(lambda: dock.layer.layer is not None, timeout=_PATIENCE_MS)
        wait_for(qtbot, dock, "objects")
        objects, layer = dock.session.objects, dock.layer.layer
        dock.learn.settings.edge.setValue(24)
        dock.learn.settings.epochs.setValue(12)
        dock.learn.settings.pixels.setValue(24)
        for spin in ("edge", "epochs", "pixels"):
            getattr(dock.learn.settings, spin).editingFinished.emit()
        viewer.dims.set_current_step(0, DEPTHS[0])
        QTest.qWait(100)
        for point, sick in zip(points[first], scarred[first], strict=True):
            click_on(viewer, layer, point)
            press(viewer, Qt.Key.Key_2 if sick else Qt.Key.Key_1)
        assert objects.book.counts() == {FINE: 12, SICK: 12}
        np.testing.assert_allclose(objects.book.points, points[first], atol=1)
        shoot(viewer, "objects-marked")

        table = tmp_path / "others.csv"
        rows = "\n".join(f"{z},{y},{x}" for z, y, x in points[~first])
        table.write_text(f"axis-0,axis-1,axis-2\n{rows}\n")
        dock.mark.import_points(table)
        wait_for(qtbot, dock, "objects")
        assert len(layer.data) == 48

        click(dock, dock.learn.learn)
        wait_for(qtbot, dock, "teach")
        assert dock.learn.curves.epochs
        assert dock.session.taught.adopted, dock.session.taught.sentence
        wait_for(qtbot, dock, "classify")
        right = (objects.book.predicted() == 1) == scarred
        assert right[24:][np.arange(24) % 6 < 5].mean() > 0.8
        dock.layer.set_mode("select")
        viewer.dims.set_current_step(0, DEPTHS[1])
        dock.area.ensureWidgetVisible(dock.learn, 0, 0)
        shoot(viewer, "objects-learned")

        press(viewer, Qt.Key.Key_N)
        unsure = objects.current
        assert objects.book.verdicts[objects.book.index(unsure)] is None
        press(viewer, Qt.Key.Key_2 if scarred[objects.book.index(unsure)] else Qt.Key.Key_1)
        assert objects.book.verdicts[objects.book.index(unsure)] is not None
        assert objects.current != unsure
        click(dock, dock.why.why)
        wait_for(qtbot, dock, "explain")
        assert "Why?" in viewer.layers
        dock.area.ensureWidgetVisible(dock.why, 0, 0)
        shoot(viewer, "objects-why")

        out = tmp_path / "objects.csv"
        dock.export.write_table(out)
        wait_for(qtbot, dock, "export")
        with out.open(newline="") as file:
            written = list(csv.DictReader(file))
        assert len(written) == 48
        assert {row["by"] for row in written} == {objects.person, "classifier"}
    finally:
        viewer.close()
        dock.shut()
    assert not dock.session.runner.alive


@pytest.fixture
def chunk_classifier(tmp_path):
    """A volume with a vessel tree in it, and a classifier of its chunks."""
    phantom = make_phantom(PhantomConfig(shape=(48, 128, 128), seed=1))
    image, mask = tmp_path / "kidney.npy", tmp_path / "mask.npy"
    np.save(image, phantom.image)
    np.save(mask, phantom.vessels.astype(np.uint8))
    data = ChunksData(
        volumes=({"image": str(image), "mask": str(mask)},), chunk=(4, 16, 16), block=(3, 2, 2)
    )
    config = ClassifyRun(
        network=ClassifierConfig(backbone="lenet", size=16, in_channels=4),
        data=data,
        training=ClassifierTrainingConfig(epochs=4),
        draws=0,
    )
    out = tmp_path / "chunks.classifier"
    runner = ProcessRunner()  # a viewer's process never holds torch
    try:
        list(runner.run("classify", ClassifyTrain(config, out)))
    finally:
        runner.close()
    return image, out


def test_a_triage_is_shown_over_the_volume_and_its_slider_says_what_is_skipped(
    make_napari_viewer, qtbot, chunk_classifier, shoot
):
    image, classifier = chunk_classifier
    viewer, dock = open_dock(make_napari_viewer, "Vessels")
    try:
        dock.volume.address.setText(str(image))
        click(dock, dock.volume.open)
        wait_for(qtbot, dock, "open")
        project = dock.session._open_now().made_project()
        small = project.config.inference.model_copy(update={"block": (16, 32, 32)})
        project.update(inference=small)
        dock.triage.classifier.setText(str(classifier))
        click(dock, dock.triage.look)
        wait_for(qtbot, dock, "triage")
        assert "Triage" in viewer.layers
        layer = viewer.layers["Triage"]
        edges = np.asarray(layer.scale)  # of a chunk: its outer edges are those of the volume
        low, high = layer.extent.world
        np.testing.assert_allclose(low - edges / 2, [-0.5] * 3)
        np.testing.assert_allclose(high + edges / 2, [47.5, 127.5, 127.5])
        judged = dock.session.triage.found.probability
        assert np.isfinite(judged).any()
        dock.triage.slider.setValue(60)
        assert dock.session.skip_below == pytest.approx(0.6)
        assert "of 48 blocks" in dock.triage.costs.said
        assert layer.contrast_limits[0] == pytest.approx(0.6)
        dock.area.ensureWidgetVisible(dock.triage, 0, 0)
        shoot(viewer, "triage")
    finally:
        viewer.close()
        dock.shut()
