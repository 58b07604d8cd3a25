"""``jobs``, ``resume`` and what ``predict PROJECT OUT`` leaves on the list."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from napari_vessel.errors import ReadError
from napari_vessel.project import jobs_of
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows import WORKFLOWS, BlockProposed, request_of_json


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def project(good):
    return good / "kidney.vessel"


@pytest.fixture
def out(good):
    return good / "mask.ome.zarr"


def told(result, status=0):
    assert result.exit_code == status, (result.stdout, result.stderr, result.exception)
    return json.loads(result.stdout)


def listed(nv, project):
    return told(nv("jobs", project, "--json"))["jobs"]


def cut(monkeypatch, volume):
    """Let half of the volume be unreadable."""
    read, window = Volume.read, open_volume(volume).window()

    def failing(self, box, level=0):
        if box.start[1] >= 32:
            raise ReadError("slice 3 is cut")
        return read(self, box, level)

    monkeypatch.setattr(Volume, "read", failing)
    monkeypatch.setattr(Volume, "window", lambda _, **__: window)


def test_a_prediction_of_a_project_is_on_its_list(nv, project, out):
    assert listed(nv, project) == []
    assert told(nv("predict", project, out, "--json"))["state"] == "complete"
    (job,) = listed(nv, project)
    assert (job["state"], job["done"], job["total"]) == ("complete", 2, 2)
    assert job["out"] == str(out)
    assert job["job"] in nv("jobs", project).stdout


def test_failed_blocks_are_listed_it_returns_3_and_resume_tries_them_again(
    nv, project, out, monkeypatch
):
    with monkeypatch.context() as broken:
        cut(broken, project.with_name("kidney.npy"))
        result = nv("predict", project, out, "--json")
        assert told(result, status=3)["state"] == "partial"
        assert "Partial 1/2" in result.stderr
        assert told(nv("resume", project, "--json"), status=3)["state"] == "partial"
    (job,) = listed(nv, project)
    assert (job["state"], job["done"], job["failed_blocks"]) == ("partial", 1, 1)
    assert job["failed"][0]["reason"] == "slice 3 is cut"
    assert "slice 3 is cut" in nv("jobs", project).stdout
    assert told(nv("resume", project, job["job"], "--json"))["state"] == "complete"
    assert [job["state"] for job in listed(nv, project)] == ["complete"]


def test_a_job_finds_a_project_and_a_volume_that_were_moved_together(nv, project, out, monkeypatch):
    with monkeypatch.context() as broken:
        cut(broken, project.with_name("kidney.npy"))
        nv("predict", project, out)
    elsewhere = project.parent / "other disk"
    elsewhere.mkdir()
    moved = project.rename(elsewhere / project.name)
    volume = project.with_name("kidney.npy").rename(project.with_name("hidden.npy"))
    result = nv("resume", moved)
    assert result.exit_code == 2
    assert "is gone: expected it at" in result.stderr
    assert jobs_of(moved)[0].status.state == "failed"
    volume.rename(elsewhere / "kidney.npy")
    assert told(nv("resume", moved, "--json"))["state"] == "complete"
    assert open_volume(out).shape == open_volume(elsewhere / "kidney.npy").shape


def test_where_the_folder_of_its_mask_is_gone_a_job_says_so(nv, project, good, monkeypatch):
    folder = good / "masks"
    folder.mkdir()
    with monkeypatch.context() as broken:
        cut(broken, project.with_name("kidney.npy"))
        nv("predict", project, folder / "mask.ome.zarr")
    folder.rename(good / "elsewhere")
    result = nv("resume", project)
    assert result.exit_code == 2
    assert f"The folder {folder}, where the mask" in result.stderr


def test_two_jobs_on_one_output_are_refused(nv, project, out):
    result = nv("predict", project, out)
    assert result.exit_code == 0
    (record,) = jobs_of(project)
    request = request_of_json({**record.request, "out": str(out.with_name("b.ome.zarr"))})
    events = WORKFLOWS["predict"](request)
    next(event for event in events if isinstance(event, BlockProposed))
    result = nv("predict", project, request.out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Another run" in result.stderr
    assert len(listed(nv, project)) == 1  # what was refused is not on the list
    events.close()
    assert nv("predict", project, request.out).exit_code == 0


def test_a_mistake_leaves_no_job_on_the_list(nv, project, out):
    out.mkdir()
    (out / "a.jpg").write_text("dear")
    assert nv("predict", project, out).exit_code == 2
    assert nv("predict", project, out, "--overwrite").exit_code == 2
    assert listed(nv, project) == []


@pytest.mark.parametrize(
    "arguments", [("--pause", "x"), ("--cancel", "x"), ("--remove", "x"), ("--pause", "2")]
)
def test_what_cannot_be_asked_of_a_job_is_one_line(nv, project, out, arguments):
    nv("predict", project, out)
    result = nv("jobs", project, *arguments)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr


def test_a_job_is_taken_off_the_list_and_its_mask_stays(nv, project, out):
    nv("predict", project, out)
    assert told(nv("jobs", project, "--remove", "2", "--json")) == {"jobs": []}
    assert out.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_stopped_program_says_so_and_the_same_command_goes_on(nv, project, out, environment):
    command = [sys.executable, "-m", "napari_vessel", "predict", str(project), str(out)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not (jobs_of(project) and jobs_of(project)[0].told.pid):
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGTERM)
        said = process.stderr.read()
    assert process.returncode == 1
    assert "Run it again" in said
    assert listed(nv, project)[0]["state"] == "stopped"
    assert nv("predict", project, out).exit_code == 0
    assert [job["state"] for job in listed(nv, project)] == ["complete"]
