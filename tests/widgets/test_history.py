"""The section History: what was painted can be seen, muted and gone back to."""

import shutil

import numpy as np
import pytest

from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box, Plane

pytestmark = pytest.mark.gui

BOX = Box((3, 5, 6), (4, 15, 16))


def stroke(session, box=BOX, value=1, plane=Plane.XY):
    session.begin_stroke("paint", plane)
    session.paint(box, np.ones(box.shape, bool), value)
    session.end_stroke()


@pytest.fixture
def history(opened, qtbot):
    """The section with its list of two strokes open, beside its dock."""
    _, dock = opened
    stroke(dock.session)
    stroke(dock.session, BOX.shifted((2, 8, 8)), 0, Plane.XZ)
    dock.history.past.switch.setChecked(True)
    qtbot.waitUntil(lambda: dock.history.list.rowCount() == 2)
    return dock.history, dock


def idle(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("history"))
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))


def text(history, row, column):
    return history.list.data(history.list.index(row, column))


def test_the_newest_stroke_comes_first_with_its_tool_plane_and_size(history, qtbot):
    section, _ = history
    assert [text(section, row, 2) for row in (0, 1)] == ["XZ", "XY"]
    assert text(section, 0, 1) == "paint"
    qtbot.waitUntil(lambda: text(section, 0, 3) == str(BOX.size))
    from qtpy.QtCore import Qt

    picture = section.list.data(section.list.index(0, 0), Qt.ItemDataRole.DecorationRole)
    assert picture.width() > 0


def test_a_stroke_is_muted_and_unmuted(history, qtbot):
    section, dock = history
    section.table.selectRow(1)
    assert section.mute.text() == "Mute"
    section.mute.click()
    idle(dock, qtbot)
    assert not np.asarray(dock.session.labels)[BOX.slices].any()
    qtbot.waitUntil(lambda: text(section, 1, 4) == "muted")
    assert section.mute.text() == "Unmute"
    section.mute.click()
    idle(dock, qtbot)
    assert np.asarray(dock.session.labels)[BOX.slices].all()


def test_a_moment_is_restored_and_undo_brings_back_what_came_later(history, qtbot):
    section, dock = history
    section.table.selectRow(1)
    section.back.click()
    idle(dock, qtbot)
    assert dock.session.reviewed == BOX.size
    dock.session.undo()
    assert dock.session.reviewed == 2 * BOX.size


def test_going_to_a_stroke_shows_its_plane_and_slice(history):
    section, dock = history
    section.table.selectRow(0)
    section.go.click()
    dims = dock.desk.link.viewer.dims
    assert dims.order == (1, 0, 2)
    labels = dock.desk.link.labels
    y = labels.world_to_data(dims.point)[1]
    assert BOX.start[1] + 8 <= y < BOX.stop[1] + 8


def test_a_colleague_s_journal_is_taken_in_and_a_disagreement_decided(history, qtbot, tmp_path):
    section, dock = history
    folder = dock.session.project.journal
    other = Corrections.open(tmp_path / "theirs", dock.session.volume.shape, person="bob")
    other.paint(BOX, np.ones(BOX.shape, bool), 0)
    assert other.close()
    (path,) = (tmp_path / "theirs").glob("*.sqlite")
    section.take_journal(path)
    idle(dock, qtbot)
    assert (folder / path.name).exists()
    qtbot.waitUntil(lambda: len(dock.session.strokes) == 3)
    assert not np.asarray(dock.session.labels)[BOX.slices].any()
    section.look.click()
    idle(dock, qtbot)
    assert section.overlaps.count() == 1
    section.overlaps.setCurrentRow(0)
    assert "bob" in section.versions.said
    section.earlier.click()
    assert section.overlaps.count() == 0
    assert np.asarray(dock.session.labels)[BOX.slices].all()


def test_where_saving_fails_painting_pauses_and_a_private_journal_is_offered(
    history, qtbot, monkeypatch
):
    import sqlite3

    from napari_vessel.annotation import Journal
    from napari_vessel.errors import JournalError

    section, dock = history
    session, append = dock.session, Journal.append
    session.corrections.flush()
    place = session.project.journal

    def full(journal, rows):
        if journal.path.parent == place:
            raise sqlite3.OperationalError("database or disk is full")
        append(journal, rows)

    monkeypatch.setattr(Journal, "append", full)
    assert not section.private.isVisibleTo(section)
    stroke(session, BOX.shifted((4, 0, 0)))
    qtbot.waitUntil(lambda: session.save_state == "aside")
    qtbot.waitUntil(lambda: section.private.isVisibleTo(section))
    assert "paused" in section.paused.said
    with pytest.raises(JournalError, match="Painting is paused"):
        session.begin_stroke("paint", Plane.XY)
    section.private.click()
    stroke(session, BOX.shifted((6, 0, 0)))
    qtbot.waitUntil(lambda: session.corrections.saved)
    assert not section.private.isVisibleTo(section)
    assert session.corrections.aside.exists()
    monkeypatch.setattr(Journal, "append", append)
    shutil.rmtree(session.corrections.aside.parent)


def test_a_newer_project_is_open_to_view_and_the_dock_says_what_to_do(
    opened, make_dock, volume_path, qtbot
):
    from napari_vessel.errors import JournalError

    _, before = opened
    stroke(before.session)
    toml = before.session.project.toml
    before.shut()
    toml.write_text(toml.read_text().replace("format = 1", "format = 9", 1))
    _, dock = make_dock()
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
    assert "Please update napari-vessel" in dock.history.paused.said
    assert not dock.history.private.isVisibleTo(dock.history)
    assert "Please update napari-vessel" in dock.correct.hint.said
    assert "open to view only" in dock.correct.light.text()
    assert not any(tool.isEnabled() for tool in dock.correct.tools.values())
    assert not dock.correct.accept.isEnabled()
    with pytest.raises(JournalError, match="Please update napari-vessel"):
        dock.desk.link.labels.data_setitem((np.array([2]),) * 3, 1)
    assert np.asarray(dock.session.labels)[BOX.slices].all()
    assert dock.session.reviewed == BOX.size
