"""Where the project cannot be written, strokes are safe in the user's own folder."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, Journal, replay
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)
Open = Callable[..., Corrections]
Paint = Callable[..., None]


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "aside"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[[bool], None]:
    """Switch between a disk that is full and one that is not, in the project only."""
    append = Journal.append

    def refuses(journal: Journal, rows: list) -> None:
        if journal.path.parent == folder:
            raise sqlite3.OperationalError("database or disk is full")
        append(journal, rows)

    return lambda is_full: monkeypatch.setattr(Journal, "append", refuses if is_full else append)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20  # a liveness bound
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_what_cannot_be_saved_is_safe_aside_and_the_light_does_not_say_saved(
    opened: Open, folder: Path, aside: Path, full, paint_strokes: Paint
) -> None:
    errors: list[JournalError] = []
    corrections = opened(aside=aside, on_failed=errors.append)
    paint_strokes(corrections, 2)
    assert corrections.flush(30)
    full(True)
    paint_strokes(corrections, 3, seed=1)
    assert not corrections.flush(30)
    until(lambda: bool(errors))
    assert corrections.safe
    assert not corrections.saved
    assert corrections.aside is not None and corrections.aside.parent == aside
    assert corrections.paused
    assert str(aside) in str(errors[-1])


def test_once_there_is_room_all_is_in_the_project_and_nothing_aside(
    opened: Open, folder: Path, aside: Path, full, paint_strokes: Paint
) -> None:
    corrections = opened(aside=aside)
    full(True)
    paint_strokes(corrections, 3)
    assert not corrections.flush(30)
    assert list(aside.glob("*.sqlite"))
    full(False)
    until(lambda: corrections.saved)
    assert not corrections.paused
    assert not list(aside.iterdir())
    result = replay(folder, SHAPE)
    np.testing.assert_array_equal(result.overlay.read(WHOLE), corrections.overlay.read(WHOLE))
    assert not result.problems


def test_what_lies_aside_is_taken_in_at_the_next_opening(
    opened: Open, folder: Path, aside: Path, full, paint_strokes: Paint
) -> None:
    corrections = opened(aside=aside)
    paint_strokes(corrections, 2)
    assert corrections.flush(30)
    full(True)
    paint_strokes(corrections, 3, seed=1)
    painted = corrections.overlay.read(WHOLE)
    assert not corrections.close(5)  # the process ends with a full disk
    full(False)
    again = opened(aside=aside)
    np.testing.assert_array_equal(again.overlay.read(WHOLE), painted)
    assert not again.problems
    assert "taken into the project" in again.news[0]
    assert not list(aside.iterdir())
    result = replay(folder, SHAPE)
    np.testing.assert_array_equal(result.overlay.read(WHOLE), painted)
    assert not result.problems
    again.undo()
    again.undo()
    assert len([e for e in again.strokes if e.state == "shown"]) == 3
    assert corrections.close(30)


def test_what_lies_aside_is_shown_where_it_cannot_be_taken_in(
    opened: Open, folder: Path, aside: Path, full, paint_strokes: Paint, monkeypatch
) -> None:
    corrections = opened(aside=aside)
    full(True)
    paint_strokes(corrections, 3)
    painted = corrections.overlay.read(WHOLE)
    assert not corrections.close(5)

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("napari_vessel.annotation._aside.write_atomically", refused)
        still = opened(aside=aside)
    np.testing.assert_array_equal(still.overlay.read(WHOLE), painted)
    assert "not in the project yet" in still.news[0]
    full(False)
    still.undo()
    assert still.close(30)
    again = opened(aside=aside)
    assert not again.problems
    np.testing.assert_array_equal(again.overlay.read(WHOLE), still.overlay.read(WHOLE))
    assert corrections.close(30)


def test_a_journal_aside_that_a_viewer_writes_to_is_left_to_it(
    opened: Open, aside: Path, full, paint_strokes: Paint
) -> None:
    corrections = opened(aside=aside)
    full(True)
    paint_strokes(corrections, 1)
    assert not corrections.flush(30)
    second = opened(aside=aside)
    assert second.overlay.reviewed == corrections.overlay.reviewed
    assert list(aside.glob("*.sqlite"))
    full(False)
    until(lambda: corrections.saved)


def test_a_project_that_cannot_be_written_is_open_to_view_and_offers_a_private_journal(
    opened: Open, folder: Path, aside: Path, full, paint_strokes: Paint, monkeypatch
) -> None:
    monkeypatch.setattr("napari_vessel.annotation._kept.can_write", lambda path: False)
    full(True)
    corrections = opened(aside=aside)
    assert "open to view" in corrections.paused
    corrections.move_aside()
    assert corrections.paused is None
    paint_strokes(corrections, 3)
    assert corrections.flush(30)
    assert corrections.saved
    corrections.undo()
    corrections.redo()
    assert corrections.close(30)
    assert not folder.exists()
    full(False)
    again = opened(aside=aside)
    np.testing.assert_array_equal(again.overlay.read(WHOLE), corrections.overlay.read(WHOLE))
    assert list(folder.glob("*.aside.sqlite"))
    assert not again.problems


def test_a_private_journal_needs_a_place(opened: Open) -> None:
    with pytest.raises(JournalError, match="no place"):
        opened().move_aside()


def test_painting_on_privately_continues_where_the_disk_was_full(
    opened: Open, folder: Path, aside: Path, full, paint_strokes: Paint
) -> None:
    corrections = opened(aside=aside)
    paint_strokes(corrections, 2)
    assert corrections.flush(30)
    full(True)
    paint_strokes(corrections, 2, seed=1)
    assert not corrections.flush(30)
    corrections.move_aside()
    paint_strokes(corrections, 2, seed=2)
    until(lambda: corrections.flush(5))
    assert corrections.paused is None
    position = corrections.position
    assert len(position) == 2
    corrections.undo()
    painted = corrections.overlay.read(WHOLE)
    assert corrections.close(30)
    full(False)
    again = opened(aside=aside)
    np.testing.assert_array_equal(again.overlay.read(WHOLE), painted)
    assert not again.problems


KILLED = """
import os, sqlite3, sys, numpy as np
from pathlib import Path
from napari_vessel.annotation import Corrections, Journal
from napari_vessel.geometry import Box
folder, aside = Path(sys.argv[1]), Path(sys.argv[2])
append = Journal.append
def full(journal, rows):
    if journal.path.parent == folder:
        raise sqlite3.OperationalError("disk is full")
    append(journal, rows)
