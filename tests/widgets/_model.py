"""A painter in plain numpy, and workflows that answer at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from time import sleep

import numpy as np

from napari_vessel.errors import DeviceMemoryError, NothingReviewedError, Offer
from napari_vessel.geometry import Box, Plane
from napari_vessel.training import EpochEnd, StepEnd
from napari_vessel.workflows import (
    WORKFLOWS,
    Clean,
    Export,
    Exported,
    Foresee,
    Foreseen,
    Light,
    LightEnded,
    LightProposed,
    Progress,
    Propose,
    Proposed,
    Retrain,
    Retrained,
    SliceProposed,
)


class ShownArray:
    """The array of a labels layer, over a painter's three states and a proposal."""

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, states: np.ndarray, proposal: np.ndarray) -> None:
        self.states, self.proposal = states, proposal
        self.shape, self.size = states.shape, states.size

    def __getitem__(self, index: object) -> np.ndarray:
        states = self.states[index]
        return np.where(states == 0, self.proposal[index], states == 2).astype(np.uint8)

    def __setitem__(self, index: object, value: object) -> None:
        self.states[index] = np.where(np.asarray(value) != 0, 2, 1)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype)


@dataclass
class ModelPainter:
    """Keeps three states (0 untouched, 1 background, 2 vessel) and a list of strokes."""

    shape: tuple[int, int, int]
    corner: tuple[int, int, int] = (0, 0, 0)
    strokes: list[tuple[str, Plane | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = np.zeros(self.shape, np.uint8)
        self.proposal = np.zeros(self.shape, np.uint8)
        self.labels = ShownArray(self.states, self.proposal)
        self.region = Box.of(self.shape).shifted(self.corner)
        self.done: list[np.ndarray] = []
        self.undone: list[np.ndarray] = []
        self.open = False

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        assert not self.open
        self.open = True
        self.strokes.append((tool, plane))
        self.done.append(self.states.copy())
        self.undone.clear()

    def paint(self, box: Box, mask: np.ndarray, value: int) -> None:
        assert self.open
        assert mask.shape == box.shape
        assert mask.dtype == bool
        self.states[box.slices][mask] = value + 1

    def end_stroke(self) -> None:
        assert self.open
        self.open = False

    def undo(self) -> Box | None:
        return self._move(self.done, self.undone)

    def redo(self) -> Box | None:
        return self._move(self.undone, self.done)

    def import_labels(self, labels: np.ndarray) -> None:
        self.begin_stroke("import")
        self.states[...] = np.where(labels != 0, 2, 1)
        self.end_stroke()

    def _move(self, source: list[np.ndarray], target: list[np.ndarray]) -> Box | None:
        if not source:
            return None
        target.append(self.states.copy())
        self.states[...] = source.pop()
        return self.region


# -- workflows that answer at once, for tests of the dock -------------------------------------

BAND = slice(4, 9)  # rows that the fake network takes for vessel


def fake_propose(request: Propose) -> Iterator[object]:
    """Propose a band of rows, in the slice in view and then everywhere."""
    yield Progress(0, 2, "blocks", "Predicting", 7.0)
    box = request.box
    probability = np.zeros(box.shape, np.uint8)
    probability[:, BAND] = 200
    yield SliceProposed(box, request.focus.plane, probability)
    yield Progress(1, 2, "blocks", "Predicting", 3.0)
    yield Proposed("p1", "complete", 1, (), 0.1)


def endless_propose(request: Propose) -> Iterator[object]:
    """Never come to an end, as a prediction of a large volume."""
    for n in count():
        sleep(0.01)
        yield Progress(n % 100, 100, "blocks", "Predicting", 1000.0)


def fake_retrain(request: Retrain) -> Iterator[object]:
    """Learn in three epochs."""
    for epoch in range(1, 4):
        yield Progress(epoch, 3, "epochs", f"Epoch {epoch}", 2.0)
        yield StepEnd(epoch, epoch, 1 / epoch)
        yield EpochEnd(epoch, 1 / epoch, 1 - 1 / (epoch + 1), best=True)
    yield Retrained(True, True, "better", "Taken, provisionally: 0.50 → 0.75.", 0.5, 0.75, 1.0)


def fake_light(request: Light) -> Iterator[object]:
    """Propose a band of rows in the slice behind."""
    yield Progress(1, 2, "steps", "Learning from this slice")
    start, stop = (request.index + 1, 0, 0), (request.index + 2, 40, 48)
    probability = np.zeros((1, 40, 48), np.uint8)
    probability[:, BAND] = 250
    yield LightProposed(Box(start, stop), request.plane, probability)
    yield LightEnded(request.plane, request.index, 1, 1, 5, 0.2, 0.4, False, True, 1.0)


def endless_retrain(request: Retrain) -> Iterator[object]:
    """Learn for ever."""
    for step in count(1):
        sleep(0.01)
        yield StepEnd(1, step, 1.0)


def fake_export(request: Export) -> Iterator[object]:
    """Say that it was written."""
    yield Exported(request.out, request.format, 100, 10, 0.5)


OFFERS = (Offer("Tiles of 256 pixels", {"tile": 256}), Offer("The CPU", {"device": "cpu"}))


def failing(request: object) -> Iterator[object]:
    """Fail as torch does when memory runs out."""
    yield Progress(0, 1, "blocks", "Predicting", None)
    message = "No room: lower the batch."
    raise DeviceMemoryError(message, OFFERS)


def audited(request: Retrain) -> Iterator[object]:
    """Refuse as where only the audit set is reviewed."""
    yield Progress(0, 1, "steps", "Reading the corrections")
    raise NothingReviewedError("Only the audit set is reviewed.")


def real_clean(request: Clean) -> Iterator[object]:
    """Clean as the program does, but never come to an end for one setting."""
    if request.smallest_um3 == 999_999:
        yield from endless_propose(request)
    yield from WORKFLOWS["clean"](request)


def fake_foresee(request: Foresee) -> Iterator[object]:
    """Foresee two minutes and a half."""
    yield Foreseen(1_500_000_000, 40_000_000, 15_000, 150.0, request.pixels_per_second or 100.0)


FAKES = {
    "foresee": fake_foresee,
    "propose": fake_propose,
    "retrain": fake_retrain,
    "light": fake_light,
    "export": fake_export,
}
ENDLESS = {**FAKES, "propose": endless_propose}
LEARNING = {**FAKES, "retrain": endless_retrain}
AUDITED = {**FAKES, "retrain": audited}
FAILING = {
    "foresee": fake_foresee,
    "light": fake_light,
    "propose": failing,
    "retrain": failing,
    "export": failing,
}
CLEANING = {**FAKES, "clean": real_clean}
