"""Several hands on one volume: a journal each, put together, disagreements listed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import (
    Corrections,
    Overlap,
    find_overlaps,
    give_journals,
    journal_paths,
    list_journals,
    take_journal,
)
from napari_vessel.errors import LabelsError, OutputExistsError
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)
Open = Callable[..., Corrections]


def overlaps_in(folder: Path) -> tuple[Overlap, ...]:
    *_, last = find_overlaps(journal_paths(folder), SHAPE)
    return last.overlaps


def test_strokes_that_did_not_know_of_each_other_are_listed_with_both_versions(
    opened: Open, folder: Path
) -> None:
    ada, bob = opened(person="ada"), opened(person="bob")
    bob.paint(BOX.shifted((0, 3, 0)), ALL, 0)
    assert bob.flush(30)
    time.sleep(0.002)  # in another millisecond: within one, chance says whose is later
    ada.paint(BOX, ALL, 1)
    assert ada.flush(30)
    (overlap,) = overlaps_in(folder)
    assert overlap.box == Box((3, 7, 5), (5, 10, 12))
    assert overlap.voxels == overlap.box.size
    assert [set(np.unique(v).tolist()) for v in overlap.versions] == [{1}, {2}]
    both = opened()
    strokes = both.strokes
    persons = {strokes._recorder.table.find(s): s for s in (overlap.earlier, overlap.later)}
    assert [strokes[n].person for n in persons] == ["bob", "ada"]


def test_who_saw_a_stroke_and_painted_over_it_decided(opened: Open, folder: Path) -> None:
    ada = opened(person="ada")
    ada.paint(BOX, ALL, 1)
    assert ada.close(30)
    bob = opened(person="bob")
    bob.paint(BOX, ALL, 0)
    assert bob.close(30)
    assert overlaps_in(folder) == ()


def test_who_opens_second_is_told_who_paints_and_may_paint_all_the_same(opened: Open) -> None:
    first = opened()
    assert first.news == []
    first.paint(BOX, ALL, 1)
    assert first.flush(30)
    second = opened()
    (told,) = second.news
    assert "Somebody paints here" in told
    assert first._writer.path.name.split("-")[1] in told
    second.paint(BOX.shifted((9, 0, 0)), ALL, 1)
    for hand in (first, second):
        assert hand.close(30)
    third = opened()
    assert third.news == []
    assert third.overlay.vessel == 2 * BOX.size


def test_hands_that_agree_need_no_review(opened: Open, folder: Path) -> None:
    ada, bob = opened(), opened()
    for hand in (ada, bob):
        hand.paint(BOX, ALL, 1)
        assert hand.flush(30)
    assert overlaps_in(folder) == ()


def test_a_decision_settles_what_it_covers_and_no_more(opened: Open, folder: Path) -> None:
    ada, bob = opened(), opened()
    for hand, value in ((ada, 1), (bob, 0)):
        hand.paint(BOX, ALL, value)
        assert hand.close(30)
    judge = opened()
    half = Box(BOX.start, (4, 10, 12))
    judge.paint(half, np.ones(half.shape, bool), 1, tool="review")
    assert judge.flush(30)
    (left,) = overlaps_in(folder)
    assert left.voxels == BOX.size // 2
    judge.paint(BOX, ALL, 1, tool="review")
    assert judge.flush(30)
    assert overlaps_in(folder) == ()


def test_journals_of_each_hand_are_exchanged_as_files(
    opened: Open, folder: Path, tmp_path: Path
) -> None:
    mine = opened(person="ada")
    mine.paint(BOX, ALL, 1)
    assert mine.close(30)
    theirs = Corrections.open(tmp_path / "theirs", SHAPE, person="bob")
    theirs.paint(BOX.shifted((20, 0, 0)), ALL, 0)
    assert theirs.flush(30)  # and still open: its rows lie in a write-ahead log
    (given,) = give_journals(tmp_path / "theirs", tmp_path / "mail")
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [given.name]
    assert take_journal(given, folder, SHAPE) is not None
    assert take_journal(given, folder, SHAPE) is None  # known already
    both = opened()
    assert (both.overlay.vessel, both.overlay.background) == (BOX.size, BOX.size)
    assert sorted((e.person, e.rows, e.problems) for e in list_journals(folder)) == [
        ("ada", 1, ()),
        ("bob", 1, ()),
    ]
    assert theirs.close(30)


def test_a_longer_version_of_a_journal_adds_only_what_is_new(
    opened: Open, folder: Path, tmp_path: Path
) -> None:
    theirs = Corrections.open(tmp_path / "theirs", SHAPE)
    for part in (1, 2):
        theirs.paint(BOX.shifted((10 * part, 0, 0)), ALL, 1)
        assert theirs.flush(30)
        (given,) = give_journals(tmp_path / "theirs", tmp_path / f"mail{part}")
        assert take_journal(given, folder, SHAPE)
        assert opened().overlay.vessel == part * BOX.size
    assert theirs.close(30)


def test_a_journal_of_another_volume_is_refused_with_both_shapes(
    folder: Path, tmp_path: Path
) -> None:
    other = Corrections.open(tmp_path / "other", (7, 8, 9))
    other.paint(Box((0, 0, 0), (1, 1, 1)), np.ones((1, 1, 1), bool), 1)
    assert other.close(30)
    (path,) = (tmp_path / "other").glob("*.sqlite")
    with pytest.raises(LabelsError, match=r"7,8,9 voxels, the project's has 70,66,80"):
        take_journal(path, folder, SHAPE)
    (tmp_path / "notes.sqlite").write_text("not a journal")
    with pytest.raises(LabelsError, match="is no journal"):
        take_journal(tmp_path / "notes.sqlite", folder, SHAPE)
    assert not folder.exists()


def test_given_journals_replace_nothing(opened: Open, folder: Path, tmp_path: Path) -> None:
    mine = opened()
    mine.paint(BOX, ALL, 1)
    assert mine.close(30)
    give_journals(folder, tmp_path / "out")
    with pytest.raises(OutputExistsError):
        give_journals(folder, tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    assert give_journals(folder, tmp_path / "out", person="nobody") == []
