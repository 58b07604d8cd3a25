"""A project of a newer version of this program, in a session: looked at, not changed."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from napari_vessel.errors import JournalError, ProjectError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import delete_checkpoint, prune_checkpoints
from napari_vessel.session import Session
from napari_vessel.simulate import drive

BOX = Box((3, 5, 6), (4, 15, 16))


def newer_project(folder):
    toml = folder / "project.toml"
    toml.write_text(toml.read_text().replace("format = 1", "format = 9", 1))


def newer_journal(folder):
    (journal,) = (folder / "journal").glob("*.sqlite")
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version=2")
        connection.execute("UPDATE facts SET value='2' WHERE name='format'")


@pytest.fixture(params=[newer_project, newer_journal])
def viewed(request, runner, volume, opened):
    """A session on what another session painted and a newer version then took over."""
    opened.begin_stroke("paint", Plane.XY)
    opened.paint(BOX, np.ones(BOX.shape, bool), 1)
    opened.end_stroke()
    folder = opened.project.path
    opened.close()
    request.param(folder)
    session = Session(runner)
    list(drive(session, "open", session.open(volume)))
    yield session
    session.close()


def test_it_shows_what_was_painted_and_says_why_no_more_is(viewed):
    assert np.asarray(viewed.labels)[BOX.slices].all()
    assert "pdate napari-vessel" in viewed.view_only
    assert viewed.paused == viewed.view_only


def test_every_change_by_hand_is_refused_in_words_and_none_is_kept(viewed):
    before = (viewed.project.path / "project.toml").read_bytes()
    labels = np.ones(viewed.region.shape, np.uint8)
    for change in (
        lambda: viewed.begin_stroke("paint", Plane.XY),
        lambda: viewed.accept_slice(Plane.XY, 2),
        lambda: viewed.import_labels(labels),
        viewed.undo,
        viewed.paint_privately,
    ):
        with pytest.raises(JournalError, match="pdate napari-vessel"):
            change()
    viewed.set_threshold(0.123)
    assert viewed.reviewed == BOX.size
    assert viewed.save_state == "saved"
    viewed.close()
    assert (viewed.project.path / "project.toml").read_bytes() == before


def test_the_region_moves_all_the_same(viewed):
    box = Box((0, 0, 0), (6, 20, 20))
    list(drive(viewed, "region", viewed.move_region(box)))
    assert viewed.region == box


@pytest.mark.parametrize("viewed", [newer_project], indirect=True)
def test_a_newer_project_takes_no_journal_and_loses_no_network(viewed, tmp_path):
    project = viewed.project
    before = sorted(path.name for path in project.journal.iterdir())
    for change in (
        lambda: list(viewed.take_journal(tmp_path / "theirs.sqlite")),
        lambda: delete_checkpoint(project, "any"),
        lambda: prune_checkpoints(project),
    ):
        with pytest.raises(ProjectError, match="Please update"):
            change()
    assert sorted(path.name for path in project.journal.iterdir()) == before


@pytest.mark.parametrize("viewed", [newer_project], indirect=True)
def test_a_newer_project_is_not_predicted_into(viewed):
    with pytest.raises(ProjectError, match="Please update"):
        list(viewed.predict(settings=InferenceConfig()))
