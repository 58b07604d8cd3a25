"""Retrain: continuous training, quick updates, pause, a process that hangs, too little memory."""

from threading import Event

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel

from napari_vessel.geometry import Box, Plane
from napari_vessel.project import Project
from napari_vessel.session import ComputeState
from napari_vessel.widgets._looking import go_to
from napari_vessel.workflows import Retrain

pytestmark = pytest.mark.gui


@pytest.fixture
def open_with(make_dock, volume_path, qtbot):
    """Open the volume in a dock of some workflows; return the dock."""

    def opened(workflows="FAKES"):
        _viewer, dock = make_dock(workflows)
        dock.volume.open_path(str(volume_path))
        qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
        qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))
        dock.retrain.continuous.rule.config = dock.retrain.continuous.rule.config.model_copy(
            update={"settle_seconds": 0.0, "patience_rounds": 1}
        )
        return dock

    return opened


def asked(dock, monkeypatch):
    """Collect what is asked of the runner."""
    requests, run = [], dock.session.runner.run

    def noted(workflow, request, **named):
        requests.append(request)
        return run(workflow, request, **named)

    monkeypatch.setattr(dock.session.runner, "run", noted)
    return requests


def ended(dock, name):
    return lambda: (
        not dock.desk.jobs.running(name) and dock.session.activities[name].state != "idle"
    )


def test_an_accepted_slice_improves_the_slices_around_and_can_be_taken_back(open_with, qtbot):
    dock = open_with()
    row = dock.retrain.light
    assert row.discard.isHidden()
    dock.session.accept_slice(Plane.XY, 5)
    qtbot.waitUntil(lambda: len(dock.session.provisional) == 1)
    qtbot.waitUntil(lambda: "Provisional" in row.outcome.said)
    assert not row.discard.isHidden()
    assert dock.session.labels[6].any()
    row.discard.click()
    assert not dock.session.labels[6].any()
    assert row.discard.isHidden()


def test_an_update_that_waits_is_of_where_the_slice_was_accepted(open_with, qtbot, monkeypatch):
    dock = open_with()
    go_on, asked = Event(), []

    def light(plane, index, focus):
        asked.append((plane, index, focus.voxel))
        go_on.wait(60)
        yield from ()

    monkeypatch.setattr(dock.session, "light", light)
    dock.session.accept_slice(Plane.XY, 5)
    qtbot.waitUntil(lambda: len(asked) == 1)
    there = dock.desk.link.focus().voxel
    dock.session.accept_slice(Plane.XY, 7)  # waits for the first, which is cancelled
    go_to(dock.desk.link.viewer, dock.desk.link.image, np.array([2.0, 30.0, 9.0]))
    assert dock.desk.link.focus().voxel != there
    go_on.set()
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert asked[1] == (Plane.XY, 7, there)


def test_two_windows_of_a_slice_are_counted_as_one(open_with, monkeypatch):
    dock = open_with()
    boxes = (Box((4, 0, 0), (5, 9, 9)), Box((4, 2, 0), (5, 11, 9)), Box((0, 4, 0), (9, 5, 9)))
    monkeypatch.setattr(type(dock.session), "provisional", boxes)
    dock.session.events.provisional.emit()
    assert "of 2 slices" in dock.retrain.light.discard.text()


def test_switched_off_an_accepted_slice_asks_for_nothing(open_with, monkeypatch):
    dock = open_with()
    requests = asked(dock, monkeypatch)
    dock.retrain.light.switch.setChecked(False)
    dock.session.accept_slice(Plane.XY, 5)
    assert not requests


def test_continuous_training_begins_at_the_first_correction_and_rests_at_the_end(
    open_with, qtbot, monkeypatch
):
    dock = open_with()
    requests, row = asked(dock, monkeypatch), dock.retrain.continuous
    row.switch.click()
    assert "as soon as something is corrected" in row.outcome.said
    dock.session.accept_slice(Plane.XY, 5)
    qtbot.waitUntil(lambda: len([r for r in requests if isinstance(r, Retrain)]) >= 2)
    first, second = [r for r in requests if isinstance(r, Retrain)][:2]
    assert (first.config.minutes, second.config.minutes) == (0.4, 0.8)
    assert (first.go_on, second.go_on) == (False, True)
    assert not first.take
    qtbot.waitUntil(lambda: dock.retrain.curve.marks != [])
    row.switch.click()
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("retrain"))
    assert row.outcome.said == ""


