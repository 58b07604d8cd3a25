"""Light updates, networks taken between strokes, a process that hangs; with a scripted runner."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.errors import CallerError, NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.runner import Heartbeat
from napari_vessel.session import Answer, Asked, ComputeState, Session
from napari_vessel.session._learning import seldom
from napari_vessel.simulate import drive
from napari_vessel.training import EpochEnd, StepEnd
from napari_vessel.workflows import (
    BlockProposed,
    Focus,
    LightEnded,
    LightProposed,
    Propose,
    Retrained,
    SliceProposed,
)

from .conftest import SHAPE, ScriptedRunner, stroke

WHOLE = Box.of(SHAPE)


def proposed(index: int, value: int) -> LightProposed:
    box = WHOLE.slice_at(Plane.XY, index)
    return LightProposed(box, Plane.XY, np.full(box.shape, value, np.uint8))


def ended(**changes: object) -> LightEnded:
    values = {"plane": Plane.XY, "index": 3, "slices": 1, "learned_from": 1, "steps": 5}
    values |= {"dice_before": 0.2, "dice_after": 0.4, "held_out": False, "shown": True}
    return LightEnded(**{**values, "seconds": 1.0, **changes})


def light(session: Session, runner: ScriptedRunner, *events: object) -> list:
    runner.scripts["light"] = lambda _: iter(events)
    return list(drive(session, "light", session.light(Plane.XY, 3)))


def shown(session: Session, index: int) -> np.ndarray:
    return np.asarray(session.labels[index])


def better(**changes: object) -> Retrained:
    values = {"adopted": True, "provisional": False, "checkpoint": "new", "reason": "Better."}
    values |= {"score_before": 0.2, "score_after": 0.4, "seconds": 1.0, "threshold": 0.25}
    return Retrained(**{**values, "taken": False, "parent": "starter", **changes})


def test_a_light_update_shows_and_is_told_as_provisional(
    opened: Session, runner: ScriptedRunner
) -> None:
    told = []
    opened.events.provisional.connect(lambda: told.append(opened.provisional))
    opened.set_threshold(0.3)
    light(opened, runner, proposed(4, 255), ended())
    assert shown(opened, 4).all()
    assert not shown(opened, 5).any()
    assert opened.provisional == (WHOLE.slice_at(Plane.XY, 4),) == told[-1]
    assert "Provisional" in opened.activities["light"].sentence


def test_the_proposal_keeps_its_weight_beside_an_update(
    opened: Session, runner: ScriptedRunner
) -> None:
    opened.set_threshold(0.45)
    half = dataclasses.replace(proposed(4, 255), weight=0.5)
    most = dataclasses.replace(proposed(5, 255), weight=0.75)
    light(opened, runner, half, most, ended())
    assert shown(opened, 4).all()  # the mean of nothing and vessel for sure
    assert not shown(opened, 5).any()


def test_a_light_update_changes_no_correction(opened: Session, runner: ScriptedRunner) -> None:
    box = Box((4, 2, 2), (5, 9, 9))
    stroke(opened, box, 0)
    opened.set_threshold(0.3)
    light(opened, runner, proposed(4, 255), ended())
    found = shown(opened, 4)
    assert not found[2:9, 2:9].any()
    found[2:9, 2:9] = 1
    assert found.all()
    assert opened.corrections.overlay.reviewed == box.size


def test_withdrawn_all_is_as_before_a_second_update_too(
    opened: Session, runner: ScriptedRunner
) -> None:
    opened.set_threshold(0.3)
    light(opened, runner, proposed(4, 200), ended())
    light(opened, runner, proposed(4, 255), proposed(5, 255), ended())
    assert shown(opened, 4).all()
    opened.withdraw_light()
    assert not shown(opened, 4).any()
    assert not shown(opened, 5).any()
    assert opened.provisional == ()


def test_after_crossing_planes_and_a_prediction_of_a_part_all_updates_can_be_taken_back(
    opened: Session, runner: ScriptedRunner
) -> None:
    opened.set_threshold(0.3)
    across = WHOLE.slice_at(Plane.XZ, 7)
    crossing = LightProposed(across, Plane.XZ, np.full(across.shape, 255, np.uint8))
    light(opened, runner, *(proposed(index, 255) for index in (3, 4, 5)), crossing, ended())
    assert len(opened.provisional) == 4
    part = Box((0, 0, 0), (12, 20, 50))
    question = Propose(Path(), None, part)
    opened.deliver(Asked("predict", question, "Predicting …"))
    block = BlockProposed("p1", part), np.full(part.shape, 90, np.uint8)
    opened.deliver(Answer("predict", question, *block))
    opened.cancelled("predict")
    assert opened.provisional == tuple(WHOLE.slice_at(Plane.XY, index) for index in (3, 4, 5))
    opened.withdraw_light()
    expected = np.zeros(SHAPE, np.uint8)
    expected[part.slices] = 1
    np.testing.assert_array_equal(np.asarray(opened.labels[:]), expected)


def test_a_block_that_cannot_be_read_leaves_the_update_that_is_shown(
    opened: Session, runner: ScriptedRunner
) -> None:
    opened.set_threshold(0.3)
    light(opened, runner, proposed(4, 255), ended())
    question = Propose(Path(), None, WHOLE)
    opened.deliver(Asked("predict", question, "Predicting …"))
    opened.deliver(Answer("predict", question, BlockProposed("p1", WHOLE)))
    assert opened.provisional == (WHOLE.slice_at(Plane.XY, 4),)
    opened.withdraw_light()
    assert not shown(opened, 4).any()


def test_an_update_waits_for_the_stroke_under_way(opened: Session, runner: ScriptedRunner) -> None:
    opened.set_threshold(0.3)
    opened.begin_stroke("paint", Plane.XY)
    light(opened, runner, proposed(4, 255), ended())
    assert not shown(opened, 4).any()
    opened.end_stroke()
    assert shown(opened, 4).all()


def test_an_update_comes_too_late_where_a_prediction_is_on_its_way(
    opened: Session, runner: ScriptedRunner
) -> None:
    opened.set_threshold(0.3)
    stroke(opened, Box((0, 0, 0), (1, 1, 1)), 1)
    update = proposed(4, 255)

    def predicting(request):
        light(opened, runner, update, ended())
        yield SliceProposed(WHOLE.slice_at(Plane.XY, 8), Plane.XY, np.zeros((1, 40, 50), np.uint8))

    runner.scripts["propose"] = predicting
    list(drive(opened, "predict", opened.predict(Focus((3, 3, 3)))))
    assert opened.provisional == ()
    assert not shown(opened, 4).any()


def test_no_better_is_said_so(opened: Session, runner: ScriptedRunner) -> None:
    light(opened, runner, ended(shown=False, slices=0))
    assert "no better" in opened.activities["light"].sentence


def test_where_nothing_near_may_be_learned_from_it_is_said_and_is_no_failure(
    opened: Session, runner: ScriptedRunner
) -> None:
    failures = []
    opened.events.failed.connect(failures.append)

    def refuse(_request):
        raise NothingReviewedError("Nothing near.")
        yield

    runner.scripts["light"] = refuse
    list(drive(opened, "light", opened.light(Plane.XY, 3)))
    assert opened.activities["light"].state == "done"
    assert "nothing near" in opened.activities["light"].sentence
    assert failures == []


def test_accepting_a_slice_is_told_with_its_place(opened: Session) -> None:
    told = []
    opened.events.accepted.connect(lambda plane, index: told.append((plane, index)))
    opened.accept_slice(Plane.XZ, 7)
    assert told == [(Plane.XZ, 7)]


@pytest.mark.parametrize(
    ("box", "learned", "expected"),
    [
        (Box((0, 7, 0), (12, 8, 50)), True, [(Plane.XZ, 7)]),  # all of a slice
        (Box((4, 2, 3), (5, 20, 30)), True, [(Plane.XY, 4)]),  # a window of one
        (Box((4, 2, 3), (5, 20, 30)), False, []),  # of the audit set
        (Box((4, 2, 3), (6, 20, 30)), True, []),
        (WHOLE, True, []),
    ],
)
def test_accepting_a_slice_by_its_box_is_told_as_a_slice_is(
    opened: Session, box: Box, learned: bool, expected: list
) -> None:
    told = []
    opened.events.accepted.connect(lambda plane, index: told.append((plane, index)))
    list(drive(opened, "tool", opened.accept_box(box, "a box", learned=learned)))
    assert opened.reviewed == box.size
    assert told == expected


def test_an_accepted_box_is_told_in_voxels_of_the_volume(session: Session, volume: Path) -> None:
    list(drive(session, "open", session.open(volume)))
    stroke(session, Box((0, 0, 0), (1, 1, 1)), 1)
    session.project.update(region=Box((3, 0, 0), (12, 40, 50)))
    list(drive(session, "open", session.open(session.project.path)))
    told = []
    session.events.accepted.connect(lambda plane, index: told.append((plane, index)))
    list(drive(session, "tool", session.accept_box(Box((2, 0, 0), (3, 9, 9)), "a window")))
    assert told == [(Plane.XY, 5)]


def test_what_could_not_be_accepted_is_not_told(opened: Session) -> None:
    told = []
    opened.events.accepted.connect(lambda plane, index: told.append((plane, index)))
    opened._work.view.await_box(WHOLE)
    with pytest.raises(CallerError, match="not all is predicted"):
        list(drive(opened, "tool", opened.accept_box(Box((4, 2, 3), (5, 20, 30)), "a window")))
    assert told == []


def test_a_better_network_is_taken_between_strokes_and_journalled(
    opened: Session, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def take(project, name, *, instead_of):
        assert not opened._work.in_stroke
        assert opened.corrections.saved
        taken.append((name, instead_of))
        return object()

    monkeypatch.setattr("napari_vessel.session._learning.use_checkpoint", take)
    monkeypatch.setattr("napari_vessel.session._learning.sleep", lambda _: opened.end_stroke())
    opened.begin_stroke("paint", Plane.XY)
    opened.paint(Box((1, 1, 1), (2, 3, 3)), np.ones((1, 2, 2), bool), 1)
    runner.scripts["retrain"] = lambda _: iter([better()])
    list(drive(opened, "retrain", opened.retrain()))
    assert taken == [("new", "starter")]
    assert opened.checkpoint == "new"
    assert opened.threshold == 0.25


def test_the_threshold_does_not_change_under_the_brush(
    opened: Session, runner: ScriptedRunner
) -> None:
    runner.scripts["retrain"] = lambda _: iter([better(taken=True)])
    before = opened.threshold
    events = opened.retrain()
    opened.deliver(next(events))
    opened.begin_stroke("paint", Plane.XY)
    for event in events:
        opened.deliver(event)
    assert (opened.threshold, opened.checkpoint) == (before, "starter")
    opened.end_stroke()
    assert (opened.threshold, opened.checkpoint) == (0.25, "new")


def test_a_network_is_not_taken_in_place_of_one_it_was_not_compared_with(
    opened: Session, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_vessel.session._learning.use_checkpoint", lambda *_, **__: None)
    runner.scripts["retrain"] = lambda _: iter([better()])
    list(drive(opened, "retrain", opened.retrain()))
    assert opened.checkpoint == "starter"
    assert "came into use" in opened.activities["retrain"].sentence


def test_a_process_that_gives_no_sign_of_life_is_told_and_told_again_when_it_does(
    opened: Session, runner: ScriptedRunner
) -> None:
    told: list[ComputeState] = []
    opened.events.compute.connect(told.append)
    runner.silence_s = 5.0
    beats = [Heartbeat(1.0), Heartbeat(6.0), Heartbeat(0.0, 70.0), Heartbeat()]
    light(opened, runner, *beats, ended())
    assert [state.hangs for state in told] == [True, True, False]
    assert "6 s" in told[0].sentence
    assert "One step" in told[1].sentence


def test_a_fast_device_floods_nobody_and_no_epoch_is_lost() -> None:
    ticks = itertools.count()
    events = [
        event
        for epoch in range(1, 4)
        for event in (
            *(StepEnd(epoch, n, 1.0) for n in range(100)),
            EpochEnd(epoch, 1.0, 0.5, True),
        )
    ]
    found = list(seldom(iter(events), 0.1, lambda: next(ticks) / 1000))
    assert [e.epoch for e in found if isinstance(e, EpochEnd)] == [1, 2, 3]
    assert 0 < len([e for e in found if isinstance(e, StepEnd)]) <= 4
