"""What an impatient person does to the dock in a real window, opened from napari's menu."""

import os
import shutil

import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from napari_vessel.geometry import Plane, VoxelSize

pytestmark = pytest.mark.gui


@pytest.fixture
def docked(make_napari_viewer, monkeypatch, qtbot):
    """Make a viewer with the dock from the manifest: it is given a proxy of the viewer."""
    from napari_vessel.runner import InlineRunner, RunnerConfig
    from napari_vessel.widgets import _shared_runner

    docks = []

    def make(workflows="FAKES", viewer=None):
        config = (
            RunnerConfig(registry=f"widgets_model:{workflows}") if workflows else RunnerConfig()
        )
        monkeypatch.setattr(_shared_runner, "ProcessRunner", lambda: InlineRunner(config))
        viewer = viewer or make_napari_viewer(show=True)
        _, dock = viewer.window.add_plugin_dock_widget("napari-vessel", "Vessels")
        docks.append(dock)
        return viewer, dock

    yield make
    for dock in docks:
        dock.shut()


@pytest.fixture
def desk(docked, volume_path, qtbot):
    """Make a viewer and its dock with the volume open."""

    def make(workflows="FAKES"):
        viewer, dock = docked(workflows)
        open_path(qtbot, dock, volume_path)
        return viewer, dock

    return make


def idle(dock, name):
    return not dock.desk.jobs.running(name) and dock.session.activities[name].state != "running"


def open_path(qtbot, dock, path):
    dock.volume.open_path(str(path))
    qtbot.waitUntil(lambda: idle(dock, "open"))


def told_since(before):
    return [n.message for n in list(notification_manager.records)[before:]]


def paint(layer, *voxels, value=1):
    layer._begin_stroke()
    for voxel in voxels:
        layer.paint(voxel, value)
    layer._commit_stroke()


def save(path, shape, seed=0):
    np.save(path, np.random.default_rng(seed).integers(0, 60_000, shape).astype(np.uint16))
    return path


# -- layers that go away -----------------------------------------------------------------------


@pytest.mark.parametrize("during", ["idle", "predict"])
def test_layers_that_were_deleted_come_back_with_every_stroke(desk, qtbot, during):
    viewer, dock = desk("ENDLESS")
    link = dock.desk.link
    paint(link.labels, (6, 30, 20))
    shown = np.asarray(link.labels.data)
    if during == "predict":
        dock.predict.predict.click()
        qtbot.waitUntil(lambda: dock.session.activities["predict"].fraction is not None)
    viewer.layers.remove(link.labels)
    viewer.layers.remove(link.image)
    qtbot.wait(100)
    assert dock.correct.restore.isVisible()
    assert not dock.correct.accept.isEnabled()
    dock.correct.restore.click()
    assert [layer.name for layer in viewer.layers] == ["kidney.npy", "Vessels"]
    assert viewer.layers[1] is link.labels
    assert not dock.correct.restore.isVisible()
    np.testing.assert_array_equal(np.asarray(link.labels.data), shown)
    paint(link.labels, (6, 10, 20))
    assert np.asarray(link.labels.data).sum() > shown.sum()


def test_the_layers_come_back_after_clearing_the_viewer_and_order_is_kept(desk, qtbot):
    viewer, dock = desk()
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    dock.correct.restore.click()
    assert [layer.name for layer in viewer.layers] == ["kidney.npy", "Vessels"]
    viewer.layers.remove(viewer.layers[0])
    dock.correct.restore.click()
    assert [layer.name for layer in viewer.layers] == ["kidney.npy", "Vessels"]


# -- opening while something goes on -----------------------------------------------------------


def test_a_second_volume_ends_the_prediction_of_the_first(desk, qtbot, tmp_path):
    _viewer, dock = desk("ENDLESS")
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.session.activities["predict"].fraction is not None)
    open_path(qtbot, dock, save(tmp_path / "other.npy", (6, 20, 24)))
    qtbot.waitUntil(lambda: idle(dock, "predict"))
    assert dock.predict.predict.isEnabled()
    assert dock.predict._moving.isHidden()
    assert dock.session.volume.shape == (6, 20, 24)


def test_a_voxel_size_given_in_mid_stroke_loses_nothing(desk, qtbot):
    _viewer, dock = desk()
    labels = dock.desk.link.labels
    labels._begin_stroke()
    labels.paint((6, 20, 20), 1)
    dock.volume.voxel.setText("5,2,2")
    dock.volume.apply.click()
    qtbot.waitUntil(lambda: dock.session.volume.voxel_size == VoxelSize(5, 2, 2))
    qtbot.waitUntil(lambda: idle(dock, "open"))
    labels._commit_stroke()
    assert np.asarray(labels.data)[6, 20, 20] == 1
    paint(labels, (6, 30, 30))
    assert np.asarray(labels.data)[6, 30, 30] == 1
    assert tuple(labels.scale) == (5, 2, 2)