Journal.append = full
corrections = Corrections.open(folder, (70, 66, 80), aside=aside)
for z in range(5):
    corrections.paint(Box((z, 0, 0), (z + 1, 2, 3)), np.ones((1, 2, 3), bool), 1)
    corrections.flush(20)
assert corrections.safe and not corrections.saved
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_strokes_aside_survive_kill_9(opened: Open, folder: Path, aside: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, folder, aside], check=False, timeout=60)
    assert ended.returncode == -9
    assert opened(aside=aside).overlay.vessel == 30


SMALL = """
import os, sys, subprocess, numpy as np
from pathlib import Path
from napari_vessel.annotation import Corrections, replay
from napari_vessel.geometry import Box
disk, aside, shape = Path(sys.argv[1]), Path(sys.argv[2]), (70, 66, 80)
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
rng, box = np.random.default_rng(0), Box.of(shape)
corrections = Corrections.open(disk / "journal", shape, aside=aside)
(disk / "ballast").write_bytes(bytes(700_000))
for _ in range(12):
    corrections.import_labels(box, rng.random(shape) < 0.5)
    corrections.flush(60)
assert corrections.safe and not corrections.saved
painted = corrections.overlay.read(box)
corrections.close(20)
(disk / "ballast").unlink()
again = Corrections.open(disk / "journal", shape, aside=aside)
assert (again.overlay.read(box) == painted).all(), again.problems
assert not again.problems, again.problems
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a tiny disk of one's own is Linux's")
def test_on_a_disk_of_one_megabyte_nothing_is_lost(tmp_path: Path, aside: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["unshare", "-rm", sys.executable, "-c", SMALL, disk, aside]
    probe = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip("this machine gives no user namespaces")
    done = subprocess.run(command, check=False, timeout=200, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not list(disk.iterdir())  # it was the child's own
