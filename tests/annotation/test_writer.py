"""The thread that saves: it tells the truth, drops nothing and never hangs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, Journal, holders, replay
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
Open = Callable[..., Corrections]
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)


def vessel_on_disk(folder: Path) -> int:
    return replay(folder, SHAPE).overlay.vessel


def fails(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_saved_is_said_only_after_the_commit(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_commit, append = threading.Event(), Journal.append

    def late(journal: Journal, rows: list) -> None:
        may_commit.wait(10)
        append(journal, rows)

    monkeypatch.setattr(Journal, "append", late)
    told: list[int] = []
    corrections = opened(on_saved=told.append)
    corrections.paint(BOX, ALL, 1)
    assert not corrections.flush(0.3)
    assert (corrections.saved, told, corrections.position) == (False, [], {})
    may_commit.set()
    assert corrections.flush(10)
    assert corrections.saved
    assert vessel_on_disk(folder) == BOX.size
    assert corrections.close()
    assert told == [1]


def test_a_stroke_becomes_durable_by_itself_also_before_the_mouse_is_released(
    opened: Open, folder: Path
) -> None:
    corrections = opened()
    corrections.begin_stroke("paint")
    corrections.paint(BOX, ALL, 1)
    end = time.monotonic() + 20  # a liveness bound; 250 ms is what it aims at
    while not corrections.saved and time.monotonic() < end:
        time.sleep(0.01)
    assert vessel_on_disk(folder) == BOX.size


def test_a_failed_save_is_told_drops_nothing_and_is_tried_again(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append
    monkeypatch.setattr(Journal, "append", fails)
    errors: list[JournalError] = []
    corrections = opened(on_failed=errors.append)
    for step in range(3):
        corrections.paint(BOX.shifted((5 * step, 0, 0)), ALL, 1)
        assert not corrections.flush(10)
    corrections.undo()
    assert not corrections.saved
    assert isinstance(errors[0], JournalError)
    assert "disk is full" in str(errors[0])
    monkeypatch.setattr(Journal, "append", append)
    end = time.monotonic() + 20
    while not corrections.saved and time.monotonic() < end:  # it tries again by itself
        time.sleep(0.01)
    assert vessel_on_disk(folder) == 2 * BOX.size == corrections.overlay.vessel


@pytest.mark.parametrize("call", range(12))
def test_any_one_failing_statement_loses_nothing(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    calls = 0

    class Failing(sqlite3.Connection):
        def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
            nonlocal calls
            calls += 1
            if calls == call + 8:
                fails()
            return super().execute(sql, *parameters)

    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Failing, **k))
        corrections = opened()
        for step in range(3):
            corrections.paint(BOX.shifted((5 * step, 0, 0)), ALL, 1)
            corrections.flush(10)
        assert corrections.flush(10)
        assert corrections.close(10)
    result = replay(folder, SHAPE)
    assert (result.overlay.vessel, result.rows, result.problems) == (3 * BOX.size, 3, [])


def test_a_commit_whose_outcome_is_unknown_is_not_written_twice(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append

    def commits_then_fails(journal: Journal, rows: list) -> None:
        append(journal, rows)
        monkeypatch.setattr(Journal, "append", append)
        fails()

    monkeypatch.setattr(Journal, "append", commits_then_fails)
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    assert not corrections.flush(10)
    assert corrections.flush(10)
    result = replay(folder, SHAPE)
    assert (result.rows, result.problems) == (1, [])


def test_closing_never_hangs(opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(Journal, "append", lambda *_: stuck.wait(30))
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    start = time.monotonic()
    assert not corrections.close(0.5)
    assert time.monotonic() - start < 20  # it ends at all
    stuck.set()
    assert corrections.close(10)


def test_what_close_could_not_save_can_be_saved_later(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append
    monkeypatch.setattr(Journal, "append", fails)
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    assert not corrections.close()
    assert not corrections.saved
    monkeypatch.setattr(Journal, "append", append)
    assert corrections.close(10)
    assert vessel_on_disk(folder) == BOX.size


def test_a_listener_that_fails_does_not_end_the_saving(
    opened: Open, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def listener(_: int) -> None:
        raise RuntimeError("broken widget")

    corrections = opened(on_saved=listener)
    for step in range(2):
        corrections.paint(BOX.shifted((5 * step, 0, 0)), ALL, 1)
        assert corrections.flush(10)
    assert corrections.close()
    assert vessel_on_disk(folder) == 2 * BOX.size
    assert "broken widget" in caplog.text


def test_a_journal_deleted_under_us_is_put_back_whole(opened: Open, folder: Path) -> None:
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    assert corrections.flush(10)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    corrections.paint(BOX.shifted((9, 0, 0)), ALL, 1)
    assert corrections.flush(10)
    assert corrections.close()
    result = replay(folder, SHAPE)
    assert (result.overlay.vessel, result.problems) == (2 * BOX.size, [])


def test_nothing_painted_makes_no_thread_and_no_file(opened: Open, folder: Path) -> None:
    corrections = opened()
    assert corrections.flush()
    assert corrections.close()
    assert not folder.exists()


def test_it_can_be_painted_after_closing(opened: Open, folder: Path) -> None:
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    assert corrections.close()
    assert holders(folder) == []
    corrections.paint(BOX.shifted((9, 0, 0)), ALL, 1)
    assert corrections.close()
    result = replay(folder, SHAPE)
    assert (result.overlay.vessel, result.problems) == (2 * BOX.size, [])


UNCLOSED = """
import sys, numpy as np
from pathlib import Path
from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box
corrections = Corrections.open(Path(sys.argv[1]), (70, 66, 80))
corrections.paint(Box((0, 0, 0), (1, 2, 3)), np.ones((1, 2, 3), bool), 1)
"""


def test_an_interpreter_that_ends_without_closing_saves_first(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", UNCLOSED, folder], check=True, timeout=60)
    assert vessel_on_disk(folder) == 6


FULL = """
import resource, sys, numpy as np
from pathlib import Path
from napari_vessel.annotation import Corrections, replay
from napari_vessel.geometry import Box
folder, shape = Path(sys.argv[1]), (70, 66, 80)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
errors, rng, box = [], np.random.default_rng(0), Box.of(shape)
corrections = Corrections.open(folder, shape, on_failed=errors.append)
for _ in range(12):
    corrections.import_labels(box, rng.random(shape) < 0.5)
    corrections.flush(60)
assert errors, "the disk was never full"
assert not corrections.saved
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert corrections.flush(60)
result = replay(folder, shape)
assert result.rows == 12, result
assert not result.problems, result
assert (result.overlay.read(box) == corrections.overlay.read(box)).all()
assert corrections.close(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
@pytest.mark.parametrize("limit", [1, 30_000, 200_000])
def test_a_full_disk_loses_nothing(folder: Path, limit: int) -> None:
    subprocess.run([sys.executable, "-c", FULL, folder, str(limit)], check=True, timeout=200)
