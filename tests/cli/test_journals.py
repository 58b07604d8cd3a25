"""``journals``: whose strokes a project holds; exchanged as files."""

import json
from contextlib import closing

import numpy as np
import pytest

from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.volumes import open_volume

SHAPE = (8, 64, 32)
BOX = Box((1, 2, 3), (2, 9, 9))


@pytest.fixture
def project(tmp_path):
    np.save(tmp_path / "kidney.npy", np.zeros(SHAPE, np.uint16))
    project = Project.create(tmp_path / "p.vessel", open_volume(tmp_path / "kidney.npy"))
    with closing(project.open_corrections(person="ada")) as corrections:
        corrections.paint(BOX, np.ones(BOX.shape, bool), 1)
    return project


@pytest.fixture
def theirs(tmp_path):
    with closing(Corrections.open(tmp_path / "bob", SHAPE, person="bob")) as corrections:
        corrections.paint(BOX, np.ones(BOX.shape, bool), 0)
    (path,) = (tmp_path / "bob").glob("*.sqlite")
    return path


def test_a_colleagues_journal_is_taken_in_listed_and_compared(nv, project, theirs):
    done = nv("journals", project.path, "--take", theirs, "--overlaps", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["taken"] == [theirs.name]
    assert sorted((j["person"], j["rows"]) for j in told["journals"]) == [("ada", 1), ("bob", 1)]
    assert [o["voxels"] for o in told["overlaps"]] == [BOX.size]
    assert (
        json.loads(nv("journals", project.path, "--take", theirs, "--json").stdout)["taken"] == []
    )


def test_journals_are_given_as_files_and_replace_nothing(nv, project, tmp_path):
    assert nv("journals", project.path, "--give", tmp_path / "out").exit_code == 0
    assert len(list((tmp_path / "out").glob("*.sqlite"))) == 1
    assert nv("journals", project.path, "--give", tmp_path / "out").exit_code == 2


def test_what_is_no_journal_is_refused(nv, project, tmp_path):
    (tmp_path / "x.sqlite").write_text("nothing")
    refused = nv("journals", project.path, "--take", tmp_path / "x.sqlite")
    assert refused.exit_code == 2
    assert "is no journal" in refused.stderr
    assert nv("journals", tmp_path).exit_code == 2


def test_a_damaged_journal_is_told_by_the_status(nv, project):
    (path,) = project.journal.glob("*.sqlite")
    data = path.read_bytes()
    at = data.index(b"NVR1") + 20
    path.write_bytes(data[:at] + b"\xff\xfe" + data[at + 2 :])
    done = nv("journals", project.path)
    assert done.exit_code == 1
    assert "row 1 could not be read" in done.stdout
