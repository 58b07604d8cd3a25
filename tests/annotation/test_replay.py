"""Replay of whole, cut, garbled and foreign journals."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, replay, summaries
from napari_vessel.annotation._reading import JournalReader, read_row
from napari_vessel.annotation._salvage import _rows_of
from napari_vessel.annotation._schema import PAGE_BYTES, _mount_type, set_durability
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
COUNT = 60
Open = Callable[..., Corrections]
Paint = Callable[..., None]
Damage = Callable[[bytes, int, np.random.Generator], bytes]


@pytest.fixture
def closed(opened: Open, folder: Path, paint_strokes: Paint) -> Path:
    """Return a journal of many strokes, one of them larger than a page."""
    corrections = opened()
    paint_strokes(corrections, COUNT - 1)
    corrections.import_labels(WHOLE, np.random.default_rng(0).random(SHAPE) < 0.5)
    assert corrections.close(30)
    (path,) = folder.glob("*.sqlite")
    return path


@pytest.fixture
def killed(opened: Open, folder: Path, paint_strokes: Paint, tmp_path: Path) -> Path:
    """Return a journal as a killed viewer leaves it: all rows in the write-ahead log."""
    corrections = opened()
    for seed in range(COUNT):
        paint_strokes(corrections, 1, seed=seed)
        assert corrections.flush(30)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.lock", "*-shm"))
    (path,) = copy.glob("*.sqlite")
    return path


def rows_of(path: Path) -> tuple[dict[int, bytes], list[str]]:
    reader = JournalReader(path)
    found = [(row.sequence, row.payload) for row in reader.rows()]
    assert [sequence for sequence, _ in found] == sorted({sequence for sequence, _ in found})
    return dict(found), reader.problems


def pages_of(path: Path) -> dict[int, set[int]]:
    """Return the sequences that lie on each page, by its own bytes."""
    data = path.read_bytes()
    pages = [data[at : at + PAGE_BYTES] for at in range(0, len(data), PAGE_BYTES)]
    held = defaultdict(set)
    for number, page in enumerate(pages):
        for row in _rows_of(page, lambda n: pages[n - 1]):
            held[number].add(row.sequence)
    return held


def garble(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + rng.bytes(16) + data[at + 16 :]


def zero(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + bytes(600) + data[at + 600 :]


def flip(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << int(rng.integers(8))]) + data[at + 1 :]


def cut(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at]


REACH = {garble: 16, zero: 600, flip: 1, cut: 10**9}
ROUNDS = [pytest.param(6, id="few"), pytest.param(100, id="many", marks=pytest.mark.slow)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("damage", [garble, zero, flip, cut])
def test_of_a_damaged_file_every_row_is_used_whose_page_survives(
    closed: Path, damage: Damage, rounds: int
) -> None:
    whole, problems = rows_of(closed)
    assert len(whole) >= COUNT  # more where a commit fell into a stroke
    assert not problems
    held, data, rng = pages_of(closed), closed.read_bytes(), np.random.default_rng(1)
    large = max(whole, key=lambda n: len(whole[n]))  # on many pages
    for _ in range(rounds):
        at = int(rng.integers(len(data)))
        closed.write_bytes(damage(data, at, rng))
        found, problems = rows_of(closed)
        assert all(whole.get(sequence) == payload for sequence, payload in found.items())
        first, last = at // PAGE_BYTES, (at + REACH[damage] - 1) // PAGE_BYTES
        spoilt = {n for page in held if first <= page <= last for n in held[page]} | {large}
        assert set(whole) - spoilt <= set(found)
        if len(found) < len(whole):
            assert problems


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("damage", [garble, zero, flip, cut])
def test_of_a_damaged_log_a_clean_prefix_is_used_or_more_and_that_is_said(
    killed: Path, damage: Damage, rounds: int
) -> None:
    log = killed.with_name(killed.name + "-wal")
    data, rng = log.read_bytes(), np.random.default_rng(2)
    whole, problems = rows_of(killed)
    assert len(whole) >= COUNT  # more where a commit fell into a stroke
    assert not problems
    for _ in range(rounds):
        at = int(rng.integers(len(data)))
        killed.with_name(killed.name + "-shm").unlink(missing_ok=True)
        log.write_bytes(damage(data, at, rng))
        found, problems = rows_of(killed)
        assert all(whole.get(sequence) == payload for sequence, payload in found.items())
        assert problems or sorted(found) == list(range(1, len(found) + 1))


def test_a_bad_row_is_named_and_the_others_are_used(closed: Path) -> None:
    whole, _ = rows_of(closed)
    data = closed.read_bytes()
    at = data.index(whole[7]) + 20
    closed.write_bytes(data[:at] + b"\xff\xfe" + data[at + 2 :])
    found, problems = rows_of(closed)
    assert set(whole) - set(found) == {7}
    assert any("row 7 could not be read" in problem for problem in problems)
    with pytest.raises(JournalError, match="Row 7"):
        read_row(closed, 7)


def test_a_vanished_last_row_is_noticed(closed: Path) -> None:
    last = max(rows_of(closed)[0])
    with closing(sqlite3.connect(closed)) as connection:
        connection.execute("DROP TRIGGER never_deleted")
        connection.execute(
            "DELETE FROM strokes WHERE sequence = (SELECT max(sequence) FROM strokes)"
        )
        connection.execute("PRAGMA secure_delete=ON")
        connection.commit()
        connection.execute("VACUUM")
    _, problems = rows_of(closed)
    assert any(f"row {last} could not be read" in problem for problem in problems)


def test_a_row_put_in_by_something_else_is_named(closed: Path) -> None:
    whole, _ = rows_of(closed)
    with closing(sqlite3.connect(closed)) as connection:
        connection.execute("DROP TRIGGER never_updated")
        from napari_vessel.annotation._correction import row_crc

        crc = row_crc(5, whole[5], 1)
        connection.execute("UPDATE strokes SET previous = 1, crc = ? WHERE sequence = 5", (crc,))
        connection.commit()
    found, problems = rows_of(closed)
    assert len(found) == len(whole)
    assert any("row 5 was not written after" in problem for problem in problems)


@pytest.mark.parametrize("statement", ["DELETE FROM strokes", "UPDATE strokes SET crc = 0"])
def test_rows_are_never_changed(closed: Path, statement: str) -> None:
    with closing(sqlite3.connect(closed)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(statement)
        connection.rollback()


def test_a_killed_viewers_journal_is_read_from_a_folder_that_cannot_be_written(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr("napari_vessel.annotation._reading.connect_to_read", refused)
    before = {path: path.read_bytes() for path in killed.parent.iterdir()}
    killed.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        found, problems = rows_of(killed)
    finally:
        killed.parent.chmod(stat.S_IRWXU)
    assert len(found) >= COUNT
    assert not problems
    assert {path: path.read_bytes() for path in killed.parent.iterdir()} == before


@pytest.mark.parametrize("content", [b"", b"not a database", bytes(5000), b"SQLite format 3\0"])
def test_a_foreign_file_is_named_and_hides_nothing(closed: Path, content: bytes) -> None:
    rows = replay(closed.parent, SHAPE).rows
    (closed.parent / "20250101T000000Z-x-y.sqlite").write_bytes(content)
    result = replay(closed.parent, SHAPE)
    assert result.rows == rows
    assert "20250101T000000Z-x-y.sqlite" in result.problems[0]


def test_a_journal_and_its_copy_count_once(closed: Path) -> None:
    expected = replay(closed.parent, SHAPE)
    shutil.copyfile(closed, closed.with_name("copy.sqlite"))
    result = replay(closed.parent, SHAPE)
    assert result.rows == expected.rows
    np.testing.assert_array_equal(result.overlay.read(WHOLE), expected.overlay.read(WHOLE))


def test_rows_of_another_volume_are_named_and_not_used(closed: Path) -> None:
    result = replay(closed.parent, (4, 4, 4))
    assert result.overlay.reviewed == 0
    assert any("another volume" in problem for problem in result.problems)


def test_an_earlier_position_can_be_replayed(opened: Open, folder: Path, paint_strokes) -> None:
    corrections = opened()
    paint_strokes(corrections, 3)
    assert corrections.flush(30)
    then, position = corrections.overlay.read(WHOLE), corrections.position
    paint_strokes(corrections, 3, seed=9)
    assert corrections.close(30)
    result = replay(folder, SHAPE, until=position)
    np.testing.assert_array_equal(result.overlay.read(WHOLE), then)
    assert result.position == position


def test_a_network_file_system_gets_no_shared_memory(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "j", isolation_level=None)) as connection:
        assert set_durability(connection, networked=True) == "truncate"
        assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
        assert set_durability(connection, networked=False) == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_deepest_mount_tells_the_file_system(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\nserver:/lab /lab nfs4 rw 0 0\n"
        "me@host: /home/a\\040b fuse.sshfs rw 0 0\n"
    )
    for path, kind in (("/lab/x", "nfs4"), ("/laboratory", "ext4"), ("/home/a b/c", "fuse")):
        assert _mount_type(Path(path), mounts) == kind


def test_everything_works_on_a_network_file_system(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, paint_strokes: Paint
) -> None:
    monkeypatch.setattr("napari_vessel.annotation._schema.on_network", lambda path: True)
    corrections = opened()
    for seed in range(3):
        paint_strokes(corrections, 1, seed=seed)
        assert corrections.flush(30)
        result = replay(folder, SHAPE)
        np.testing.assert_array_equal(result.overlay.read(WHOLE), corrections.overlay.read(WHOLE))
    corrections.undo()
    assert corrections.close(30)
    assert not replay(folder, SHAPE).problems


def test_the_listing_names_every_row_in_plain_values(opened: Open, folder: Path) -> None:
    corrections = opened()
    box = Box((0, 0, 0), (1, 2, 3))
    corrections.paint(box, np.ones(box.shape, bool), 1, tool="fill")
    corrections.accept(box.shifted((1, 0, 0)), np.zeros(box.shape))
    corrections.undo()
    assert corrections.close(30)
    problems: list[str] = []
    listed = [summary.as_dict() for summary in summaries(folder, problems)]
    assert [(s["kind"], s["tool"]) for s in listed] == [
        ("stroke", "fill"),
        ("stroke", "accept"),
        ("undo", "accept"),
    ]
    assert [(s["voxels"], s["vessel"], s["accepted"]) for s in listed] == [
        (6, 6, 0),
        (6, 0, 6),
        (6, 0, 0),
    ]
    assert listed[2]["undoes"] == listed[1]["stroke"]
    assert not problems
