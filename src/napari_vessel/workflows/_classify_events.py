"""What classifying tells while it runs. Frozen, picklable, torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_vessel.geometry import Box, Zyx

Part = Literal["train", "validation", "test"]
"""A part of a split; what it is for."""


@dataclass(frozen=True, slots=True)
class ClassifyPlanned:
    """What a training of a classifier is going to do.

    ``samples`` of each class in each part, as ``{"train": {"vessel": 12, …}, …}``;
    ``groups`` of each part; ``warnings`` of the split, in sentences.
    """

    classes: tuple[str, ...]
    samples: dict[str, dict[str, int]]
    groups: dict[str, int]
    network: str
    parameters: int
    trained_parameters: int
    steps: int
    device: str
    minutes: float | None
    resumed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassEpoch:
    """What one epoch of a classifier brought.

    Losses and accuracies are not finite (NaN) where there was nothing to find them from.
    """

    epoch: int
    loss: float  # mean of its steps
    accuracy: float  # of the samples learned from, as they were shown
    validation_loss: float
    validation_accuracy: float
    score: float  # what is monitored; higher is better
    learning_rate: float
    best: bool


@dataclass(frozen=True, slots=True)
class ClassifyTrained:
    """A training of a classifier ended with a checkpoint.

    ``scores`` are of the part that was set aside (``test``), by ``ClassScores.as_dict``;
    empty where that part holds nothing. ``score`` and ``score_at_start`` are what is monitored, on
    the validation part.
    """

    checkpoint: Path
    classes: tuple[str, ...]
    score: float
    score_at_start: float
    scores: dict[str, Any]
    epochs: int
    best_epoch: int
    steps: int
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """Samples were classified: ``probabilities`` (N, K) float32, rows as ``names``.

    ``labels`` are the predicted classes; ``truth`` holds None where a sample has no label, and
    ``scores`` are empty where none has one. ``out`` is the folder of the tables, if one was asked.
    """

    out: Path | None
    names: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: np.ndarray
    truth: tuple[str | None, ...]
    scores: dict[str, Any]
    seconds: float

    @property
    def labels(self) -> tuple[str, ...]:
        """The class predicted for each."""
        return tuple(self.classes[index] for index in self.probabilities.argmax(1))


@dataclass(frozen=True, slots=True)
class ChunkJudged:
    """Chunks (volume voxels) were judged; ``probabilities`` of a vessel, in their order."""

    boxes: tuple[Box, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Triaged:
    """A volume was looked through for vessels; ``out`` is what ``open_triage`` opens.

    ``grid`` counts chunks along z, y, x; ``below_half`` of them have a probability below 0.5.
    ``unread`` could not be read and have none.
    """

    out: Path
    grid: Zyx
    chunks: int
    below_half: int
    outside: int
    unread: int
    seconds: float
