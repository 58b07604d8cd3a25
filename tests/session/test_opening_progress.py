"""Opening a project of many strokes tells how far it is, and can be cancelled."""

import numpy as np
import pytest

from napari_vessel.annotation import _known
from napari_vessel.geometry import Box, Plane
from napari_vessel.session import Answer, Asked, Opened, Session
from napari_vessel.simulate import drive
from napari_vessel.workflows import Progress

BOX = Box((3, 5, 6), (4, 9, 9))
STROKES = 7


@pytest.fixture
def place(opened, monkeypatch):
    """The folder of a project of some strokes, told of one by one."""
    monkeypatch.setattr(_known, "_EVERY", 1)
    for step in range(STROKES):
        opened.begin_stroke("paint", Plane.XY)
        opened.paint(BOX.shifted((0, step, 0)), np.ones(BOX.shape, bool), 1)
        opened.end_stroke()
    place = opened.project.path
    opened.close()
    return place


@pytest.fixture
def again(runner):
    made = Session(runner)
    yield made
    made.close()


def is_replaying(event):
    return (
        isinstance(event, Answer)
        and isinstance(event.event, Progress)
        and event.event.unit == "rows"
    )


def test_each_step_says_how_many_strokes_of_how_many(again, place):
    asked, *told, last = again.open(place)
    assert isinstance(asked, Asked)
    assert isinstance(last, Opened)
    steps = [step for step in told if is_replaying(step)]  # not that it still waits
    assert [step.event.done for step in steps] == list(range(STROKES))
    assert {step.event.total for step in steps} == {STROKES}
    assert f"3 of {STROKES} strokes" in steps[3].event.what
    last.corrections.close()


def test_followers_see_it_move(again, place):
    activities = []
    again.events.activity.connect(activities.append)
    list(drive(again, "open", again.open(place)))
    told = [a.fraction for a in activities if "Replaying" in a.sentence]
    assert told == sorted(told)
    assert len(set(told)) == STROKES
    assert again.reviewed > 0


def test_cancelled_nothing_is_opened_and_nothing_changed(again, place):
    before = {p.name: p.read_bytes() for p in (place / "journal").glob("*.sqlite")}
    opening = again.open(place)
    for event in opening:
        again.deliver(event)
        if is_replaying(event) and event.event.done > 2:
            opening.close()
            again.cancelled("open")
    assert again.opened is None
    assert again.activities["open"].state == "cancelled"
    assert "as before" in again.activities["open"].sentence
    assert {p.name: p.read_bytes() for p in (place / "journal").glob("*.sqlite")} == before
    list(drive(again, "open", again.open(place)))
    assert again.reviewed > 0
