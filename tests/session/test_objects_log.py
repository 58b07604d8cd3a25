"""What a person did to objects is on the disk at once, and replays to the same objects."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.session._objects_book import Book, Prediction
from napari_vessel.session._objects_log import ObjectLog, read_rows
from napari_vessel.session._objects_values import (
    Added,
    ClassesChanged,
    Labelled,
    Moved,
    ObjectClass,
    Removed,
    Verdict,
    deed_of_json,
    inverse,
    json_of_deed,
)

ANNA = Verdict("globally sclerotic", "anna")
A, B = (1.0, 2.0, 3.5), (4.0, 5.0, 6.0)
DEEDS = (
    Added(("a", "b"), (A, B), (None, ANNA)),
    Moved(("a",), (B,), (A,)),
    Labelled(("a",), (ANNA,), (None,)),
    ClassesChanged(
        (ObjectClass("x", "#ffffff", "disc"), ObjectClass("sick", "#000000", "star")),
        Book().classes,
        (("globally sclerotic", "sick"),),
    ),
    Removed(("b",), (B,), (Verdict("sick", "anna"),)),
)


def replayed(folder):
    rows, problems = read_rows([folder])
    book = Book()
    for row in rows:
        book.apply(row.deed)
    return book, problems


def state(book):
    return list(book.ids), book.points.tolist(), list(book.verdicts), book.classes


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_survives_its_way_through_json(deed):
    assert deed_of_json(json_of_deed(deed)) == deed


def test_taking_all_back_in_turn_leaves_the_first_book():
    book = Book()
    states = []
    for deed in DEEDS:
        states.append(state(book))
        book.apply(deed)
    for deed, before in zip(reversed(DEEDS), reversed(states), strict=True):
        book.apply(inverse(deed))
        ids, points, verdicts, classes = state(book)
        assert (sorted(ids), classes) == (sorted(before[0]), before[3])
        found = dict(zip(ids, zip(points, verdicts, strict=True), strict=True))
        assert found == dict(zip(before[0], zip(before[1], before[2], strict=True), strict=True))


def test_what_was_written_replays_to_the_same_book(tmp_path):
    log, book = ObjectLog(lambda: tmp_path, tmp_path / "aside"), Book()
    for deed in DEEDS:
        log.append(deed)
        book.apply(deed)
    assert log.close()
    again, problems = replayed(tmp_path)
    assert state(again) == state(book)
    assert problems == []


def test_two_viewers_write_files_of_their_own_and_their_union_replays_in_order(tmp_path):
    one = ObjectLog(lambda: tmp_path, tmp_path / "aside")
    one.append(Added(("a",), (A,), (None,)))
    assert one.flush()
    two = ObjectLog(lambda: tmp_path, tmp_path / "aside", read_rows([tmp_path])[0])
    two.append(Labelled(("a",), (ANNA,), (None,)))
    one.append(Added(("c",), (B,), (None,)))
    assert one.close()
    assert two.close()
    book, _ = replayed(tmp_path)
    assert book.ids == ["a", "c"]
    assert book.verdicts == [ANNA, None]
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_a_damaged_line_is_named_and_all_others_are_used(tmp_path):
    log = ObjectLog(lambda: tmp_path, tmp_path / "aside")
    for n in range(5):
        log.append(Added((f"o{n}",), (A,), (None,)))
    log.close()
    path = next(tmp_path.glob("*.jsonl"))
    content = bytearray(path.read_bytes())
    content[content.index(b"o2")] ^= 1
    path.write_bytes(bytes(content) + b"1234 half a line")
    book, problems = replayed(tmp_path)
    assert book.ids == ["o0", "o1", "o3", "o4"]
    assert len(problems) == 1
    assert path.name in problems[0]


def test_where_the_project_cannot_be_written_it_goes_aside_and_is_said_once(tmp_path):
    failed, saved = [], []

    def refuse():
        raise OSError(30, "Read-only file system")

    log = ObjectLog(refuse, tmp_path / "aside", (), saved.append, failed.append)
    for n in range(3):
        log.append(Added((f"o{n}",), (A,), (None,)))
        assert log.flush()
    assert log.close()
    assert len(failed) == 1
    assert "Read-only" in str(failed[0])
    assert set(saved) == {True}
    assert replayed(tmp_path / "aside")[0].ids == ["o0", "o1", "o2"]


def test_what_can_be_written_nowhere_is_kept_and_written_once_there_is_room(tmp_path):
    full = True
    failed = []

    def place():
        if full:
            raise OSError(28, "No space left on device")
        return tmp_path

    log = ObjectLog(place, tmp_path / "file" / "aside", (), None, failed.append)
    (tmp_path / "file").write_text("in the way")  # aside cannot be made either
    log.append(Added(("a",), (A,), (None,)))
    assert not log.flush()
    assert not log.saved
    full = False
    (tmp_path / "file").unlink()
    assert log.close(10)
    assert failed
    book, _ = replayed(tmp_path / "file" / "aside")
    assert book.ids == ["a"]


def test_nothing_is_said_to_be_saved_before_it_is_on_the_disk(tmp_path, monkeypatch):
    told, real = [], os.fsync

    def synced(handle):
        told.append("file" if stat.S_ISREG(os.fstat(handle).st_mode) else "folder")
        real(handle)

    monkeypatch.setattr(os, "fsync", synced)
    log = ObjectLog(lambda: tmp_path, tmp_path / "aside", (), lambda _: told.append("saved"))
    log.append(Added(("a",), (A,), (None,)))
    assert log.close()
    assert told.index("file") < told.index("saved")
    assert told.index("folder") < told.index("saved")  # the name of a new file


WRITER = """
import sys
from pathlib import Path
from napari_vessel.session._objects_log import ObjectLog
from napari_vessel.session._objects_values import Added
log = ObjectLog(lambda: Path(sys.argv[1]), Path(sys.argv[1]) / "aside")
for n in range(100_000):
    log.append(Added((f"o{n}",), ((n, 0, 0),), (None,)))
    if n % 3 == 2:
        assert log.flush()
        print(n, flush=True)