def test_predict_twice_cancel_predict(desk, qtbot):
    _viewer, dock = desk("ENDLESS")
    dock.predict.predict.click()
    dock.predict.start()
    qtbot.waitUntil(lambda: dock.session.activities["predict"].fraction is not None)
    dock.predict.stop.click()
    dock.predict.start()
    qtbot.waitUntil(lambda: idle(dock, "predict"))
    assert dock.session.activities["predict"].state == "cancelled"
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.session.activities["predict"].fraction is not None)
    assert dock.predict.stop.isEnabled()
    dock.predict.stop.click()
    qtbot.waitUntil(lambda: idle(dock, "predict"))


def test_a_dock_closed_while_predicting_can_be_opened_again(desk, docked, qtbot, volume_path):
    viewer, dock = desk("ENDLESS")
    paint(dock.desk.link.labels, (6, 20, 20))
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.session.activities["predict"].fraction is not None)
    viewer.window.remove_dock_widget(dock)
    assert dock._closed
    _, again = docked(viewer=viewer)
    assert again is not dock
    assert again.volume.layers.currentText() == "kidney.npy"
    before = len(notification_manager.records)
    again.volume.use.click()
    qtbot.waitUntil(lambda: idle(again, "open") and again.session.opened is not None)
    assert again.session.reviewed > 0
    assert [layer.name for layer in viewer.layers] == ["kidney.npy", "Vessels"]
    assert told_since(before) == []


def test_the_menu_gives_the_same_dock_twice(desk, docked):
    viewer, dock = desk()
    assert docked(viewer=viewer)[1] is dock


# -- painting where nobody expects it ----------------------------------------------------------


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 2, 0)])
def test_painting_and_accepting_work_in_every_order_of_axes(desk, qtbot, order):
    viewer, dock = desk()
    labels = dock.desk.link.labels
    viewer.dims.order = order
    viewer.dims.set_current_step(order[0], 7)
    voxel = [6, 20, 21]
    voxel[order[0]] = 7
    paint(labels, tuple(voxel))
    assert np.asarray(labels.data)[tuple(voxel)] == 1
    assert np.unique(np.nonzero(np.asarray(labels.data))[order[0]]).tolist() == [7]
    qtbot.waitUntil(lambda: labels.loaded)
    rest = np.take(np.asarray(labels.data), 7, order[0])
    seen = labels._slice.image.raw
    np.testing.assert_array_equal(seen if order[1] < order[2] else seen.T, rest)
    dock.correct.accept.click()
    assert "Accepted slice" in dock.correct.outcome.said
    assert dock.session.reviewed == rest.size


def test_painting_in_three_dimensions_is_kept_and_accepting_is_refused_in_words(desk, qtbot):
    viewer, dock = desk()
    labels = dock.desk.link.labels
    viewer.dims.ndisplay = 3
    qtbot.wait(50)
    labels.n_edit_dimensions = 3
    labels.brush_size = 3
    paint(labels, (6, 20, 20))
    assert np.asarray(labels.data)[6, 20, 20] == 1
    before = len(notification_manager.records)
    dock.correct.accept.click()
    assert "Three dimensions" in dock.correct.outcome.said
    assert told_since(before) == [dock.correct.outcome.said]
    viewer.dims.ndisplay = 2
    dock.correct.undo.click()
    assert not np.asarray(labels.data).any()


def test_scrolling_while_proposals_arrive_shows_what_is_there(desk, qtbot):
    viewer, dock = desk()
    for n in range(12):
        if n == 2:
            dock.predict.predict.click()
        viewer.dims.set_current_step(0, n)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: idle(dock, "predict"))
    viewer.dims.set_current_step(0, 3)
    labels = dock.desk.link.labels
    qtbot.waitUntil(lambda: labels.loaded and bool(labels._slice.image.raw[4:9].all()))


# -- buttons with nothing behind them ----------------------------------------------------------


def test_undo_with_nothing_says_so(desk):
    _viewer, dock = desk()
    before = len(notification_manager.records)
    dock.correct.undo.click()
    assert dock.correct.outcome.said == "There is nothing to undo."
    dock.correct.redo.click()
    assert dock.correct.outcome.said == "There is nothing to redo."
    dock.desk.link.labels.undo()
    assert told_since(before) == []


def test_keys_with_nothing_open_are_answered_in_words(docked, qtbot):
    viewer, dock = docked()
    before = len(notification_manager.records)
    for key in ("Shift-A", "Shift-P", "Shift-N", "Shift-W", "Q"):
        viewer.keymap[next(k for k in viewer.keymap if str(k) == key.replace("-", "+"))](viewer)
    assert told_since(before) == ["No volume is shown: open one, or show it again."]
    for section in (dock.predict, dock.retrain, dock.export):
        section.start()
    assert not any(dock.desk.jobs.running(n) for n in dock.session.activities)


