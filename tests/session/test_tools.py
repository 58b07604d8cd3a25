"""Laws of the quick tools in a session: what each covers, as one stroke that can be undone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_vessel.annotation import ACCEPTED, BACKGROUND, VESSEL, Corrections, label_state
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.session import Session
from napari_vessel.simulate import drive

SHAPE = (12, 40, 50)  # of conftest's volume
TUBE = (slice(2, 10), slice(10, 16), slice(10, 40))
SPECK = (slice(4, 6), slice(30, 33), slice(5, 8))


@pytest.fixture
def probability() -> np.ndarray:
    """A tube with a faint rim and a gap, and a speck."""
    found = np.zeros(SHAPE, np.uint8)
    found[1:11, 9:17, 10:40] = 60
    found[TUBE] = 200
    found[:, :, 24:28] = np.where(found[:, :, 24:28], 20, 0)
    found[SPECK] = 180
    return found


@pytest.fixture
def session(opened: Session, probability: np.ndarray) -> Session:
    opened._work.view.put(Box.of(SHAPE), probability)
    opened.set_threshold(0.5)
    return opened


def run(session: Session, work: Any) -> str:
    list(drive(session, "tool", work))
    return session.activities["tool"].sentence


def shown(session: Session) -> np.ndarray:
    return np.asarray(session.labels) != 0


def codes(session: Session) -> np.ndarray:
    return session.corrections.overlay.read(Box.of(SHAPE))


def stroke(session: Session, box: Box, value: int) -> None:
    session.begin_stroke("paint", Plane.XY)
    session.paint(box, np.ones(box.shape, bool), value)
    session.end_stroke()


def spike(session: Session) -> None:
    session._work.view.probability(Box((5, 6, 15), (6, 10, 16)))[...] = 200


def left_half() -> np.ndarray:
    half = np.zeros(SHAPE, bool)
    half[2:10, 10:16, 10:24] = True
    return half


# -- one piece -----------------------------------------------------------------------------


@pytest.mark.parametrize(("tool", "code"), [("accept", VESSEL), ("reject", BACKGROUND)])
def test_a_click_covers_the_whole_piece_and_nothing_else(session, tool, code):
    said = run(session, session.on_piece(tool, (5, 12, 12)))
    np.testing.assert_array_equal(codes(session), np.where(left_half(), code, 0))
    assert f"{left_half().sum():,} voxels" in said
    assert "µm³" in said


def test_each_tool_is_one_stroke_of_the_journal_that_undo_takes_back_whole(session):
    spike(session)
    box = Box((5, 3, 20), (6, 5, 30))
    stroke(session, box, 1)
    painted, before = codes(session), shown(session)
    works = [
        lambda: session.on_piece("accept", (5, 12, 12)),
        lambda: session.on_piece("reject", (5, 31, 6)),
        lambda: session.on_piece("grow", (5, 12, 12)),
        lambda: session.on_piece("smooth", (5, 12, 12)),
        lambda: session.join((5, 12, 23), (5, 12, 28)),
        lambda: session.accept_box(Box.of(SHAPE), "the region"),
    ]
    for work in works:
        run(session, work())
        assert not np.array_equal(codes(session), painted)
        session.undo()
        np.testing.assert_array_equal(codes(session), painted)
    np.testing.assert_array_equal(shown(session), before)
    session.undo()
    assert not codes(session).any()
    assert session.undo() is None


def test_what_a_tool_did_is_there_after_a_restart(session):
    run(session, session.on_piece("reject", (5, 31, 6)))
    expected, folder = codes(session), session.project.journal
    session.close()
    again = Corrections.open(folder, SHAPE, read_only=True)
    np.testing.assert_array_equal(again.overlay.read(Box.of(SHAPE)), expected)
    again.close()


def test_a_click_on_nothing_says_so_and_changes_nothing(session):
    said = run(session, session.on_piece("reject", (5, 35, 45)))
    assert "no vessel where you clicked" in said
    assert session.activities["tool"].state == "done"
    assert not codes(session).any()


def test_growing_takes_in_the_faint_rim_but_nothing_that_was_erased(session):
    erased = Box((1, 9, 10), (2, 17, 24))
    stroke(session, erased, 0)
    run(session, session.on_piece("grow", (5, 12, 12)))
    after = shown(session)
    assert after[10, 9:17, 10:24].all()
    assert not after[erased.slices].any()


def test_smoothing_leaves_other_pieces_alone(session):
    spike(session)
    before = shown(session)
    run(session, session.on_piece("smooth", (5, 12, 12)))
    after = shown(session)
    np.testing.assert_array_equal(after[:, 25:], before[:, 25:])
    np.testing.assert_array_equal(after[:, :, 28:], before[:, :, 28:])
    assert not after[5, 6, 15]
    assert before[5, 6, 15]


def test_a_lumen_is_filled(session):
    hole = Box((4, 12, 12), (6, 13, 22))
    session._work.view.probability(hole)[...] = 0
    run(session, session.fill_holes((5, 11, 12), Plane.YZ))
    assert shown(session)[hole.slices].all()
    np.testing.assert_array_equal(codes(session)[hole.slices], VESSEL)
    session.undo()
    assert not shown(session)[hole.slices].any()


# -- a threshold of its own ----------------------------------------------------------------


def test_a_local_threshold_is_seen_at_once_and_kept_only_when_applied(session):
    box = Box((0, 0, 0), (12, 40, 24))
    before = shown(session)
    session.begin_local(box)
    session.set_local(0.2)
    lower = shown(session)
    assert lower[1:11, 9:17, 10:24].all()
    np.testing.assert_array_equal(lower[:, :, 24:], before[:, :, 24:])
    assert not codes(session).any()
    session.drop_local()
    np.testing.assert_array_equal(shown(session), before)
    session.begin_local(box)
    session.set_local(0.2)
    run(session, session.apply_local())
    assert session.local_threshold is None
    np.testing.assert_array_equal(shown(session), lower)
    session.set_threshold(0.9)
    np.testing.assert_array_equal(shown(session)[:, :, :24], lower[:, :, :24])
    session.undo()
    session.set_threshold(0.5)
    np.testing.assert_array_equal(shown(session), before)


def test_a_higher_local_threshold_makes_background_and_spares_what_was_painted(session):
    painted = Box((4, 31, 5), (5, 33, 8))
    stroke(session, painted, 1)
    session.begin_local(Box((3, 28, 0), (8, 36, 12)))
    session.set_local(0.9)
    run(session, session.apply_local())
    speck = np.zeros(SHAPE, bool)
    speck[SPECK] = True
    speck[painted.slices] = False
    assert (codes(session)[speck] == BACKGROUND).all()
    assert (codes(session)[painted.slices] == VESSEL).all()


def test_the_threshold_of_a_piece_changes_no_other_piece(session):
    run(session, session.local_piece((5, 12, 12)))
    session.set_local(0.95)
    after = shown(session)
    assert not after[left_half()].any()
    assert after[SPECK].all()
    assert after[2:10, 10:16, 28:40].all()


# -- places --------------------------------------------------------------------------------


@pytest.mark.parametrize("plane", list(Plane))
def test_two_painted_slices_fill_those_between_in_any_plane(session, plane):
    session.set_threshold(1.0)
    axis = plane.normal
    for index in (3, 9):
        start, stop = [4, 20, 20], [9, 28, 29]
        start[axis], stop[axis] = index, index + 1
        box = Box(tuple(start), tuple(stop))
        session.begin_stroke("paint", plane)
        session.paint(box, np.ones(box.shape, bool), 1)
        session.end_stroke()
    run(session, session.interpolate())
    filled = np.moveaxis(shown(session), axis, 0)
    for index in range(4, 9):
        np.testing.assert_array_equal(filled[index], filled[3])
    assert not filled[2].any()
    assert not filled[10].any()


def test_interpolating_needs_two_slices_and_says_so(session):
    stroke(session, Box((3, 20, 20), (4, 25, 25)), 1)
    assert "Paint the vessel in two slices" in run(session, session.interpolate())


def test_a_gap_is_joined_and_a_far_one_is_refused(session):
    from scipy.ndimage import label

    assert label(shown(session), np.ones((3, 3, 3)))[1] == 3
    run(session, session.join((5, 12, 22), (5, 12, 29)))
    assert label(shown(session), np.ones((3, 3, 3)))[1] == 2
    session.tool_config = session.tool_config.model_copy(update={"longest_gap": 5})
    assert "Longest gap" in run(session, session.join((5, 31, 6), (5, 12, 12)))


def test_accepting_a_box_reviews_what_is_shown_there_and_keeps_what_was_painted(session):
    painted = Box((3, 0, 0), (4, 5, 5))
    stroke(session, painted, 1)
    box = Box((1, 0, 0), (12, 40, 50))
    before = shown(session)
    run(session, session.accept_box(box, "the region"))
    np.testing.assert_array_equal(label_state(codes(session)[1:]) == VESSEL, before[1:])
    assert (codes(session)[painted.slices] == VESSEL).all()
    assert (codes(session)[11] & ACCEPTED).all()
    assert not codes(session)[0].any()


def test_what_is_being_predicted_cannot_be_accepted(session):
    session._work.view.await_box(Box((0, 0, 0), (4, 8, 8)))
    with pytest.raises(CallerError, match="not all is predicted"):
        run(session, session.accept_box(Box.of(SHAPE), "the region"))
    assert not codes(session).any()


def test_the_next_unreviewed_slice_skips_reviewed_ones_and_comes_round(session):
    asked = []
    session.events.found.connect(lambda found: asked.append((found.plane, found.index)))
    for index in (4, 5):
        session.accept_slice(Plane.XY, index)
    run(session, session.next_unreviewed(Plane.XY, 3))
    run(session, session.next_unreviewed(Plane.XY, 11))
    assert asked == [(Plane.XY, 6), (Plane.XY, 0)]
    run(session, session.accept_box(Box.of(SHAPE), "the region"))
    assert "All XY slices" in run(session, session.next_unreviewed(Plane.XY, 0))
    assert len(asked) == 2


# -- beside a hand -------------------------------------------------------------------------


def test_undo_waits_for_a_tool_that_is_at_work(session):
    work = session.on_piece("accept", (5, 12, 12))
    session.deliver(next(work))
    with pytest.raises(CallerError, match="at work"):
        session.undo()
    for event in work:
        session.deliver(event)
    assert session.undo() is not None


def test_a_tool_that_is_cancelled_while_it_looks_changes_nothing(session):
    work = session.on_piece("reject", (5, 12, 12))
    session.deliver(next(work))
    session.deliver(next(work))
    work.close()
    session.cancelled("tool")
    assert not codes(session).any()
    assert session.undo() is None
