"""The row of continuous training: what switches it off, and what does not."""

import numpy as np
import pytest

from napari_vessel.geometry import Plane
from napari_vessel.project import Project

pytestmark = pytest.mark.gui


@pytest.fixture
def at_work(make_dock, volume_path, qtbot):
    """A dock in which a round of continuous training runs, of some workflows."""

    def begun(workflows="LEARNING"):
        _viewer, dock = make_dock(workflows)
        row = dock.retrain.continuous
        row.rule.config = row.rule.config.model_copy(update={"settle_seconds": 0.0})
        open_volume(dock, volume_path, qtbot)
        dock.session.accept_slice(Plane.XY, 5)
        row.switch.click()
        return dock

    return begun


def open_volume(dock, path, qtbot):
    dock.volume.open_path(str(path))
    qtbot.waitUntil(
        lambda: dock.session.volume is not None and dock.session.volume.uri.endswith(path.name)
    )
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))


def test_another_project_opened_during_a_round_switches_neither_off(
    at_work, volume_path, qtbot, tmp_path
):
    other = tmp_path / "liver.npy"
    np.save(other, np.load(volume_path))
    dock = at_work()
    first = dock.session.project
    qtbot.waitUntil(lambda: Project.open(first.path).config.train_continuously)
    qtbot.waitUntil(lambda: dock.desk.jobs.running("retrain"))
    open_volume(dock, other, qtbot)
    dock.session.accept_slice(Plane.XY, 5)
    dock.retrain.continuous.switch.click()
    second = dock.session.project
    qtbot.waitUntil(lambda: Project.open(second.path).config.train_continuously)
    qtbot.waitUntil(lambda: dock.session.activities["retrain"].state == "running")
    open_volume(dock, volume_path, qtbot)  # while the second one trains
    row = dock.retrain.continuous
    assert row.switch.isChecked()
    qtbot.waitUntil(lambda: dock.session.activities["retrain"].state == "running")
    assert row.switch.isChecked()
    assert row.rule.on
    for project in (first, second):
        assert Project.open(project.path).config.train_continuously
    dock.retrain.stop.click()
    qtbot.waitUntil(lambda: not row.switch.isChecked())
    qtbot.waitUntil(lambda: not Project.open(first.path).config.train_continuously)
    assert Project.open(second.path).config.train_continuously


def test_a_project_that_is_closed_during_a_round_trains_when_it_is_opened_again(
    at_work, volume_path, qtbot
):
    dock = at_work()
    project = dock.session.project
    qtbot.waitUntil(lambda: Project.open(project.path).config.train_continuously)
    qtbot.waitUntil(lambda: dock.desk.jobs.running("retrain"))
    dock.shut()
    assert Project.open(project.path).config.train_continuously


def test_where_only_the_audit_set_is_reviewed_it_stays_on_and_says_what_it_waits_for(
    at_work, qtbot
):
    dock = at_work("AUDITED")
    row = dock.retrain.continuous
    failures = []
    dock.session.events.failed.connect(failures.append)
    for index in (6, 7, 8):
        qtbot.waitUntil(lambda: "Only the audit set" in row.outcome.said)
        assert (row.rule.state, row.switch.isChecked()) == ("waiting", True)
        dock.session.accept_slice(Plane.XY, index)
        assert "Only the audit set" not in row.rule.sentence
    assert not failures
    dock.retrain.retrain.click()  # a person who asks is told
    qtbot.waitUntil(lambda: len(failures) == 1)
