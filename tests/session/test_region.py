"""Moving the region that is open at full resolution, and looking at what lies outside of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.session import Session, _region, region_for
from napari_vessel.simulate import drive
from napari_vessel.volumes import level_factors, open_volume
from napari_vessel.workflows import Progress

from .conftest import SHAPE, stroke

LEFT = Box((0, 0, 0), (12, 40, 20))
RIGHT = Box((2, 4, 30), (10, 36, 50))
STROKE = Box((3, 10, 5), (4, 20, 15))


@pytest.fixture
def partial(session, volume) -> Session:
    """A session on the left part of a volume."""
    place = volume.with_suffix(".vessel")
    Project.create(place, open_volume(str(volume)), region=LEFT)
    list(drive(session, "open", session.open(place)))
    assert session.region == LEFT
    return session


def move(session, box):
    list(drive(session, "region", session.move_region(box)))


def known(overview, level=0):
    """Return a level of the overview once all of it is made."""
    array = overview.levels[level]
    array[...]
    list(overview.make())
    return np.asarray(array)


def test_a_move_shows_the_new_box_and_loses_no_stroke(partial):
    stroke(partial, STROKE, 1)
    move(partial, RIGHT)
    assert partial.region == RIGHT
    assert partial.labels.shape == RIGHT.shape
    assert not np.asarray(partial.labels).any()
    move(partial, LEFT)
    assert np.asarray(partial.labels).sum() == STROKE.size


def test_what_was_painted_is_on_the_disk_before_the_region_moves(partial):
    stroke(partial, STROKE, 1)
    moving = partial.move_region(RIGHT)
    partial.deliver(next(moving))
    event = next(moving)  # all is read
    assert partial.corrections.saved
    partial.deliver(event)
    assert partial.region == RIGHT


def test_painting_goes_on_while_the_region_moves(partial):
    events = partial.move_region(RIGHT)
    partial.deliver(next(events))
    stroke(partial, STROKE, 1)
    for event in events:
        partial.deliver(event)
    assert partial.reviewed == STROKE.size


def test_an_undo_after_a_move_works_and_says_where(partial):
    stroke(partial, STROKE, 1)
    move(partial, RIGHT)
    shown = []
    partial.events.shown.connect(shown.append)
    changed = partial.undo()
    assert STROKE.intersection(changed) == STROKE
    assert shown == [changed]
    assert not changed.intersection(partial.region)
    assert partial.reviewed == 0


def test_the_project_remembers_the_region(partial, runner):
    move(partial, RIGHT)
    again = Session(runner)
    list(drive(again, "open", again.open(partial.project.path)))
    assert again.region == RIGHT
    again.close()


def test_a_move_that_was_cancelled_changes_nothing(partial):
    moving = partial.move_region(RIGHT)
    partial.deliver(next(moving))
    moved = next(moving)
    partial.cancelled("region")
    partial.deliver(moved)
    assert partial.region == LEFT


def test_of_two_moves_the_last_one_counts(partial):
    first, second = partial.move_region(RIGHT), partial.move_region(LEFT.shifted((0, 0, 1)))
    partial.deliver(next(first))
    partial.deliver(next(second))
    partial.deliver(next(first))
    assert partial.region == LEFT
    partial.deliver(next(second))
    assert partial.region == LEFT.shifted((0, 0, 1))


def test_a_move_ends_a_prediction_and_its_late_answers_are_not_shown(partial, runner):
    def propose(request):
        yield Progress(0, 2, "blocks", "Predicting")
        yield Progress(1, 2, "blocks", "Predicting")

    runner.scripts["propose"] = propose
    predicting = partial.predict()
    partial.deliver(next(predicting))
    move(partial, RIGHT)
    partial.deliver(next(predicting))
    assert partial.activities["predict"].state == "cancelled"
    predicting.close()


def test_a_region_that_memory_does_not_hold_is_refused(monkeypatch):
    with pytest.raises(CallerError, match="outside"):
        region_for(Box((0, 0, 60), (4, 4, 80)), SHAPE)
    monkeypatch.setattr(_region, "REGION_VOXELS", 1000)
    with pytest.raises(CallerError, match="too large"):
        region_for(Box.of(SHAPE), SHAPE)
    assert region_for(Box((8, 30, 44), (99, 99, 99)), SHAPE).stop == SHAPE


def test_the_overview_shows_what_is_corrected_outside_of_the_region_alone(partial):
    stroke(partial, STROKE, 1)
    overview = partial.overview
    assert not known(overview).any()
    move(partial, RIGHT)
    expected = np.zeros(SHAPE, np.uint8)
    expected[STROKE.slices] = 1
    np.testing.assert_array_equal(known(overview), expected)
    partial.undo()
    assert not known(overview).any()


def test_reading_the_overview_does_not_wait(partial, monkeypatch):
    def refuse(*_):
        raise AssertionError("read on the thread that shows")

    noted = []
    overview = partial.overview
    overview.on_noted = lambda: noted.append(True)
    monkeypatch.setattr("napari_vessel.session._overview.coarse_mask", refuse)
    overview.levels[0][3]
    assert noted == [True]
    overview.levels[0][3]
    assert noted == [True]  # once, until it was made


def test_a_volume_that_is_open_as_a_whole_has_no_overview(opened):
    assert opened.overview is None and level_factors(SHAPE) == [(1, 1, 1)]
