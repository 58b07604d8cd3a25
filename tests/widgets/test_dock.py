"""The dock follows the session and asks it; in a real window."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QSlider,
    QWidget,
)

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.networks import starter
from napari_vessel.workflows import Propose

pytestmark = pytest.mark.gui


def done(dock, name):
    return dock.session.activities[name].state not in ("idle", "running") and not (
        dock.desk.jobs.running(name)
    )


def controls(dock):
    kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QSlider)
    inner = {child for spin in dock.findChildren(QAbstractSpinBox) for child in spin.children()}
    return [c for c in dock.findChildren(QWidget) if isinstance(c, kinds) and c not in inner]


def test_every_control_has_a_name_and_a_tooltip(opened):
    _, dock = opened
    found = [c for c in controls(dock) if not c.objectName().startswith("qt_")]
    assert len(found) > 25
    nameless = [c for c in found if not (c.accessibleName() or getattr(c, "text", str)())]
    assert nameless == []
    assert [c for c in found if not c.toolTip()] == []


def test_no_control_is_wider_than_a_dock_of_320_pixels(opened, qtbot):
    _viewer, dock = opened
    dock.predict.options.switch.setChecked(True)
    dock.volume.options.switch.setChecked(True)
    dock.setFixedWidth(320)
    qtbot.waitUntil(lambda: dock.width() == 320)
    qtbot.wait(50)
    room = dock.area.viewport().width()
    assert dock.area.widget().width() <= room
    for child in dock.area.widget().findChildren(QWidget):
        if child.isVisible():
            right = child.mapTo(dock.area.widget(), child.rect().topRight()).x()
            assert right <= room, child


def squeezed(dock):
    """Return what overlaps its neighbour, or has less room than its text takes."""
    found = []
    for parent in dock.area.widget().findChildren(QWidget):
        parts = [c for c in parent.children() if isinstance(c, QWidget) and c.isVisible()]
        pairs = combinations(parts, 2)
        found += [pair for pair in pairs if pair[0].geometry().intersects(pair[1].geometry())]
        found += [c for c in parts if isinstance(c, QLabel) and c.height() < _needed(c)]
    return found


def _needed(label):
    return label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()


@pytest.mark.parametrize("width", [320, 350, 400])
def test_nothing_overlaps_or_is_cut_off_while_sentences_come_and_go(opened, width, qtbot):
    viewer, dock = opened
    viewer.window._qt_window.resize(1200, 860)
    dock.setFixedWidth(width)
    qtbot.waitUntil(lambda: not squeezed(dock))
    dock.volume.voxel.setText("25,25,25")
    dock.volume.apply.click()
    qtbot.waitUntil(lambda: done(dock, "open"), timeout=20_000)
    qtbot.waitUntil(lambda: not squeezed(dock))
    for collapsed in (dock.predict.options, dock.volume.options):
        collapsed.switch.setChecked(True)
        qtbot.waitUntil(lambda: not squeezed(dock))
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    dock.predict.outcome.say("Proposed 12 blocks in 1,234 s. " * 5)
    qtbot.waitUntil(lambda: not squeezed(dock))


def test_at_which_size_the_network_sees_the_volume_is_said_above_the_button(opened, qtbot):
    _, dock = opened
    section, learned = dock.predict, starter().card.voxel_size_um
    assert "their size is unknown" in section.scale.said
    for factor, words in ((0.5, "Rescaled from"), (0.01, "far from"), (1, "")):
        dock.volume.voxel.setText(",".join(f"{factor * edge:g}" for edge in learned))
        dock.desk.jobs.start("open", partial(reopened, dock))
        qtbot.waitUntil(lambda: done(dock, "open"), timeout=20_000)
        assert section.scale.isVisible() == bool(words)
        assert words in section.scale.said
        assert dock.session.opened.scale.reason in section.predict.toolTip()
        if words:  # what is hidden has no place
            qtbot.waitUntil(lambda: below(section.scale, dock) <= above(section.predict, dock))


def above(widget, dock):
    return widget.mapTo(dock, widget.rect().topLeft()).y()


def below(widget, dock):
    return widget.mapTo(dock, widget.rect().bottomLeft()).y()


def reopened(dock):
    return dock.session.reopen(voxel_size=VoxelSize.parse(dock.volume.voxel.text()))


def test_sections_say_why_they_cannot_act_yet(make_dock):
    _, dock = make_dock(show=False)
    hidden = {dock.region, dock.history, dock.convert, dock.networks}  # nothing to say before
    assert all(section.isHidden() for section in hidden)
    for section in {*dock.sections} - hidden - {dock.volume, dock.atlas, dock.tune}:  # need none
        assert section.hint.said == "Open a volume first.", section.title
    assert not dock.predict.predict.isEnabled()
    assert not dock.retrain.retrain.isEnabled()
    assert not dock.export.export.isEnabled()


def test_opening_shows_image_and_mask_and_says_what_it_is(opened):
    viewer, dock = opened
    assert [layer.name for layer in viewer.layers] == ["kidney.npy", "Vessels"]
    assert "12 × 40 × 48" in dock.volume.facts.said
    assert "uint16" in dock.volume.facts.said
    assert dock.predict.predict.isEnabled()
    assert viewer.layers.selection.active is dock.desk.link.labels


def test_the_voxel_size_is_asked_for_and_keeps_what_is_in_view(opened, qtbot):
    viewer, dock = opened
    assert dock.volume.asking.isVisible()
    viewer.dims.set_current_step(0, 3)
    before, zoom = dock.desk.link.focus(), viewer.scene.camera.zoom
    dock.volume.voxel.setText("50, 20, 10")
    dock.volume.apply.click()
    qtbot.waitUntil(lambda: dock.session.volume.voxel_size_known)
    qtbot.waitUntil(lambda: not dock.volume.asking.isVisible())
    for layer in viewer.layers:
        assert tuple(layer.scale) == (50, 20, 10)
        assert {str(unit) for unit in layer.units} == {"micrometer"}
    np.testing.assert_allclose(dock.desk.link.focus().point, before.point, atol=1e-6)
    assert viewer.dims.current_step[0] == 3
    assert viewer.scene.camera.zoom == pytest.approx(zoom / 20)


def test_a_voxel_size_that_is_none_is_told_and_not_taken(opened):
    _, dock = opened
    dock.volume.voxel.setText("fifty")
    dock.volume.apply.click()
    assert "expected z,y,x" in dock.volume.outcome.said
    assert not dock.desk.jobs.running("open")


def test_a_missing_path_is_told_once_in_the_dock_and_once_by_napari(make_dock, qtbot, tmp_path):
    _, dock = make_dock()
    before = len(notification_manager.records)
    dock.volume.open_path(str(tmp_path / "nothing"))
    qtbot.waitUntil(lambda: done(dock, "open"))
    told = [n.message for n in list(notification_manager.records)[before:]]
    assert len(told) == 1
    assert "nothing" in told[0]
    assert dock.volume.outcome.said == f"Failed: {told[0]}"
    assert dock.volume.file.isEnabled()


def test_predicting_fills_the_mask_and_says_so(opened, qtbot):
    _viewer, dock = opened
    dock.predict.predict.click()
    assert not dock.predict.predict.isEnabled()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    mask = np.asarray(dock.desk.link.labels.data)
    assert mask[:, 4:9].all()
    assert not np.delete(mask, np.s_[4:9], axis=1).any()
    qtbot.waitUntil(lambda: bool(dock.desk.link.labels._slice.image.raw.any()))
    assert "Proposed" in dock.predict.outcome.said
    assert dock.predict.predict.isEnabled()
    assert dock.predict._moving.isHidden()


def test_the_question_carries_where_the_person_looks(opened, qtbot, monkeypatch):
    viewer, dock = opened
    asked = []
    run = dock.session.runner.run

    def spy(workflow, request, **rest):
        asked.append(request)
        return run(workflow, request, **rest)

    monkeypatch.setattr(dock.session.runner, "run", spy)
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 7)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    asked = [request for request in asked if isinstance(request, Propose)]
    assert asked[0].focus.plane is Plane.XZ
    assert round(asked[0].focus.point[1]) == 7


def test_only_what_is_visible_can_be_asked_for(opened, qtbot):
    _, dock = opened
    link = dock.desk.link
    link.image.corner_pixels = np.array([[0, 2, 3], [0, 19, 30]])
    dock.predict.where.setCurrentText("What is visible")
    assert "12 × 18 × 28" in dock.predict.hint.said
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    mask = np.asarray(link.labels.data)
    assert mask.any()
    assert not np.delete(mask, np.s_[3:31], axis=2).any()


def test_what_is_chosen_reaches_the_project(opened, qtbot):
    _, dock = opened
    dock.predict.planes.setCurrentText("XY only")
    dock.predict.views.setCurrentText("None (4 × faster)")
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    config = dock.session.project.config.inference
    assert (config.planes, config.views) == ((Plane.XY,), "none")


def test_a_combination_that_cannot_be_is_told_and_not_asked(opened):
    _, dock = opened
    dock.predict.planes.setCurrentText("XY only")
    dock.predict.fuse.setCurrentText("Two planes agree")
    dock.predict.predict.click()
    assert "cannot agree" in dock.predict.outcome.said
    assert not dock.desk.jobs.running("predict")


def test_a_failure_in_a_workflow_brings_the_button_back(make_dock, volume_path, qtbot):
    _, dock = make_dock("FAILING")
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: done(dock, "open"), timeout=20_000)
    before = len(notification_manager.records)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert dock.predict.outcome.said == "Failed: No room: lower the batch."
    assert dock.predict.predict.isEnabled()
    assert len(list(notification_manager.records)[before:]) == 1


def test_cancelling_ends_the_job_and_keeps_the_viewer(make_dock, volume_path, qtbot):
    _, dock = make_dock("ENDLESS")
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: done(dock, "open"), timeout=20_000)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.predict.bar.value() > 0)
    assert dock.predict.left.text() == "17 min left"
    dock.predict.stop.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert "Cancelled" in dock.predict.outcome.said
    assert dock.predict.predict.isEnabled()


def test_the_slider_follows_the_threshold_and_sets_it(opened, qtbot):
    _, dock = opened
    dock.session.set_threshold(0.25)
    assert dock.predict.threshold.slider.value() == 25
    dock.predict.threshold.slider.setValue(80)
    qtbot.waitUntil(lambda: dock.session.threshold == pytest.approx(0.8))
    assert dock.predict.threshold.value.text() == "0.80"


def test_the_threshold_acts_on_the_mask_at_once(opened, qtbot):
    _, dock = opened
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    dock.predict.threshold.slider.setValue(90)  # the fake network is sure to 200/255
    qtbot.waitUntil(lambda: not np.asarray(dock.desk.link.labels.data).any())


def test_tool_buttons_and_the_layer_follow_each_other(opened):
    _viewer, dock = opened
    layer = dock.desk.link.labels
    dock.correct.tools["erase"].click()
    assert layer.mode == "erase"
    layer.mode = "paint"
    assert dock.correct.tools["paint"].isChecked()
    layer.mode = "polygon"
    assert not any(tool.isChecked() for tool in dock.correct.tools.values())


def test_accepting_counts_what_was_reviewed(opened):
    _viewer, dock = opened
    dock.correct.accept.click()
    assert "Accepted slice XY" in dock.correct.outcome.said
    assert dock.correct.reviewed.said == "Reviewed: 1,920 voxels, as many as 1.0 XY slices."
    dock.correct.undo.click()
    assert "Reviewed: 0" in dock.correct.reviewed.said


def test_the_light_says_saved_only_after_the_commit(opened, qtbot):
    _, dock = opened
    dock.desk.link.labels.paint((6, 20, 20), 1)
    assert "saving" in dock.correct.light.text()
    qtbot.waitUntil(lambda: "saved" in dock.correct.light.text())


def test_a_journal_that_cannot_save_is_told_in_words(opened):
    _, dock = opened
    dock.session.events.saved.emit("failed", "Cannot save: disk full")
    assert "CANNOT SAVE" in dock.correct.light.text()
    assert dock.correct.outcome.said == "Cannot save: disk full"


def test_a_deleted_mask_can_be_shown_again_with_every_stroke(opened, qtbot):
    viewer, dock = opened
    dock.desk.link.labels.paint((6, 20, 20), 1)
    painted = np.asarray(dock.desk.link.labels.data)
    viewer.layers.remove(dock.desk.link.labels)
    assert dock.desk.link.labels is None
    assert dock.correct.restore.isVisible()
    assert not dock.correct.accept.isEnabled()
    dock.correct.restore.click()
    np.testing.assert_array_equal(np.asarray(dock.desk.link.labels.data), painted)
    assert not dock.correct.restore.isVisible()
    viewer.layers.remove(dock.desk.link.image)
    dock.correct.restore.click()
    assert dock.desk.link.image in viewer.layers


def test_deleting_the_mask_in_mid_stroke_keeps_the_stroke(opened):
    viewer, dock = opened
    layer = dock.desk.link.labels
    with layer.block_history():
        layer.paint((6, 20, 20), 1)
        viewer.layers.remove(layer)
    assert dock.session.reviewed == 97  # napari's brush of 10 voxels


def test_retraining_shows_its_curves_and_says_what_came_of_it(opened, qtbot):
    _, dock = opened
    assert not dock.retrain.retrain.isEnabled()
    dock.correct.accept.click()
    assert dock.retrain.retrain.isEnabled()
    dock.retrain.retrain.click()
    qtbot.waitUntil(lambda: done(dock, "retrain"))
    assert dock.retrain.curve.losses == [1, 1 / 2, 1 / 3]
    assert dock.retrain.curve.scores == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert dock.retrain.curve.isVisible()
    assert "provisional" in dock.retrain.outcome.said
    assert "better" in dock.predict.hint.said


def test_exporting_says_where(opened, qtbot, tmp_path):
    _, dock = opened
    assert dock.export.path.text().endswith("kidney-vessels.ome.zarr")
    dock.export.path.setText(str(tmp_path / "mask.csv"))
    dock.export.format.setCurrentIndex(3)
    assert dock.export.path.text() == str(tmp_path / "mask.csv")
    dock.export.export.click()
    qtbot.waitUntil(lambda: done(dock, "export"))
    assert str(tmp_path / "mask.csv") in dock.export.outcome.said


def test_a_layer_that_is_open_already_becomes_the_volume(make_dock, qtbot):
    viewer, dock = make_dock()
    voxels = np.random.default_rng(1).integers(0, 99, (12, 20, 30)).astype(np.uint16)
    layer = viewer.add_image(voxels, name="mine", scale=(3, 2, 2), units="um", translate=(9, 8, 7))
    dock.volume.use.click()
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None, timeout=20_000)
    assert [found.name for found in viewer.layers] == ["mine", "Vessels"]
    labels = dock.desk.link.labels
    assert tuple(labels.scale) == (3, 2, 2)
    assert tuple(labels.translate) == tuple(layer.translate)
    assert dock.session.volume.voxel_size.zyx == (3, 2, 2)


@pytest.mark.parametrize(
    ("shape", "rgb", "words"),
    [((20, 30, 3), True, "RGB"), ((2, 5, 20, 30), False, "channel"), ((20, 30), False, "axes")],
)
def test_a_layer_that_is_no_volume_is_explained(make_dock, shape, rgb, words):
    viewer, dock = make_dock(show=False)
    viewer.add_image(np.zeros(shape, np.uint8), rgb=rgb)
    dock.volume.use.click()
    assert words in dock.volume.outcome.said
    assert not dock.desk.jobs.running("open")


def test_a_channel_of_a_layer_can_be_chosen(make_dock, qtbot):
    viewer, dock = make_dock()
    viewer.add_image(np.stack([np.zeros((5, 20, 30)), np.ones((5, 20, 30))]), name="two")
    dock.volume.options.channel.setValue(1)
    dock.volume.use.click()
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None, timeout=20_000)
    assert dock.session.volume.read(Box.of((5, 20, 30))).min() == 1


def test_a_report_goes_to_the_clipboard(opened):
    _, dock = opened
    dock._copy_report()
    assert "napari-vessel" in QGuiApplication.clipboard().text()


def test_a_new_network_refreshes_the_proposal_in_view(opened, qtbot, monkeypatch):
    _, dock = opened
    asked = []
    monkeypatch.setattr(type(dock.predict), "start", lambda self: asked.append("predict"))
    dock.session.events.checkpoint.emit("better")
    assert asked == []  # there is no proposal to refresh
    project = dock.session.opened.place
    dock.correct.accept_slice()
    dock.session.project.update(proposal="p1")
    dock.session.events.checkpoint.emit("better")
    assert asked == []  # the same network
    dock.session.events.checkpoint.emit("best")
    assert asked == ["predict"]
    assert project.exists()


def test_closing_the_dock_saves_frees_the_keys_and_ends_the_work(opened, qtbot):
    viewer, dock = opened
    dock.desk.link.labels.paint((6, 20, 20), 1)
    assert any("P" in str(key) for key in viewer.keymap)
    viewer.window.remove_dock_widget(dock)
    assert dock._closed
    assert not viewer.keymap
    assert not viewer.layers["Vessels"].editable
    assert dock.session.save_state == "saved"


def test_closing_the_viewer_in_mid_prediction_never_hangs(make_dock, volume_path, qtbot):
    viewer, dock = make_dock("ENDLESS")
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: done(dock, "open"), timeout=20_000)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.predict.bar.value() > 0)
    viewer.close()
    assert dock._closed
    assert not dock.desk.jobs.running("predict")


def test_reopening_brings_every_stroke_back(make_dock, opened, volume_path, qtbot):
    viewer, dock = opened
    layer = dock.desk.link.labels
    layer.paint((6, 20, 20), 1)
    layer.paint((6, 20, 22), 0)
    painted = np.asarray(layer.data)
    viewer.window.remove_dock_widget(dock)
    _, again = make_dock()
    again.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: again.desk.link.labels is not None, timeout=20_000)
    np.testing.assert_array_equal(np.asarray(again.desk.link.labels.data), painted)
    assert again.session.reviewed == dock.session.reviewed
