import logging
from pathlib import Path

import pytest

from napari_vessel.project import Project, diagnostic_report, log_to_folder

LOG = logging.getLogger("napari_vessel.some.module")


def test_what_happens_is_in_the_project_s_log(project):
    with log_to_folder(project.logs) as path:
        LOG.info("predicted %d blocks", 3)
    LOG.info("nobody hears")
    text = path.read_text()
    assert "predicted 3 blocks" in text
    assert "nobody hears" not in text


def test_two_workflows_at_once_write_each_line_once(project):
    with log_to_folder(project.logs) as path:
        with log_to_folder(project.logs):
            LOG.info("inner")
        LOG.info("outer")
    assert path.read_text().count("inner") == path.read_text().count("outer") == 1


@pytest.mark.parametrize(
    "secret",
    [
        "https://me:hunter2@host/x",
        "https://host/x?X-Amz-Signature=hunter2&a=1",
        "https://host/x?a=1&access_token=hunter2",
        "https://host/x?password=hunter2",
    ],
)
def test_secrets_in_addresses_are_neither_in_the_log_nor_in_the_report(project, secret):
    with log_to_folder(project.logs) as path:
        LOG.error("cannot read %s", secret)
    assert "host/x" in path.read_text()
    assert "hunter2" not in path.read_text() + diagnostic_report(project)


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "file").write_text("")
    with log_to_folder(tmp_path / "file" / "logs"):
        LOG.info("on")


def test_the_report_tells_versions_settings_and_last_errors(project):
    with log_to_folder(project.logs):
        LOG.error("the last error")
    text = diagnostic_report(project)
    assert "the last error" in text
    assert "fingerprint" in text
    assert "- torch " in text


def test_the_report_has_no_home_folder(project, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: project.path.parent)
    with log_to_folder(project.logs):
        LOG.error("cannot read %s", project.path)
    text = diagnostic_report(project)
    assert str(project.path.parent) not in text
    assert "~" in text


def test_a_home_at_the_root_does_not_garble_the_report(project, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert str(project.path.parent) in diagnostic_report(project)


def test_there_is_a_report_of_a_damaged_project_and_of_none(tmp_path):
    assert "Python" in diagnostic_report(None)
    assert "cannot be read" in diagnostic_report(Project(tmp_path / "gone"))
