"""The record of a job: whole on the disk, true about a process that died, heard at once."""

import json
import os
import subprocess
import sys
import time

import pytest

from napari_vessel.errors import CallerError, ProjectBusyError, ProjectError
from napari_vessel.project import JobRecord, JobStatus, job_of, jobs_of

ASKED = {"volume": "kidney.npy", "out": "/data/out.ome.zarr"}


@pytest.fixture
def record(tmp_path):
    return JobRecord.create(tmp_path, ASKED)


def running(record, **changes):
    record.write_status(JobStatus(state="running", pid=os.getpid(), done=3, total=8, **changes))


def test_a_job_is_listed_as_it_was_asked(tmp_path, record):
    assert jobs_of(tmp_path) == [record]
    assert JobRecord.open(record.path).request == ASKED
    assert (record.status.state, record.control.wish) == ("waiting", "run")
    assert str(record.out) == "/data/out.ome.zarr"


def test_a_folder_without_a_request_is_no_job(tmp_path, record):
    (tmp_path / "jobs" / "half-made").mkdir()
    assert jobs_of(tmp_path) == [record]
    with pytest.raises(ProjectError, match="no job"):
        JobRecord.open(tmp_path / "jobs" / "half-made")


def test_a_project_without_jobs_lists_none_and_gets_no_folder(tmp_path):
    assert jobs_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_what_the_dead_left_running_is_stopped_and_keeps_its_blocks(record):
    with record.held():
        running(record)
        assert record.status.state == "running"
    assert (record.status.state, record.status.done) == ("stopped", 3)
    assert "killed" in record.status.what


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_process_is_known_to_be_dead_at_once(record):
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from napari_vessel.project import JobRecord, JobStatus\nimport os, time\n"
        "record = JobRecord.open(Path(sys.argv[1]))\n"
        "with record.held():\n"
        "    record.write_status(JobStatus(state='running', pid=os.getpid()))\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(record.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert record.status.state == "running"
        process.kill()
        process.wait()
    assert record.status.state == "stopped"


def test_one_that_runs_elsewhere_is_judged_by_its_heartbeat(record):
    running(record, host="another-machine")
    assert record.status.state == "running"
    running(record, host="another-machine", heartbeat=time.time() - 3600)
    assert record.status.state == "stopped"


def test_a_process_that_never_spoke_is_given_up(record):
    assert record.status.state == "waiting"
    record.write_status(JobStatus(heartbeat=time.time() - 3600))
    assert record.status.state == "stopped"


def test_one_process_at_a_time_works_on_a_job(record, monkeypatch):
    monkeypatch.setattr("napari_vessel.project._jobs._LOCK_S", 0.05)
    with record.held(), pytest.raises(ProjectBusyError), record.held():
        pass
    with record.held():
        pass


def test_a_wish_changes_nothing_else(record):
    record.ask(goes_on=False)
    record.ask(wish="pause")
    assert (record.control.wish, record.control.goes_on) == ("pause", False)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "asleep"}', '{"done": "many"}'])
def test_a_damaged_status_is_told_and_hides_no_other_job(tmp_path, record, text):
    other = JobRecord.create(tmp_path, ASKED)
    (record.path / "status.json").write_text(text)
    assert record.status.state == "stopped"
    assert {job.id: job.status.state for job in jobs_of(tmp_path)}[other.id] == "waiting"


def test_an_entry_of_a_later_version_is_passed_by(record):
    values = json.loads((record.path / "status.json").read_text()) | {"mood": "good"}
    (record.path / "status.json").write_text(json.dumps(values))
    assert record.status.state == "waiting"


def test_a_job_at_work_stays_on_the_list_and_another_leaves_it(tmp_path, record):
    with record.held():
        running(record)
        with pytest.raises(CallerError, match="pause or cancel"):
            record.forget()
        assert jobs_of(tmp_path) == [record]
    record.forget()
    assert jobs_of(tmp_path) == []
    assert not record.path.exists()


def test_the_recipe_is_kept_once_and_never_changed(tmp_path, record):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text("1")
    second.write_text("2")
    record.keep_recipe(first)
    record.keep_recipe(second)
    assert (record.path / "job.json").read_text() == "1"


def test_a_job_is_called_by_the_beginning_of_its_name(tmp_path, record):
    assert job_of(tmp_path, record.id[:-1]) == record
    JobRecord.create(tmp_path, ASKED)
    with pytest.raises(CallerError, match=r"2 jobs .* there are: .*" + record.id):
        job_of(tmp_path, "20")
    with pytest.raises(CallerError, match="0 jobs"):
        job_of(tmp_path, "x")
