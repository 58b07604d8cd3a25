"""The values a session hands round: activities, answers, and what opening brought."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box
from napari_vessel.morphology import SMALLEST_UM3
from napari_vessel.project import Project, Proposal
from napari_vessel.volumes import IntensityWindow, Volume
from napari_vessel.workflows import PolarityUsed, ScaleUsed

ActivityName = Literal[
    "open",
    "predict",
    "retrain",
    "explain",
    "tune",
    "export",
    "forecast",
    "region",
    "overview",
    "tool",
    "history",
    "convert",
    "measure",
    "queue",
    "progress",
    "light",
    "networks",
    "objects",
    "classify",
    "teach",
    "explain",
    "triage",
]
ActivityState = Literal["idle", "running", "done", "failed", "cancelled", "paused"]
SaveState = Literal["nothing", "saving", "saved", "aside", "failed"]


@dataclass(frozen=True, slots=True)
class Activity:
    """One of the long things a session does: what it is doing, or what came of it.

    ``error`` is what it failed with, or why there was nothing to do.
    """

    name: ActivityName
    state: ActivityState = "idle"
    sentence: str = ""
    fraction: float | None = None
    seconds_left: float | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """All that opening a volume brought, ready to be shown without further work.

    ``scale`` holds as long as it is open: what is learned here keeps its voxel size.
    ``cleaned`` is whether pieces below ``smallest_um3`` are removed of the probability,
    which is that of ``proposal``.
    """

    volume: Volume
    window: IntensityWindow
    polarity: PolarityUsed
    scale: ScaleUsed
    pyramid: list[Any]
    place: Path
    project: Project | None
    region: Box
    corrections: Corrections
    probability: np.ndarray
    threshold: float
    checkpoint: str
    smallest_um3: float = SMALLEST_UM3
    cleaned: bool = True
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """An activity begins with ``question``; answers to earlier ones come too late from now on."""

    name: ActivityName
    question: object
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An event of a workflow with the question it answers; late answers are not shown.

    ``probability`` is the event's box of the region (uint8), read on the
    worker's thread so that showing it is a copy; ``proposal`` is what is in view from now on.
    """

    name: ActivityName
    question: object
    event: Any
    probability: np.ndarray | None = None
    proposal: Proposal | None = None