@pytest.mark.parametrize("first", ["switch", "accept"])
def test_a_project_that_is_opened_again_trains_as_it_was_left(open_with, qtbot, first):
    dock = open_with()
    steps = [dock.retrain.continuous.switch.click, lambda: dock.session.accept_slice(Plane.XY, 5)]
    for step in steps if first == "switch" else reversed(steps):
        step()
    kept = dock.session.project
    qtbot.waitUntil(lambda: Project.open(kept.path).config.train_continuously)
    again = open_with().retrain.continuous
    assert again.switch.isChecked()
    again.switch.click()
    qtbot.waitUntil(lambda: not Project.open(kept.path).config.train_continuously)
    assert not open_with().retrain.continuous.switch.isChecked()


def test_cancelling_a_round_switches_it_off(open_with, qtbot):
    dock = open_with("LEARNING")
    row = dock.retrain.continuous
    dock.session.accept_slice(Plane.XY, 5)
    row.switch.click()
    qtbot.waitUntil(lambda: dock.desk.jobs.running("retrain"))
    dock.retrain.stop.click()
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("retrain"))
    assert not row.switch.isChecked()
    assert dock.session.activities["retrain"].state == "cancelled"


def test_rounds_that_fail_end_it_with_the_reason_and_offers(open_with, qtbot):
    dock = open_with("FAILING")
    row = dock.retrain.continuous
    dock.session.accept_slice(Plane.XY, 5)
    row.switch.click()
    qtbot.waitUntil(lambda: row.rule.state == "failed")
    assert "No room" in row.outcome.said
    assert not row.switch.isChecked()
    assert [made.text()[:11] for made in dock.retrain.offers.buttons] == ["Train again"] * 2


def test_a_pause_holds_a_training_and_is_said(open_with, qtbot):
    dock = open_with("LEARNING")
    row = dock.retrain.continuous
    dock.session.accept_slice(Plane.XY, 5)
    dock.retrain.retrain.click()
    qtbot.waitUntil(lambda: not row.pause.isHidden())
    row.pause.click()
    assert "Paused" in row.outcome.said
    assert dock.session.runner._paused == {"retrain"}
    row.pause.click()
    assert dock.session.runner._paused == set()
    dock.desk.jobs.cancel("retrain")
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("retrain"))


def test_a_process_that_hangs_is_told_with_a_way_out(open_with, monkeypatch):
    dock = open_with()
    section = dock.retrain
    assert section.restart.isHidden()
    dock.session._note(ComputeState("No sign of life for 12 s."))
    assert "12 s" in section.hanging.said
    ended = []
    monkeypatch.setattr(dock.session.runner, "restart", lambda: ended.append(1))
    section.restart.click()
    assert ended == [1]
    assert section.restart.isHidden()


def test_another_region_of_the_project_leaves_it_on_another_project_does_not(open_with, qtbot):
    dock = open_with()
    row = dock.retrain.continuous
    row.switch.click()
    dock.session.events.opened.emit()
    assert row.switch.isChecked()
    row._place = None
    dock.session.events.opened.emit()
    assert not row.switch.isChecked()


def test_the_settings_reach_the_training(open_with):
    section = open_with().retrain
    section.keep.setChecked(True)
    assert section.settings().keep_encoder
    section.last.setValue(2)
    found = section.settings()
    assert (found.train_last, found.keep_encoder) == (2, False)


def test_everything_has_a_tooltip_and_no_text_is_cut(open_with):
    section = open_with().retrain
    for row in (section.light, section.continuous):
        assert row.switch.toolTip()
        assert all(label.wordWrap() for label in row.findChildren(QLabel))


def test_nothing_is_squeezed(open_with, qtbot, request, tmp_path):
    dock = open_with()
    dock.session.accept_slice(Plane.XY, 5)
    dock.retrain.continuous.switch.click()
    qtbot.waitUntil(lambda: dock.retrain.curve.marks != [])
    # Everything has the height it asks for, once the dock has laid itself out anew.
    curve, rows = dock.retrain.curve, (dock.retrain.light, dock.retrain.continuous)
    qtbot.waitUntil(lambda: all(row.height() >= row.heightForWidth(row.width()) for row in rows))
    qtbot.waitUntil(lambda: curve.height() == curve.sizeHint().height())
    picture = tmp_path / "retrain.png"
    assert dock.retrain.grab().save(str(picture))
    where = request.config.getoption("--screenshots", None)
    if where:
        dock.retrain.grab().save(f"{where}/retrain.png")
    dock.retrain.continuous.switch.click()
    qtbot.waitUntil(ended(dock, "retrain"))
