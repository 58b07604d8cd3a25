"""Laws of what a session shows while a prediction goes on: first looks, moves, disagreement."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_vessel.errors import CallerError, DeviceMemoryError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.project import BlockLedger, Project, ledger_path
from napari_vessel.session import DisagreementMap
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.simulate import drive
from napari_vessel.volumes import StoreSpec, create_store
from napari_vessel.workflows import (
    BlockProposed,
    Focus,
    Foreseen,
    Fused,
    Progress,
    Proposed,
    SliceProposed,
)

from .conftest import SHAPE

WHOLE = Box.of(SHAPE)
HALF = Box((0, 0, 0), (12, 20, 50))
SLICE = WHOLE.slice_at(Plane.XY, 3)


def shown(session) -> np.ndarray:
    return np.asarray(session.labels)


def proposal_on_disk(project: Project, value: int, *, done=(WHOLE,), complete=True) -> str:
    """Write a proposal of one probability, whose planes disagree by as much."""
    name = project.new_id()
    attrs = {"region": str(WHOLE), "before": project.config.proposal}
    store = create_store(
        project.proposals / f"{name}.ome.zarr",
        StoreSpec(
            shape=SHAPE,
            voxel_size=VoxelSize(1, 1, 1),
            chunk=(12, 20, 50),
            arrays=("probability", "disagreement"),
            attrs=attrs,
        ),
    )
    ledger = BlockLedger.open(ledger_path(project.proposals, name))
    for box in done:
        for array in store.arrays:
            store.write(array, box, np.full(box.shape, value, np.uint8))
        ledger.record(box)
    if complete:
        store.finish()
    project.update(proposal=name)
    return name


def looks(*boxes):
    """A workflow that shows first looks, and never comes to its end."""

    def propose(request):
        for box in boxes:
            yield SliceProposed(box, Plane.XY, np.full(box.shape, 255, np.uint8))
        while True:
            yield Progress(0, 1, "blocks", "Predicting")

    return propose


@pytest.mark.parametrize("ending", ["cancelled", "failed"])
def test_what_is_shown_after_an_end_is_what_is_stored(opened, runner, ending):
    runner.scripts["propose"] = looks(SLICE, WHOLE.slice_at(Plane.YZ, 7), SLICE)
    work = opened.predict(Focus((3, 5, 5)))
    for _ in range(4):
        opened.deliver(next(work))
    assert shown(opened)[3].all()
    assert shown(opened)[:, :, 7].all()
    seen = []
    opened.events.shown.connect(seen.append)
    opened.cancelled("predict") if ending == "cancelled" else opened.failed("predict", OSError("x"))
    assert not shown(opened).any()
    assert seen
    work.close()


def test_a_first_look_covers_no_block_that_is_done(opened, runner):
    def propose(request):
        project = Project.open(request.project)
        name = proposal_on_disk(project, 0, done=(HALF,), complete=False)
        yield BlockProposed(name, HALF)
        yield SliceProposed(SLICE, Plane.XY, np.full(SLICE.shape, 255, np.uint8))
        yield Progress(1, 2, "blocks", "Predicting")

    runner.scripts["propose"] = propose
    for event in opened.predict():
        opened.deliver(event)
    assert not shown(opened)[3, :20].any()
    assert shown(opened)[3, 20:].all()


def test_first_looks_take_bounded_memory(monkeypatch):
    from napari_vessel.session import _proposal_view

    monkeypatch.setattr(_proposal_view, "_MOST_COVERED", 3 * SLICE.size)
    view = ProposalView(WHOLE, np.zeros(SHAPE, np.uint8), 0.5)
    view.await_box(WHOLE)
    for index in range(12):
        box = WHOLE.slice_at(Plane.XY, index)
        view.put_first_look(box, np.full(box.shape, 255, np.uint8))
        assert view.mask(box).all()
        assert sum(before.nbytes for _, before in view._covered) <= 5 * SLICE.size
    view.stop_waiting()
    assert not view.mask(WHOLE).any()


def test_moving_the_view_is_told_to_the_prediction_that_runs_and_to_no_other(opened, runner):
    told = []

    def propose(request):
        assert not request.watch.exists()
        while not request.watch.exists():
            yield Progress(0, 1, "blocks", "Predicting")
        told.append((request.watch, json.loads(request.watch.read_text())))
        yield Proposed("p", "complete", 1, (), 0.1)

    runner.scripts["propose"] = propose
    opened.look(Focus((9.0, 9.0, 9.0)))  # nothing runs yet
    for count, event in enumerate(opened.predict(Focus((1.0, 2.0, 3.0)))):
        opened.deliver(event)
        if count == 3:
            opened.look(Focus((5.0, 6.0, 7.0), Plane.YZ, 2))
    path, focus = told[0]
    assert focus == {"point": [5.0, 6.0, 7.0], "plane": "yz", "level": 2}
    assert not path.parent.exists()
    opened.look(Focus((1.0, 1.0, 1.0)))  # nothing runs any more


def test_what_is_fused_again_is_shown_at_once_with_its_disagreement(opened, runner):
    def propose(request):
        name = proposal_on_disk(Project.open(request.project), 200)
        yield Fused(name)
        yield Proposed(name, "complete", 2, (), 0.1, known=2)

    runner.scripts["propose"] = propose
    list(drive(opened, "predict", opened.predict()))
    assert shown(opened).all()
    assert (opened.disagreement[3] == 200).all()
    assert "nothing had to be predicted" in opened.activities["predict"].sentence


def test_disagreement_follows_the_blocks_as_they_arrive(opened, runner):
    seen = []
    opened.events.disagreement.connect(seen.append)

    def propose(request):
        project = Project.open(request.project)
        name = proposal_on_disk(project, 90, done=(HALF,), complete=False)
        yield BlockProposed(name, HALF)
        yield Progress(1, 2, "blocks", "Predicting")
        rest = Box((0, 20, 0), (12, 40, 50))
        store = project.open_proposal().store
        from napari_vessel.volumes import open_store

        again = open_store(store.path, writable=True)
        again.write("disagreement", rest, np.full(rest.shape, 70, np.uint8))
        again.write("probability", rest, np.full(rest.shape, 70, np.uint8))
        yield BlockProposed(name, rest)

    runner.scripts["propose"] = propose
    steps = []
    for event in opened.predict():
        opened.deliver(event)
        steps.append(opened.disagreement[5, ::39, 9].tolist())
    assert steps[-3:] == [[90, 0], [90, 0], [90, 70]]
    assert seen[0] is None and seen[1] == Box((0, 20, 0), (12, 40, 50))


@pytest.mark.parametrize(
    "key", [3, (slice(None), 7), (..., 5), (slice(2, 9, 3), slice(None, None, -1), 4), ...]
)
def test_disagreement_is_indexed_as_an_array(opened, key):
    class Everywhere:
        def disagreement(self, box):
            return values[box.slices]

    values = np.random.default_rng(0).integers(0, 255, (70, 300, 140)).astype(np.uint8)
    region = Box((3, 5, 2), (70, 300, 139))
    lazy = DisagreementMap(region, Everywhere())
    for _ in range(2):
        np.testing.assert_array_equal(lazy[key], values[region.slices][key])
    assert (lazy.shape, lazy.ndim, lazy.dtype) == (region.shape, 3, np.uint8)


def test_disagreement_keeps_bounded_memory(monkeypatch):
    from napari_vessel.session import _disagreement

    class Zeros:
        def disagreement(self, box):
            return np.zeros(box.shape, np.uint8)

    monkeypatch.setattr(_disagreement, "_KEPT", 4)
    lazy = DisagreementMap(Box.of((256, 512, 512)), Zeros())
    for z in range(0, 256, 16):
        lazy[z]
        assert len(lazy._pieces) <= 4


def test_what_is_foreseen_is_told_and_the_rate_is_asked_for_once(opened, runner):
    def foresee(request):
        yield Foreseen(10, 20, 1000, 5.0, request.pixels_per_second or 200.0)

    runner.scripts["foresee"] = foresee
    seen = []
    opened.events.foreseen.connect(seen.append)
    for _ in range(2):
        list(drive(opened, "forecast", opened.forecast()))
    assert [asked.pixels_per_second for asked in runner.asked] == [None, 200.0]
    assert [each.seconds for each in seen] == [5.0, 5.0] and opened.foreseen == seen[-1]


def test_the_next_forecast_learns_from_what_a_prediction_took(opened, runner):
    runner.scripts["foresee"] = lambda request: iter([Foreseen(1, 2, 1000, 5.0, 200.0)])
    runner.scripts["propose"] = lambda request: iter([Proposed("p", "complete", 1, (), 10.0)])
    list(drive(opened, "forecast", opened.forecast()))
    list(drive(opened, "predict", opened.predict()))
    list(drive(opened, "forecast", opened.forecast()))
    assert runner.asked[-1].pixels_per_second == 100.0


def test_an_activity_that_failed_holds_its_error(opened, runner):
    error = DeviceMemoryError("No room.")
    opened.failed("predict", error)
    assert opened.activities["predict"].error is error


def test_nothing_is_final_while_what_arrived_waits_for_the_stroke(opened, runner):
    def propose(request):
        name = proposal_on_disk(Project.open(request.project), 255)
        yield BlockProposed(name, WHOLE)
        yield Proposed(name, "complete", 1, (), 0.1)

    runner.scripts["propose"] = propose
    opened.begin_stroke("paint", Plane.XY)
    list(drive(opened, "predict", opened.predict()))
    with pytest.raises(CallerError, match="still being predicted"):
        opened.accept_slice(Plane.XY, 3)
    opened.end_stroke()
    assert shown(opened).all()
    opened.accept_slice(Plane.XY, 3)
    assert opened.activities["predict"].state == "done"


def test_of_much_progress_little_is_told_and_of_all_else_everything(opened, runner, monkeypatch):
    from napari_vessel.session import _answers

    def propose(request):
        for index in range(12):
            yield Progress(index, 12, "blocks", "Predicting")
            box = WHOLE.slice_at(Plane.XY, index)
            yield SliceProposed(box, Plane.XY, np.full(box.shape, 255, np.uint8))

    monkeypatch.setattr(_answers, "_LEAST_S", 3600)
    runner.scripts["propose"] = propose
    events = [getattr(answer, "event", None) for answer in opened.predict()]
    assert sum(isinstance(event, Progress) for event in events) == 1
    assert sum(isinstance(event, SliceProposed) for event in events) == 12


def test_a_forecast_that_fails_is_said_in_its_place_and_nowhere_else(opened):
    told = []
    opened.events.failed.connect(told.append)
    opened.failed("forecast", OSError("cut"))
    assert told == []
    assert opened.activities["forecast"].sentence == "cut"


def test_a_block_is_read_of_the_proposal_that_it_is_told_of(opened, runner):
    def propose(request):
        project = Project.open(request.project)
        name = proposal_on_disk(project, 200, done=(HALF,), complete=False)
        proposal_on_disk(project, 3)  # another is in view meanwhile
        yield BlockProposed(name, HALF)
        yield BlockProposed("no-such", HALF)

    runner.scripts["propose"] = propose
    list(drive(opened, "predict", opened.predict()))
    assert shown(opened)[HALF.slices].all()
