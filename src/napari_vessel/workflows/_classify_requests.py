"""What can be asked of classifying. Frozen, picklable, torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_vessel.datasets import DataConfig
from napari_vessel.geometry import Box
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._classify_config import ClassifyRun


@dataclass(frozen=True, slots=True)
class ClassifyTrain:
    """Train a classifier of patches or objects into a checkpoint at ``out``.

    Beside weights and card the folder holds history.csv, curves.png, split.csv, the
    configuration and, in ``test/``, what it is worth on the part set aside.
    """

    config: ClassifyRun
    out: Path
    device: str = "auto"
    resume: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class ClassifySamples:
    """Classify samples; ``scored``: they have classes, and what is said is scored.

    ``out`` is a folder for evaluation.csv, probabilities.csv and, where it is scored,
    scores.json and the confusion matrix; none: the answer alone. ``split`` and ``part``: only the
    samples that a split.csv puts in that part. ``draws``: resamplings for intervals.
    """

    checkpoint: str
    data: DataConfig
    out: Path | None = None
    split: Path | None = None
    part: Literal["all", "train", "validation", "test"] = "all"
    batch: int = 64
    draws: int = 1000
    scored: bool = False
    device: str = "auto"
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Triage:
    """Ask a chunk classifier for a vessel in every chunk of ``volume``; the answer goes to ``out``.

    ``box`` none: the whole volume. What is judged lies in ``out`` from the first chunk on: whoever
    stops asking, or is killed, goes on there with the same request.
    """

    volume: str
    out: Path
    checkpoint: str
    options: VolumeOptions = VolumeOptions()
    box: Box | None = None
    batch: int = 64
    device: str = "auto"
    overwrite: bool = False
