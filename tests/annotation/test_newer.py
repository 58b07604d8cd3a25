"""A journal of a newer version: what is understood of it shows, and nothing is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, list_journals, replay, take_journal
from napari_vessel.errors import JournalError, LabelsError
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)
Open = Callable[..., Corrections]

VERSION = "PRAGMA user_version=2"
NOTED = "UPDATE facts SET value='2' WHERE name='format'"
OTHER_TABLES = "ALTER TABLE strokes RENAME TO marks"


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def painted(opened: Open, folder: Path) -> Path:
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    assert corrections.close(30)
    (path,) = folder.glob("*.sqlite")
    return path


def test_it_opens_to_view_and_refuses_every_change(
    opened: Open, folder: Path, painted: Path
) -> None:
    changed(painted, VERSION, NOTED)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    corrections = opened(cache=folder.parent / "cache", aside=folder.parent / "aside")
    assert corrections.overlay.vessel == BOX.size
    assert corrections.paused == corrections.view_only
    for change in (
        lambda: corrections.paint(BOX, ALL, 0),
        lambda: corrections.accept(BOX, ALL),
        lambda: corrections.import_labels(BOX, ALL),
        lambda: corrections.begin_stroke("paint"),
        lambda: corrections.cover([(BOX, ALL, ALL)], "grow"),
        lambda: corrections.strokes.mute(0),
        lambda: list(corrections.strokes.restore(0)),
        corrections.undo,
        corrections.redo,
        corrections.move_aside,
    ):
        with pytest.raises(JournalError, match=r"newer napari-vessel.*Update napari-vessel"):
            change()
    assert corrections.overlay.vessel == BOX.size
    assert corrections.close(30)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not (folder.parent / "cache").exists()


@pytest.mark.parametrize("tables", [(), (OTHER_TABLES,)], ids=["same tables", "other tables"])
def test_what_is_not_understood_of_it_is_called_newer_and_not_damaged(
    opened: Open, folder: Path, painted: Path, tables: tuple[str, ...]
) -> None:
    changed(painted, VERSION, NOTED, *tables)
    (problem,) = opened().problems
    assert "written by a newer napari-vessel" in problem
    assert "damaged" not in problem
    (entry,) = list_journals(folder)
    assert "newer" in entry.problems[0]


@pytest.mark.parametrize("place", [VERSION, NOTED])
def test_one_flipped_bit_makes_no_newer_version(opened: Open, painted: Path, place: str) -> None:
    changed(painted, place)
    corrections = opened()
    assert not corrections.read_only
    corrections.paint(BOX, ALL, 0)
    assert corrections.overlay.vessel == 0


def test_other_journals_beside_it_show_as_ever(opened: Open, folder: Path, painted: Path) -> None:
    second = opened()
    second.paint(BOX.shifted((9, 0, 0)), ALL, 0)
    assert second.close(30)
    changed(painted, VERSION, NOTED)
    assert opened().overlay.reviewed == 2 * BOX.size == replay(folder, SHAPE).overlay.reviewed


def test_it_is_not_taken_in_from_a_colleague(folder: Path, painted: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.sqlite"
    painted.rename(theirs)
    changed(theirs, VERSION, NOTED)
    with pytest.raises(LabelsError, match="update napari-vessel to take it in"):
        take_journal(theirs, folder, SHAPE)
    assert not list(folder.glob("*.sqlite"))
