import csv
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from napari_vessel.errors import OutputExistsError, ProjectError
from napari_vessel.geometry import Box, Plane
from napari_vessel.workflows import WORKFLOWS, Correct, Examine, Propose


def run(project, **kw):
    return list(WORKFLOWS["doctor"](Examine(project.path, **kw)))[-1]


@pytest.fixture
def corrected(project, labels):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 3), (Plane.XY, 9)))))
    return project


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_sound_project_is_sound_and_left_as_it_is(corrected, truth):
    list(WORKFLOWS["propose"](Propose(corrected.path)))
    before = files(corrected.path)
    found = run(corrected)
    assert (found.sound, found.problems) == (True, ())
    assert found.facts["reviewed_voxels"] == 2 * 64 * 64
    assert found.facts["vessel_voxels"] == truth[3].sum() + truth[9].sum()
    assert files(corrected.path) == before


def test_a_damaged_row_is_named_and_the_others_are_used(corrected):
    (journal,) = corrected.journal.glob("*.sqlite")
    with closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("drop trigger never_updated")
        (content,) = connection.execute("select payload from strokes where sequence = 1").fetchone()
        flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        connection.execute("update strokes set payload = ? where sequence = 1", (flipped,))
    found = run(corrected)
    assert not found.sound
    assert any(journal.name in problem and "1" in problem for problem in found.problems)
    assert found.facts["reviewed_voxels"] == 64 * 64


def test_strokes_are_dumped_as_csv_and_not_over_something(corrected, tmp_path):
    out = tmp_path / "strokes.csv"
    run(corrected, dump=out)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["box"] for row in rows] == ["3:4,0:64,0:64", "9:10,0:64,0:64"]
    with pytest.raises(OutputExistsError):
        run(corrected, dump=out)
    assert run(corrected, dump=out, overwrite=True).sound


def test_what_is_gone_or_changed_is_told(corrected, volume):
    list(WORKFLOWS["propose"](Propose(corrected.path)))
    shutil.rmtree(corrected.proposals)
    (corrected.checkpoints / "tiny" / "model.safetensors").write_bytes(b"cut")
    np.save(volume, np.zeros((3, 3, 3)))
    found = run(corrected)
    assert not found.sound
    for what in ("not the volume", "model.safetensors", "predict again"):
        assert any(what in problem for problem in found.problems), found.problems


def test_a_folder_that_is_no_project_is_said_so(tmp_path):
    with pytest.raises(ProjectError, match="is no project"):
        list(WORKFLOWS["doctor"](Examine(tmp_path)))


def test_a_cache_is_rebuilt_from_the_journals(corrected):
    assert run(corrected).facts["cache"] == "none needed"
    cache = corrected.path / "cache" / "overlay.zarr.zip"
    cache.parent.mkdir()
    cache.write_bytes(b"rubbish")
    assert run(corrected).facts["cache"] == "rebuilt"
    with closing(corrected.open_corrections()) as corrections:
        assert not corrections.deserves_a_cache
        assert corrections.overlay.reviewed == 2 * 64 * 64
    assert cache.read_bytes().startswith(b"PK")


def test_where_hands_disagree_is_counted(corrected):
    shape = corrected.config.volume.shape
    hands = [corrected.open_corrections(person=name) for name in ("ada", "bob")]
    for value, hand in enumerate(hands):
        hand.paint(Box.of(shape), np.ones(shape, bool), value)
        assert hand.flush(30)
    for hand in hands:
        assert hand.close(30)
    assert run(corrected).facts["overlaps"] == 1