"""


def test_every_object_that_was_said_to_be_saved_is_there_after_a_kill(tmp_path):
    for round_ in range(3):
        folder = tmp_path / str(round_)
        command = [sys.executable, "-c", WRITER, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            said = -1
            for _ in range(5 + 7 * round_):
                said = int(child.stdout.readline())
            os.kill(child.pid, signal.SIGKILL)
            for line in child.stdout.read().split():
                said = int(line)
        book, problems = replayed(folder)
        assert book.ids[: said + 1] == [f"o{n}" for n in range(said + 1)]
        assert problems == []


def test_a_person_s_word_stays_and_the_least_certain_unlabelled_object_comes_next():
    book = Book()
    book.apply(Added(("a", "b", "c", "d"), (A, B, A, B), (None, None, ANNA, None)))
    probabilities = np.array([[0.9, 0.1], [0.45, 0.55], [0.99, 0.01], [0.2, 0.8]], np.float32)
    book.predict(Prediction("k1", book.class_names, ("a", "b", "c", "d"), probabilities))
    assert book.said().tolist() == [-1, -1, 1, -1]
    assert book.predicted().tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(book.certainty(), [0.8, 0.1, 0.98, 0.6], atol=1e-6)
    assert book.next_open() == "b"
    book.apply(Labelled(("b",), (ANNA,), (None,)))
    assert book.next_open("b") == "d"
    book.apply(Added(("e",), (A,), (None,)))  # not classified yet: nothing is less certain
    assert book.next_open("b") == "e"


def test_objects_marked_after_a_prediction_have_none(tmp_path: Path):
    book = Book()
    book.apply(Added(("a",), (A,), (None,)))
    book.predict(Prediction("k1", book.class_names, ("a",), np.array([[0.3, 0.7]], np.float32)))
    book.apply(Added(("b",), (B,), (None,)))
    assert book.predicted().tolist() == [1, -1]
    assert np.isnan(book.certainty()[1])
