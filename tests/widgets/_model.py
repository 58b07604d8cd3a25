"""A painter in plain numpy: what the layer should have handed over."""

from dataclasses import dataclass, field

import numpy as np

from napari_vessel.geometry import Box, Plane


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
