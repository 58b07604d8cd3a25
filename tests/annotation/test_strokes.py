"""The strokes of all journals: listed, muted, any moment restored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, replay
from napari_vessel.errors import CallerError, JournalError
from napari_vessel.geometry import Box, Plane

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)
Open = Callable[..., Corrections]
Paint = Callable[..., None]


def states(corrections: Corrections) -> np.ndarray:
    return corrections.overlay.read(WHOLE)


def test_the_list_tells_of_each_stroke_what_it_was(opened: Open) -> None:
    corrections = opened(person="ada")
    with corrections.stroke("paint", Plane.XZ):
        corrections.paint(BOX, ALL, 1)
        corrections.paint(BOX.shifted((0, 3, 0)), ALL, 0)
    corrections.accept(BOX.shifted((9, 0, 0)), ALL)
    corrections.undo()
    first, second = corrections.strokes
    assert (first.tool, first.plane, first.person) == ("paint", Plane.XZ, "ada")
    assert first.box == Box((3, 4, 5), (5, 13, 12))
    assert (first.state, second.tool, second.state) == ("shown", "accept", "undone")
    assert first.milliseconds <= second.milliseconds


def test_a_picture_shows_what_was_covered_along_the_stroke_s_own_plane(opened: Open) -> None:
    corrections = opened()
    mask = np.zeros((1, 3, 4), bool)
    mask[0, 0], mask[0, :, 1] = True, True
    with corrections.stroke("paint", Plane.XY):
        corrections.paint(Box((7, 0, 0), (8, 3, 4)), mask, 1)
        corrections.paint(Box((7, 5, 0), (8, 6, 1)), np.ones((1, 1, 1), bool), 0)
    seen = corrections.strokes.picture(0)
    assert (seen.voxels, seen.vessel) == (7, 6)
    assert seen.picture.tolist() == [
        [2, 2, 2, 2],
        [0, 2, 0, 0],
        [0, 2, 0, 0],
        *[[0] * 4] * 2,
        [1, 0, 0, 0],
    ]
    assert max(corrections.strokes.picture(0, most=2).picture.shape) == 2


def test_muting_leaves_what_lies_under_and_over_a_stroke(opened: Open) -> None:
    corrections = opened()
    under, over = BOX.shifted((0, 2, 0)), BOX.shifted((0, 4, 0))
    corrections.paint(under, ALL, 0)
    corrections.paint(BOX, ALL, 1)
    corrections.paint(over, ALL, 0)
    changed = corrections.strokes.mute(1)
    assert changed == BOX
    expected = np.zeros(SHAPE, np.uint8)
    expected[under.slices] = expected[over.slices] = 1
    np.testing.assert_array_equal(states(corrections), expected)
    corrections.strokes.unmute(1)
    expected[BOX.slices], expected[over.slices] = 2, 1
    np.testing.assert_array_equal(states(corrections), expected)


def test_what_is_muted_stays_so_after_reopening_and_its_rows_are_as_they_were(
    opened: Open, folder: Path
) -> None:
    first = opened()
    first.paint(BOX, ALL, 1)
    assert first.flush(30)
    before = replay(folder, SHAPE).rows
    first.strokes.mute(0)
    assert first.close(30)
    assert replay(folder, SHAPE).rows == before + 1
    again = opened()
    assert [e.state for e in again.strokes] == ["muted"]
    assert again.overlay.reviewed == 0
    again.strokes.unmute(0)
    assert (again.overlay.read(BOX) == 2).all()


def test_undo_passes_over_what_is_muted_and_brings_back_what_shows(opened: Open) -> None:
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    corrections.paint(BOX, ALL, 0)
    corrections.strokes.mute(0)
    assert (corrections.overlay.read(BOX) == 1).all()
    corrections.undo()  # what the second stroke found is muted since
    assert corrections.overlay.reviewed == 0
    assert corrections.undo() is None
    corrections.strokes.unmute(0)
    assert (corrections.overlay.read(BOX) == 2).all()
    corrections.redo()
    assert (corrections.overlay.read(BOX) == 1).all()


def test_muting_twice_is_muting_once(opened: Open) -> None:
    corrections = opened()
    corrections.paint(BOX, ALL, 1)
    assert corrections.strokes.unmute(0) is None
    assert corrections.strokes.mute(0) == BOX
    assert corrections.strokes.mute(0) is None
    assert corrections.flush(30)
    assert sum(corrections.position.values()) == 2


def test_a_stroke_that_is_not_there_is_refused_in_words(opened: Open) -> None:
    strokes = opened().strokes
    for ask in (strokes.mute, strokes.unmute, strokes.picture, strokes.__getitem__):
        with pytest.raises(CallerError, match="not in the journals"):
            ask(0)


def test_nothing_is_muted_where_corrections_are_open_to_view(opened: Open) -> None:
    first = opened()
    first.paint(BOX, ALL, 1)
    assert first.close(30)
    with pytest.raises(JournalError, match="view only"):
        opened(read_only=True).strokes.mute(0)


@pytest.mark.parametrize("reopen", [False, True])
def test_any_moment_can_be_restored_as_one_step(
    opened: Open, folder: Path, paint_strokes: Paint, reopen: bool
) -> None:
    corrections, moments = opened(), []
    for seed in range(6):
        paint_strokes(corrections, 1, seed=seed)
        moments.append(states(corrections))
    if reopen:
        assert corrections.close(30)
        corrections = opened()
    last = states(corrections)
    for stroke, moment in enumerate(moments[:5]):
        assert list(corrections.strokes.restore(stroke))
        np.testing.assert_array_equal(states(corrections), moment)
    assert corrections.flush(30)
    np.testing.assert_array_equal(replay(folder, SHAPE).overlay.read(WHOLE), moments[4])
    for _ in range(5):
        corrections.undo()
    np.testing.assert_array_equal(states(corrections), last)


def test_an_undo_takes_back_one_s_own_stroke_only(opened: Open) -> None:
    other = opened(person="bob")
    other.paint(BOX, ALL, 1)
    assert other.close(30)
    mine = opened(person="ada")
    assert not mine.can_undo
    mine.paint(BOX.shifted((9, 0, 0)), ALL, 1)
    assert mine.undo() is not None
    assert mine.undo() is None
    assert (mine.overlay.read(BOX) == 2).all()
    assert [e.person for e in mine.strokes] == ["bob", "ada"]


def test_an_undo_after_reopening_keeps_what_another_painted_meanwhile(opened: Open) -> None:
    mine, other = opened(person="ada"), opened(person="bob")
    other.paint(BOX, ALL, 0)
    time.sleep(0.002)  # in another millisecond: within one, chance says whose is later
    mine.paint(BOX, ALL, 1)  # did not see theirs
    assert mine.close(30)
    assert other.close(30)
    again = opened(person="ada")
    assert (again.overlay.read(BOX) == 2).all()
    again.undo()
    assert (again.overlay.read(BOX) == 1).all()
