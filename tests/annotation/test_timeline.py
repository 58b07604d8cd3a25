"""When a person worked, by what they painted."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.annotation import IDLE_S, Corrections
from napari_vessel.annotation import _recorder as recorder
from napari_vessel.geometry import Box, Plane

SHAPE = (8, 20, 24)
DOT = Box((1, 2, 3), (2, 4, 5))


@pytest.fixture
def clock(monkeypatch):
    """The wall clock of every journal that is opened, in seconds."""
    now = [1_000_000.0]
    made = recorder.HybridClock

    def clock_of(session, *_):
        return made(session, lambda: int(now[0] * 1000))

    monkeypatch.setattr(recorder, "HybridClock", clock_of)
    return now


@pytest.fixture
def opened(tmp_path, clock):
    made = Corrections.open(tmp_path / "journal", SHAPE)
    yield made
    made.close()


def paint(corrections, box=DOT):
    corrections.paint(box, np.ones(box.shape, bool), 1)
    corrections.flush()


def accept(corrections, plane, index):
    box = Box.of(SHAPE).slice_at(plane, index)
    corrections.accept(box, np.zeros(box.shape))
    corrections.flush()


def test_seconds_of_a_slice_are_those_since_the_one_before_pauses_left_out(opened, clock):
    paint(opened)
    clock[0] += 20
    accept(opened, Plane.XY, 1)
    clock[0] += 5000
    paint(opened)
    clock[0] += 10
    accept(opened, Plane.XZ, 4)
    first, second = opened.strokes.timeline().reviews
    assert (first.plane, first.seconds) == (Plane.XY, pytest.approx(20))
    assert (second.plane, second.seconds) == (Plane.XZ, pytest.approx(IDLE_S + 10))
    assert second.worked_s == opened.strokes.timeline().worked_s == pytest.approx(90)
    assert second.box == Box.of(SHAPE).slice_at(Plane.XZ, 4)


def test_a_slice_that_was_taken_back_is_work_but_no_review(opened, clock):
    accept(opened, Plane.XY, 1)
    clock[0] += 5
    opened.undo()
    opened.flush()
    timeline = opened.strokes.timeline()
    assert timeline.reviews == ()
    assert timeline.worked_s == pytest.approx(5)


def test_work_up_to_a_moment_grows_and_ends_at_all_of_it(opened, clock):
    begun = clock[0]
    for _ in range(4):
        paint(opened)
        clock[0] += 30
    timeline = opened.strokes.timeline()
    found = [timeline.worked_until(begun + after) for after in (-1, 0, 15, 45, 90, 9000)]
    assert found == pytest.approx([0, 0, 15, 45, 90, 90])


def test_nothing_painted_is_no_work(opened):
    timeline = opened.strokes.timeline()
    assert (timeline.worked_s, timeline.reviews) == (0, ())
