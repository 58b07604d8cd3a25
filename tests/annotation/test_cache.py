"""The cache of the overlay: it spares the replay, and nothing wrong with it is ever shown."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, replay
from napari_vessel.annotation import _known as known_module
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)
Open = Callable[..., Corrections]
Paint = Callable[..., None]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(known_module, "WORTH_CACHING", 5)
    return tmp_path / "cache"


@pytest.fixture
def cached(opened: Open, cache: Path, paint_strokes: Paint) -> Path:
    """Return the file of a cache of some strokes, one of them undone."""
    corrections = opened()
    paint_strokes(corrections, 12)
    corrections.undo()
    assert corrections.close(30)
    opened(cache=cache)
    (path,) = cache.iterdir()
    return path


def same_as_replayed(corrections: Corrections, folder: Path) -> None:
    expected = replay(folder, SHAPE)
    np.testing.assert_array_equal(corrections.overlay.read(WHOLE), expected.overlay.read(WHOLE))
    assert corrections.overlay.reviewed == expected.overlay.reviewed
    assert corrections.overlay.vessel == expected.overlay.vessel
    assert corrections.overlay.boxes() == expected.overlay.boxes()
    assert corrections.position == expected.position


def forbid_old_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows that an opening applies."""
    applied, counted = known_module.applied, []
    monkeypatch.setattr(
        known_module, "applied", lambda row, result: counted.append(1) or applied(row, result)
    )
    return counted


def test_an_opening_replays_only_what_came_after_the_cache(
    opened: Open, folder: Path, cache: Path, cached: Path, paint_strokes: Paint, monkeypatch
) -> None:
    more = opened(cache=cache)
    paint_strokes(more, 2, seed=5)
    assert more.close(30)
    (rows,) = [n for name, n in more.position.items() if name == more._writer.path.name]
    counted = forbid_old_rows(monkeypatch)
    again = opened(cache=cache)
    assert len(counted) == rows
    same_as_replayed(again, folder)


def test_undo_redo_and_muting_work_on_what_only_the_cache_told(
    opened: Open, folder: Path, cache: Path, cached: Path
) -> None:
    corrections, plain = opened(cache=cache), opened()
    for do in ("redo", "undo", "undo"):
        assert getattr(corrections, do)() == getattr(plain, do)()
        same = [c.overlay.read(WHOLE) for c in (corrections, plain)]
        np.testing.assert_array_equal(*same)
    assert [e.state for e in corrections.strokes] == [e.state for e in plain.strokes]
    assert corrections.strokes.mute(2) == plain.strokes.mute(2)
    np.testing.assert_array_equal(corrections.overlay.read(WHOLE), plain.overlay.read(WHOLE))


def damaged(data: bytes, at: int, how: str) -> bytes:
    if how == "cut":
        return data[:at]
    if how == "zero":
        return data[:at] + bytes(40) + data[at + 40 :]
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


@pytest.mark.parametrize("how", ["cut", "zero", "flip"])
@pytest.mark.parametrize(
    "rounds", [pytest.param(15, id="few"), pytest.param(300, id="many", marks=pytest.mark.slow)]
)
def test_a_damaged_cache_is_never_shown(
    opened: Open, folder: Path, cache: Path, cached: Path, how: str, rounds: int
) -> None:
    data, rng = cached.read_bytes(), np.random.default_rng(3)
    for _ in range(rounds):
        cached.write_bytes(damaged(data, int(rng.integers(len(data))), how))
        corrections = opened(cache=cache, read_only=True)
        same_as_replayed(corrections, folder)
        assert not corrections.problems


def test_a_deleted_or_damaged_cache_is_rebuilt(
    opened: Open, folder: Path, cache: Path, cached: Path
) -> None:
    whole = zipfile.ZipFile(cached).namelist()
    for spoil in (cached.unlink, lambda: cached.write_bytes(b"PK rubbish")):
        spoil()
        same_as_replayed(opened(cache=cache), folder)
        assert zipfile.ZipFile(cached).namelist() == whole


