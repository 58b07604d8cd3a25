"""A job at work keeps its record and heeds what is asked of it."""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock

from napari_vessel.errors import ProjectBusyError, ReadError
from napari_vessel.geometry import Box
from napari_vessel.project import JobRecord
from napari_vessel.runner import JobStopped, cancel_job, work_on
from napari_vessel.workflows import BlockFailed, JobBegun, Progress, Proposed

BOX = Box((0, 0, 0), (4, 4, 4))


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def record(tmp_path):
    return JobRecord.create(tmp_path, {"volume": "v.npy", "out": str(tmp_path / "out.ome.zarr")})


@pytest.fixture
def begun(tmp_path):
    recipe = tmp_path / "recipe.json"
    recipe.write_text("{}")
    return JobBegun(recipe, 4, 1)


def of(*events, error=None):
    def make():
        yield from events
        if error:
            raise error

    return make


def endless(closed):
    def make():
        try:
            for n in count():
                time.sleep(0.01)
                yield Progress(n % 4, 4, "blocks", "Predicting", 9.0)
        finally:
            closed.append(True)

    return make


def test_the_record_tells_how_far_it_is_and_how_it_ended(record, begun):
    end = Proposed(str(record.out), "complete", 4, (), 1.0)
    events = work_on(record, of(begun, Progress(2.5, 4, "blocks", "Predicting", 60.0), end))
    assert {record.status.state for _ in events} <= {"running", "complete"}
    status = record.status
    assert (status.state, status.done, status.total, status.pid) == ("complete", 4, 4, os.getpid())
    assert (record.path / "job.json").exists()


def test_failed_blocks_are_listed_with_their_reasons_and_the_state_is_partial(record, begun):
    failed = BlockFailed(BOX, "the chunk is cut")
    end = Proposed(str(record.out), "partial", 4, (failed,), 1.0)
    list(work_on(record, of(begun, failed, end)))
    status = record.status
    assert (status.state, status.done, status.failed_blocks) == ("partial", 3, 1)
    assert [(block.box, block.reason) for block in status.failed] == [(str(BOX), failed.reason)]
    assert "Partial 3/4" in status.what


def test_blocks_that_failed_before_are_not_listed_while_they_are_tried_again(record, begun):
    failed = BlockFailed(BOX, "the chunk is cut")
    list(work_on(record, of(begun, failed, Proposed("o", "partial", 4, (failed,), 1.0))))
    list(work_on(record, of(begun, Proposed("o", "complete", 4, (), 1.0))))
    assert (record.status.state, record.status.failed) == ("complete", ())


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_wish_is_heeded_after_the_step_under_way(record, wish, state):
    closed, last = [], None
    for n, event in enumerate(work_on(record, endless(closed))):
        last = event
        if n == 3:
            record.ask(wish=wish)
    assert (last.state, record.status.state, closed) == (state, state, [True])
    assert isinstance(last, JobStopped)


def test_an_error_ends_as_failed_with_its_text_and_goes_on_its_way(record, begun):
    with pytest.raises(ReadError, match="gone"):
        list(work_on(record, of(begun, error=ReadError("The server is gone."))))
    assert (record.status.state, record.status.what) == ("failed", "Failed: The server is gone.")
    assert record.status.done == 1  # what was done before is kept, and told


def test_a_consumer_that_stops_asking_leaves_it_stopped(record):
    closed = []
    events = work_on(record, endless(closed))
    next(events)
    events.close()
    assert (record.status.state, closed) == ("stopped", [True])


def test_two_processes_never_work_on_one_job(record, monkeypatch):
    monkeypatch.setattr("napari_vessel.project._jobs._LOCK_S", 0.05)
    with record.held(), pytest.raises(ProjectBusyError):
        list(work_on(record, of()))


def test_a_job_waits_for_its_turn_and_heeds_wishes_while_it_waits(record, tmp_path):
    folder = tmp_path / "data" / "napari-vessel"
    folder.mkdir(parents=True)
    lock = FileLock(folder / f".job-turn-{record.status.host}.lock")
    with lock:
        for event in work_on(record, endless([]), in_turn=True):
            if isinstance(event, Progress):
                assert record.status.state == "waiting"
                record.ask(wish="pause")
    assert record.status.state == "paused"
    record.ask(wish="run")
    ended = list(work_on(record, of(Proposed("o", "complete", 1, (), 1.0)), in_turn=True))
    assert (ended[-1].state, record.status.state) == ("complete", "complete")


def test_a_job_that_is_not_at_work_is_cancelled_by_whoever_asks(record):
    with record.held():
        pass
    closed = []
    events = work_on(record, endless(closed))
    next(events)
    events.close()
    job = record.out.with_name("out.ome.zarr.job")
    job.mkdir()
    (job / "job.json").write_text("{}")
    (job / "blocks.jsonl").write_text("")
    cancel_job(record)
    assert record.status.state == "cancelled"
    assert not job.exists()


HANGS = """
import sys, time
from pathlib import Path
from napari_vessel.project import JobRecord
from napari_vessel.runner import work_on
def make():
    print("hangs", flush=True)
    time.sleep(600)
    yield
def steps():
    print("steps", flush=True)
    while True:
        time.sleep(0.05)
        yield
list(work_on(JobRecord.open(Path(sys.argv[1])), globals()[sys.argv[2]], lifeline=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("kind", ["make", "steps"])
def test_sigterm_ends_a_job_even_in_a_step_that_never_ends(record, kind):
    with working(record, kind) as process:
        process.send_signal(signal.SIGTERM)
        process.wait(60)  # that it ends at all
    assert record.status.state == "stopped"
    assert "killed" not in record.status.what


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_job_ends_with_its_viewer_only_where_that_is_asked(record):
    with working(record, "steps") as process:
        record.ask(goes_on=True)
        process.stdin.close()
        time.sleep(1)
        assert process.poll() is None
        process.kill()
    record.ask(goes_on=False)
    with working(record, "steps") as process:
        process.stdin.close()
        process.wait(60)
    assert record.status.what.startswith("Stopped")


def working(record, kind):
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS, str(record.path), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    process.stdout.readline()
    assert Path(record.path, "status.json").exists()
    return process
