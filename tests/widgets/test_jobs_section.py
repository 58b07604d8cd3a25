"""Whole volume: jobs are listed as the disk has them, and heed the buttons."""

import subprocess
import sys
from threading import Event

import pytest
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QMessageBox

from napari_vessel.errors import CallerError
from napari_vessel.project import FailedBlock, JobRecord, JobStatus, Project, jobs_of
from napari_vessel.volumes import open_volume
from napari_vessel.widgets._worker import EventWorker

pytestmark = pytest.mark.gui

STATES = {
    "running": {"what": "Predicting", "seconds_left": 120.0, "pid": 1, "host": "elsewhere"},
    "waiting": {"what": "Waiting for another job", "pid": 1, "host": "elsewhere"},
    "paused": {"what": "Paused. What is done is kept."},
    "partial": {
        "what": "Partial 7/8: 1 block failed; resume to try again.",
        "failed": (FailedBlock(box="0:4,0:8,0:8", reason="the chunk is cut"),),
        "failed_blocks": 1,
    },
    "complete": {"what": "Complete."},
    "cancelled": {"what": "Cancelled. What was done is deleted."},
}
BUTTONS = {
    "running": {"pause", "cancel"},
    "waiting": {"pause", "cancel"},
    "paused": {"resume", "cancel", "remove"},
    "partial": {"resume", "cancel", "remove"},
    "complete": {"show", "remove"},
    "cancelled": {"remove"},
}


@pytest.fixture
def project(volume_path):
    """The project of the volume, made before the dock opens it."""
    return Project.create(volume_path.with_name("kidney.vessel"), open_volume(volume_path))


def keep(project, state, **more):
    out = project.path.with_name(f"{state}.ome.zarr")
    record = JobRecord.create(project.path, {"volume": "kidney.npy", "out": str(out)})
    values = {"done": 7, "total": 8} | STATES[state] | more
    record.write_status(JobStatus(state=state, **values))
    return record


def card(dock, record, qtbot):
    qtbot.waitUntil(lambda: record.id in dock.whole.cards)
    return dock.whole.cards[record.id]


def test_every_state_is_shown_with_what_can_be_asked(project, opened, qtbot):
    _, dock = opened
    for state, buttons in BUTTONS.items():
        shown = card(dock, keep(project, state), qtbot)
        assert {n for n, b in shown.buttons.items() if not b.isHidden()} == buttons
        assert STATES[state]["what"].split(".")[0] in shown.state.said
        assert shown.failures.isHidden() == (state != "partial")
    assert "the chunk is cut" in shown_failures(dock)
    dock.setFixedWidth(320)
    qtbot.wait(100)
    room = dock.area.viewport().width()
    assert all(c.width() <= room for c in dock.whole.cards.values())


def shown_failures(dock):
    return "".join(shown.failed.said for shown in dock.whole.cards.values())


def test_what_changes_on_the_disk_is_shown_and_what_leaves_it_goes(project, opened, qtbot):
    _, dock = opened
    record = keep(project, "running")
    shown = card(dock, record, qtbot)
    record.write_status(JobStatus(state="complete", what="Complete.", done=8, total=8))
    qtbot.waitUntil(lambda: shown.job.status.state == "complete")
    shown.buttons["remove"].click()
    qtbot.waitUntil(lambda: dock.whole.cards == {})
    assert jobs_of(project.path) == []


def test_pause_and_cancel_reach_the_job(project, opened, qtbot, monkeypatch):
    _, dock = opened
    record = keep(project, "running")
    shown = card(dock, record, qtbot)
    shown.buttons["pause"].click()
    qtbot.waitUntil(lambda: record.control.wish == "pause")
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    shown.buttons["cancel"].click()
    assert record.control.wish == "pause"
    shown.buttons["cancel"].click()
    qtbot.waitUntil(lambda: record.control.wish == "cancel")


def test_a_click_starts_a_process_with_the_settings_of_predict(opened, qtbot, monkeypatch):
    _, dock = opened
    launched = []

    def launch(record):
        launched.append(record)
        return subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)

    monkeypatch.setattr("napari_vessel.session._jobs.launch_job", launch)
    dock.predict.views.setCurrentIndex(dock.predict.views.findData("dihedral"))
    dock.whole.goes_on.setChecked(False)
    out = dock.whole.path.text()
    dock.whole.begin.click()
    qtbot.waitUntil(lambda: bool(launched))
    (record,) = launched
    assert (str(record.out), record.control.goes_on) == (out, False)
    assert record.request["inference"]["views"] == "dihedral"
    assert record.request["scheduler"] is None
    card(dock, record, qtbot)
    assert dock.whole.path.text() != out  # the next one gets a place of its own


def test_a_job_is_spread_over_a_cluster_that_is_safe_and_no_other(opened, qtbot, monkeypatch):
    _, dock = opened
    launched = []

    def launch(record):
        launched.append(record)
        return subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)

    monkeypatch.setattr("napari_vessel.session._jobs.launch_job", launch)
    dock.whole.cluster.setText("tcp://10.0.0.7:8786")
    dock.whole.begin.click()
    qtbot.waitUntil(lambda: "nor on TLS" in dock.whole.outcome.said)
    assert not launched and not jobs_of(dock.session.project.path)
    dock.whole.cluster.setText(" tls://gpu.example:8786 ")
    dock.whole.begin.click()
    qtbot.waitUntil(lambda: bool(launched))
    assert launched[0].request["scheduler"] == "tls://gpu.example:8786"


def test_what_a_job_takes_is_foreseen_as_in_predict(opened, qtbot):
    _, dock = opened
    dock.whole.forecast.click()
    qtbot.waitUntil(lambda: dock.whole.costs.said.startswith("Takes about 3 min, 1.5 GB of memory"))


def test_a_second_job_on_the_same_output_is_refused_in_words(project, opened, qtbot):
    _, dock = opened
    record = keep(project, "running")
    card(dock, record, qtbot)
    dock.whole.path.setText(str(record.out))
    dock.whole.begin.click()
    qtbot.waitUntil(lambda: "predicts into" in dock.whole.outcome.said)
    assert jobs_of(project.path) == [record]


def test_an_error_is_told_and_the_list_stays_alive(project, opened, qtbot):
    _, dock = opened

    def fail():
        raise CallerError("not so")

    dock.whole.watch.ask(fail, "done")
    qtbot.waitUntil(lambda: dock.whole.outcome.said == "not so")
    card(dock, keep(project, "paused"), qtbot)


def test_a_worker_that_never_yields_is_waited_for_by_no_end(qtbot):
    stuck, begun = Event(), Event()

    def work():
        begun.set()
        stuck.wait(60)
        yield

    EventWorker(work).start()
    assert begun.wait(30)
    assert QThreadPool.globalInstance().waitForDone(1000)  # what napari waits for at its end
    stuck.set()