def test_retraining_with_nothing_reviewed_is_impossible_and_says_why(desk):
    _, dock = desk()
    assert not dock.retrain.retrain.isEnabled()
    assert "Paint or accept something first" in dock.retrain.hint.said


def test_an_export_never_replaces_what_is_there_unasked(docked, qtbot, volume_path):
    _, dock = docked(None)
    open_path(qtbot, dock, volume_path)
    paint(dock.desk.link.labels, (6, 20, 20))
    dock.export.format.setCurrentText("TIFF slices (folder)")
    out = volume_path.parent / "mask"
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    dock.export.path.setText(str(out))
    before = len(notification_manager.records)
    dock.export.export.click()
    qtbot.waitUntil(lambda: idle(dock, "export"), timeout=60_000)
    told = told_since(before)
    assert len(told) == 1
    assert dock.export.outcome.said == f"Failed: {told[0]}"
    assert "tick" in dock.export.hint.said
    dock.export.overwrite.setChecked(True)
    dock.export.export.click()
    qtbot.waitUntil(lambda: idle(dock, "export"), timeout=60_000)
    assert "not replaced" in dock.export.outcome.said
    assert [p.name for p in out.iterdir()] == ["mine.txt"]


def test_an_earlier_export_is_replaced_where_that_is_ticked(docked, qtbot, volume_path):
    _, dock = docked(None)
    open_path(qtbot, dock, volume_path)
    paint(dock.desk.link.labels, (6, 20, 20))
    for ticked, told in ((False, "Wrote"), (False, "exists"), (True, "Wrote")):
        dock.export.overwrite.setChecked(ticked)
        dock.export.export.click()
        qtbot.waitUntil(lambda: idle(dock, "export"), timeout=60_000)
        assert told in dock.export.outcome.said


@pytest.mark.parametrize("where", ["/proc/mask", "x" * 300])
def test_an_export_to_nowhere_is_told_once(docked, qtbot, volume_path, where):
    _, dock = docked(None)
    open_path(qtbot, dock, volume_path)
    paint(dock.desk.link.labels, (6, 20, 20))
    dock.export.path.setText(str(volume_path.parent / where))
    before = len(notification_manager.records)
    dock.export.export.click()
    qtbot.waitUntil(lambda: idle(dock, "export"), timeout=60_000)
    assert [f"Failed: {told}" for told in told_since(before)] == [dock.export.outcome.said]


# -- what cannot be opened ---------------------------------------------------------------------


@pytest.fixture
def bad(tmp_path):
    """Paths that cannot be opened."""
    import tifffile

    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "flat.npy", np.zeros((20, 30), np.uint8))
    np.save(tmp_path / "complex.npy", np.zeros((4, 5, 6), np.complex64))
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((20, 30, 3), np.uint8), photometric="rgb")
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "empty",
        "flat.npy",
        "complex.npy",
        "rgb.tif",
        "text.npy",
        "notes.txt",
        "no",
        "nul\0.npy",
        "x" * 300,
        "https://",
        "s3://bucket/x",
    ],
)
def test_what_cannot_be_opened_is_told_once_and_the_dock_stays_usable(
    desk, bad, qtbot, name, volume_path
):
    _viewer, dock = desk()
    before = len(notification_manager.records)
    dock.volume.address.setText(name if "://" in name else str(bad / name))
    dock.volume.open.click()
    qtbot.waitUntil(lambda: idle(dock, "open"))
    told = told_since(before)
    assert len(told) == 1
    assert dock.volume.outcome.said == f"Failed: {told[0]}"
    assert "\n" not in told[0]
    paint(dock.desk.link.labels, (6, 20, 20))
    assert dock.session.reviewed > 0
    open_path(qtbot, dock, volume_path)
    assert dock.session.activities["open"].state == "done"
    assert dock.session.reviewed > 0


def test_a_path_of_other_letters_opens_and_keeps_strokes(docked, qtbot, tmp_path):
    _, dock = docked()
    folder = tmp_path / "ñiere 腎臓 🫘"
    folder.mkdir()
    path = save(folder / "größe 1%.npy", (8, 40, 50))
    open_path(qtbot, dock, path)
    paint(dock.desk.link.labels, (6, 20, 20))
    open_path(qtbot, dock, path)
    assert dock.session.reviewed > 0