def test_a_chunk_that_is_gone_is_noticed(
    opened: Open, folder: Path, cache: Path, cached: Path
) -> None:
    with zipfile.ZipFile(cached) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    gone = next(name for name in entries if name.startswith("c/"))
    with zipfile.ZipFile(cached, "w") as file:
        for name, data in entries.items():
            if name != gone:
                file.writestr(name, data)
    same_as_replayed(opened(cache=cache), folder)
    assert gone in zipfile.ZipFile(cached).namelist()


def test_a_cache_of_other_journals_is_stale(
    opened: Open, folder: Path, cache: Path, cached: Path, paint_strokes: Paint, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    corrections = Corrections.open(other, SHAPE)
    paint_strokes(corrections, 12, seed=9)
    assert corrections.close(30)
    (theirs,), (ours,) = other.glob("*.sqlite"), folder.glob("*.sqlite")
    shutil.copyfile(theirs, ours)  # the same name, another history
    same_as_replayed(opened(cache=cache), folder)


def test_a_journal_that_vanished_makes_the_cache_stale(
    opened: Open, folder: Path, cache: Path, cached: Path
) -> None:
    next(folder.glob("*.sqlite")).unlink()
    corrections = opened(cache=cache)
    assert corrections.overlay.reviewed == 0
    assert corrections.position == {}


def test_a_journal_from_elsewhere_whose_strokes_lie_between_is_put_in_order(
    opened: Open, folder: Path, cache: Path, tmp_path: Path, monkeypatch
) -> None:
    now = iter(range(1000, 10**9, 1000))
    monkeypatch.setattr("time.time_ns", lambda: next(now) * 10**6)
    colleague = Corrections.open(tmp_path / "elsewhere", SHAPE)
    for value in (1, 0, 1, 0, 1, 0):  # theirs is older than the last of ours
        colleague.paint(BOX, ALL, value)
    assert colleague.close(30)
    corrections = opened()
    for _ in range(6):
        corrections.paint(BOX, ALL, 1)
    assert corrections.close(30)
    opened(cache=cache)
    shutil.copy(next((tmp_path / "elsewhere").glob("*.sqlite")), folder)
    again = opened(cache=cache)
    same_as_replayed(again, folder)
    assert (again.overlay.read(BOX) == 2).all()


def test_a_cache_that_cannot_be_written_costs_nothing(
    opened: Open, folder: Path, paint_strokes: Paint, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(known_module, "WORTH_CACHING", 5)
    (tmp_path / "cache").write_text("a file where the folder should be")
    corrections = opened()
    paint_strokes(corrections, 12)
    assert corrections.close(30)
    same_as_replayed(opened(cache=tmp_path / "cache"), folder)


def test_what_could_not_be_read_is_never_cached(
    opened: Open, folder: Path, cache: Path, paint_strokes: Paint
) -> None:
    corrections = opened()
    paint_strokes(corrections, 12)
    assert corrections.close(30)
    (path,) = folder.glob("*.sqlite")
    data = path.read_bytes()
    at = data.index(b"NVR1") + 20
    path.write_bytes(data[:at] + b"\xff\xfe" + data[at + 2 :])
    assert opened(cache=cache).problems
    assert not cache.exists()
    assert opened(cache=cache).problems  # and it is said again


def test_the_cache_can_be_read_by_zarr(opened: Open, folder: Path, cached: Path) -> None:
    zarr = pytest.importorskip("zarr")
    store = zarr.storage.ZipStore(cached, mode="r")
    array = zarr.open_array(store, mode="r")
    np.testing.assert_array_equal(array[...], replay(folder, SHAPE).overlay.read(WHOLE))
    store.close()
    assert json.loads(zipfile.ZipFile(cached).read("zarr.json"))["attributes"]["journals"]
