"""Light updates over a proposal that goes on changing, against a plain array."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.geometry import Box, Plane
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.session._quick_look import QuickUpdates
from napari_vessel.workflows import blended

SHAPE = (5, 6, 7)
WHOLE = Box.of(SHAPE)


@dataclass
class Shown:
    """A view with its updates, and beside it what would be shown without them."""

    proposal: np.ndarray = field(
        default_factory=lambda: np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8)
    )

    def __post_init__(self) -> None:
        self.view = ProposalView(WHOLE, self.proposal.copy(), 0.5)
        self.updates = QuickUpdates(self.view)
        self.predicting = False

    def update(self, box: Box, value: int, weight: float = 0.0) -> None:
        light = np.full(box.shape, value, np.uint8)
        if self.updates.put(box, light, weight):
            expected = blended(self.proposal[box.slices], light, weight)
            np.testing.assert_array_equal(self.view.probability(box), expected)

    def predict(self, box: Box) -> None:
        self.end()
        self.view.await_box(box)
        self.predicting = True

    def look(self, box: Box, value: int) -> None:
        self.view.put_first_look(box, np.full(box.shape, value, np.uint8))

    def propose(self, box: Box, value: int) -> None:
        self.proposal[box.slices] = value
        self.view.put(box, np.full(box.shape, value, np.uint8))
        self.view.arrived(box)
        self.updates.arrived(box)

    def end(self) -> None:
        self.view.stop_waiting()
        self.predicting = False

    def withdraw(self) -> None:
        self.updates.withdraw()
        assert self.updates.boxes == ()
        if not self.predicting:
            np.testing.assert_array_equal(self.view.probability(WHOLE), self.proposal)

    def assert_listed(self) -> None:
        """Every voxel that an update changed lies in a slice that is listed."""
        listed = np.zeros(SHAPE, bool)
        for box in self.updates.boxes:
            listed[box.slices] = True
        if not self.predicting:
            changed = self.view.probability(WHOLE) != self.proposal
            assert not (changed & ~listed).any()


def slice_of(plane: Plane, index: int) -> Box:
    return WHOLE.slice_at(plane, index)


def test_updates_in_crossing_planes_are_all_listed_and_all_taken_back() -> None:
    shown = Shown()
    boxes = [slice_of(Plane.XY, 1), slice_of(Plane.XY, 2), slice_of(Plane.XZ, 3)]
    for value, box in enumerate(boxes):
        shown.update(box, value, 0.5)
    assert set(shown.updates.boxes) == set(boxes)
    shown.assert_listed()
    shown.withdraw()


def test_a_block_takes_only_its_own_voxels_from_an_update() -> None:
    shown = Shown()
    box = slice_of(Plane.XY, 2)
    shown.update(box, 250)
    shown.propose(Box((0, 0, 0), (5, 3, 7)), 10)
    assert shown.updates.boxes == (box,)
    assert (shown.view.probability(box)[0, 3:] == 250).all()
    shown.withdraw()


def test_an_update_that_blocks_covered_wholly_is_listed_no_more() -> None:
    shown = Shown()
    shown.update(slice_of(Plane.XY, 2), 250)
    shown.propose(Box((0, 0, 0), (5, 3, 7)), 10)
    shown.propose(Box((2, 2, 0), (3, 6, 7)), 11)
    assert shown.updates.boxes == ()


@pytest.mark.parametrize("cancelled_first", [False, True])
def test_taken_back_under_a_first_look_nothing_of_it_comes_back(cancelled_first) -> None:
    shown = Shown()
    shown.update(slice_of(Plane.XY, 2), 250)
    shown.predict(Box((0, 0, 0), (5, 3, 7)))
    shown.look(slice_of(Plane.XZ, 1), 90)
    shown.look(slice_of(Plane.XZ, 1), 91)
    for step in (shown.end, shown.withdraw)[:: 1 if cancelled_first else -1]:
        step()
        if step == shown.withdraw and not cancelled_first:
            assert (shown.view.probability(slice_of(Plane.XZ, 1)) == 91).all()
    shown.withdraw()


def _box(draw: st.DrawFn) -> Box:
    pairs = [sorted(draw(st.lists(st.integers(0, n), min_size=2, max_size=2))) for n in SHAPE]
    start = tuple(min(a, n - 1) for (a, _), n in zip(pairs, SHAPE, strict=True))
    stop = tuple(max(b, a + 1) for (_, b), a in zip(pairs, start, strict=True))
    return Box(start, stop)


@st.composite
def _steps(draw: st.DrawFn) -> tuple[str, tuple]:
    name = draw(
        st.sampled_from(["update", "update", "propose", "predict", "look", "end", "withdraw"])
    )
    if name in ("end", "withdraw"):
        return name, ()
    box, value = _box(draw), draw(st.integers(0, 255))
    if name in ("update", "look") and draw(st.integers(0, 3)):
        plane = draw(st.sampled_from(list(Plane)))
        box = box.slice_at(plane, box.start[plane.normal])
    if name == "predict":
        return name, (box,)
    if name == "update":
        return name, (box, value, draw(st.sampled_from([0.0, 0.5])))
    return name, (box, value)


@given(st.lists(_steps(), max_size=12))
def test_after_any_updates_blocks_and_looks_taking_back_shows_what_was_there_without(steps) -> None:
    shown = Shown()
    for name, values in steps:
        getattr(shown, name)(*values)
        shown.assert_listed()
    shown.withdraw()
    shown.end()
    shown.withdraw()