def test_a_folder_that_takes_no_files_is_worked_on_all_the_same(
    docked, qtbot, tmp_path, monkeypatch
):
    _, dock = docked()
    scans = tmp_path / "scans"
    scans.mkdir()
    path = save(scans / "kidney.npy", (8, 40, 50))
    access = os.access
    monkeypatch.setattr(
        os,
        "access",
        lambda p, mode, **k: (
            access(p, mode, **k) and not (mode & os.W_OK and os.fspath(p) == str(scans))
        ),
    )
    open_path(qtbot, dock, path)
    paint(dock.desk.link.labels, (6, 20, 20))
    assert dock.session.reviewed > 0
    assert scans not in [dock.session.project.path.parent]
    assert not dock.export.path.text().startswith(str(tmp_path / "data"))


def test_a_volume_that_vanished_is_told_at_reopening(desk, qtbot, volume_path):
    _, dock = desk()
    volume_path.unlink()
    before = len(notification_manager.records)
    dock.volume.again.click()
    qtbot.waitUntil(lambda: idle(dock, "open"))
    assert len(told_since(before)) == 1
    assert dock.volume.outcome.said == f"Failed: {told_since(before)[0]}"


# -- layers that are there already -------------------------------------------------------------


def test_a_layer_with_channels_is_used_by_one_of_them(docked, qtbot):
    viewer, dock = docked()
    data = np.random.default_rng(0).integers(0, 60_000, (2, 8, 40, 50)).astype(np.uint16)
    viewer.add_image(data, name="channels")
    before = len(notification_manager.records)
    dock.volume.use.click()
    assert "choose a channel from 0 to 1" in dock.volume.outcome.said
    assert told_since(before) == [dock.volume.outcome.said]
    dock.volume.options.channel.setValue(1)
    dock.volume.use.click()
    qtbot.waitUntil(lambda: idle(dock, "open") and dock.session.opened is not None)
    assert dock.session.volume.shape == (8, 40, 50)
    viewer.dims.set_current_step(viewer.dims.ndim - 3, 5)
    assert dock.desk.link.slice_in_view() == (Plane.XY, 5)
    dock.correct.accept.click()
    assert dock.session.reviewed == 40 * 50


def test_a_dropped_file_is_used_as_the_layer_it_is(docked, qtbot, volume_path):
    viewer, dock = docked()
    viewer.open(str(volume_path), plugin="napari-vessel")
    (mine,) = viewer.layers
    dock.volume.use.click()
    qtbot.waitUntil(lambda: idle(dock, "open") and dock.session.opened is not None)
    assert list(viewer.layers) == [mine, dock.desk.link.labels]
    assert dock.volume.layers.count() == 0
    dock.volume.voxel.setText("5,2,2")
    dock.volume.apply.click()
    qtbot.waitUntil(lambda: dock.session.volume.voxel_size == VoxelSize(5, 2, 2))
    assert list(viewer.layers) == [mine, dock.desk.link.labels]
    assert tuple(mine.scale) == (5, 2, 2)


def test_a_layer_that_could_not_be_used_never_stands_for_the_next_volume(
    docked, qtbot, volume_path, tmp_path
):
    viewer, dock = docked()
    viewer.open(str(volume_path), plugin="napari-vessel")
    (mine,) = viewer.layers
    shutil.move(volume_path, tmp_path / "moved.npy")
    dock.volume.use.click()
    qtbot.waitUntil(lambda: dock.session.activities["open"].state == "failed")
    qtbot.waitUntil(lambda: idle(dock, "open"))
    open_path(qtbot, dock, save(tmp_path / "other.npy", (12, 40, 48), seed=5))
    assert dock.desk.link.image is not mine


def test_a_layer_of_the_persons_own_is_never_taken_away(docked, qtbot, volume_path):
    viewer, dock = docked()
    mine = viewer.add_image(np.random.default_rng(0).random((8, 40, 50)), name="mine")
    dock.volume.use.click()
    qtbot.waitUntil(lambda: idle(dock, "open") and dock.session.opened is not None)
    assert dock.desk.link.image is mine
    open_path(qtbot, dock, volume_path)
    assert mine in viewer.layers


def test_a_renamed_layer_can_be_used_still(docked, qtbot):
    viewer, dock = docked()
    mine = viewer.add_image(np.random.default_rng(0).random((8, 40, 50)), name="mine")
    mine.name = "renamed"
    dock.volume.use.click()
    qtbot.waitUntil(lambda: idle(dock, "open") and dock.session.opened is not None)
    assert dock.desk.link.image is mine


def test_no_slice_is_accepted_while_an_axis_of_another_layer_is_shown(desk):
    viewer, dock = desk()
    viewer.add_image(np.zeros((3, 12, 40, 48)), name="in time")
    viewer.dims.order = (1, 2, 0, 3)
    dock.correct.accept.click()
    assert "No slice of the volume is shown" in dock.correct.outcome.said
    assert dock.session.reviewed == 0
