"""Nothing is lost: whatever is done, the journals replay to a plain three-state model."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_vessel.annotation import Corrections, EditableLabels, replay
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
REGION = Box((2, 1, 3), (68, 66, 77))


@st.composite
def brushes(draw: st.DrawFn) -> tuple[Box, np.ndarray]:
    starts = [draw(st.sampled_from([0, 1, 30, 58, 62])) for _ in SHAPE]
    edges = [draw(st.integers(1, 8)) for _ in SHAPE]
    box = Box(tuple(starts), tuple(a + e for a, e in zip(starts, edges, strict=True)))
    seed = draw(st.integers(0, 99))
    mask = np.random.default_rng(seed).random(box.shape) < draw(st.sampled_from([0.3, 1.1]))
    return box.intersection(WHOLE), mask[tuple(slice(0, e) for e in box.intersection(WHOLE).shape)]


def proposal(box: Box) -> np.ndarray:
    """Every third voxel along x is vessel."""
    return np.broadcast_to(np.arange(box.start[2], box.stop[2]) % 3 == 0, box.shape)


class Lossless(RuleBasedStateMachine):
    """Paint, erase, accept, import, script, undo, redo, reopen, against numpy."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "journal"
        self.model = np.zeros(SHAPE, np.uint8)
        self.done: list[np.ndarray] = []
        self.undone: list[np.ndarray] = []
        self.open_stroke = False
        self.open()

    def open(self) -> None:
        self.corrections = Corrections.open(self.folder, SHAPE)
        self.labels = EditableLabels(self.corrections, REGION, proposal)

    def step(self) -> None:
        """Note the state before a step, unless one is open."""
        if not self.open_stroke:
            self.done.append(self.model.copy())
            self.undone.clear()

    def shown(self) -> np.ndarray:
        return np.where(self.model == 0, proposal(WHOLE), self.model & 2) != 0

    @rule()
    @precondition(lambda self: not self.open_stroke)
    def begin(self) -> None:
        self.before_stroke = self.model.copy()
        self.stroke_painted = False
        self.corrections.begin_stroke("paint")
        self.open_stroke = True

    @rule()
    @precondition(lambda self: self.open_stroke)
    def end(self) -> None:
        self.corrections.end_stroke()
        self._ended()

    def _ended(self) -> None:
        if self.open_stroke and self.stroke_painted:
            self.done.append(self.before_stroke)
        self.open_stroke = False

    def _painted(self) -> None:
        if self.open_stroke:
            self.stroke_painted = True
            self.undone.clear()

    @rule(brush=brushes(), value=st.sampled_from([0, 1, 200]))
    def paint(self, brush: tuple[Box, np.ndarray], value: int) -> None:
        box, mask = brush
        if mask.any():
            self.step()
            self._painted()
        self.corrections.paint(box, mask, value)
        self.model[box.slices][mask] = 2 if value else 1

    @rule(brush=brushes(), value=st.sampled_from([0, 1]))
    def paint_the_array(self, brush: tuple[Box, np.ndarray], value: int) -> None:
        box, mask = brush
        inside = box.intersection(REGION)
        if inside is not None and mask[inside.relative_to(box).slices].any():
            self.step()
            self._painted()
            part = self.model[inside.slices]
            part[mask[inside.relative_to(box).slices]] = 2 if value else 1
        self.labels.paint(box.relative_to(REGION), mask, value)

    @rule(brush=brushes())
    @precondition(lambda self: not self.open_stroke)
    def accept(self, brush: tuple[Box, np.ndarray]) -> None:
        box, shown = brush
        part = self.model[box.slices]
        mask = (part == 0) | (part > 4)
        if mask.any():
            self.step()
        self.corrections.accept(box, shown)
        part = self.model[box.slices]
        part[mask] = np.where(shown, 6, 5)[mask]

    @rule(brush=brushes())
    @precondition(lambda self: not self.open_stroke)
    def import_labels(self, brush: tuple[Box, np.ndarray]) -> None:
        box, labels = brush
        self.step()
        self.corrections.import_labels(box, labels.astype(np.float32))
        self.model[box.slices] = np.where(labels, 2, 1)

    @rule(brush=brushes())
    @precondition(lambda self: not self.open_stroke)
    def script(self, brush: tuple[Box, np.ndarray]) -> None:
        box, values = brush
        box = box.intersection(REGION)
        if box is None:
            return
        values = values[tuple(slice(0, edge) for edge in box.shape)]
        changed = self.shown()[box.slices] != values
        if changed.any():
            self.step()
        self.labels[box.relative_to(REGION).slices] = values * 7
        self.model[box.slices][changed] = np.where(values, 2, 1)[changed]

    @rule()
    def undo(self) -> None:
        self._ended()
        changed = self.corrections.undo()
        assert (changed is None) == (not self.done)
        if changed is not None:
            self.undone.append(self.model)
            self.model = self.done.pop()

    @rule()
    def redo(self) -> None:
        self._ended()
        changed = self.corrections.redo()
        assert (changed is None) == (not self.undone)
        if changed is not None:
            self.done.append(self.model)
            self.model = self.undone.pop()

    @rule()
    def flush(self) -> None:
        assert self.corrections.flush(30)
        assert self.corrections.saved

    @rule()
    def reopen(self) -> None:
        self._ended()
        assert self.corrections.close(30)
        self.open()
        assert not self.corrections.problems

    @rule()
    def replay(self) -> None:
        assert self.corrections.flush(30)
        result = replay(self.folder, SHAPE)
        assert not result.problems
        assert result.position == self.corrections.position
        np.testing.assert_array_equal(result.overlay.read(WHOLE), self.model)

    @invariant()
    def the_overlay_is_the_model(self) -> None:
        np.testing.assert_array_equal(self.corrections.overlay.read(WHOLE), self.model)

    @invariant()
    def what_is_shown_is_the_model_over_the_proposal(self) -> None:
        np.testing.assert_array_equal(self.labels[...], self.shown()[REGION.slices])

    def teardown(self) -> None:
        assert self.corrections.close(30)
        result = replay(self.folder, SHAPE)
        np.testing.assert_array_equal(result.overlay.read(WHOLE), self.model)
        self.temporary.cleanup()


TestLossless = Lossless.TestCase
TestLossless.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
