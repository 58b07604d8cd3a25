"""What tuning is asked, and what it tells. Frozen, picklable, torch- and optuna-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_vessel.search import StudySummary, TrialRecord
from napari_vessel.workflows._tune_config import TuneRun
from napari_vessel.workflows._tune_space import Task

__all__ = [
    "StudyOpened",
    "StudyPictured",
    "TrialBegun",
    "TrialEnded",
    "TrialEpoch",
    "Tune",
    "Tuned",
]


@dataclass(frozen=True, slots=True)
class Tune:
    """Do trials of a study in folder ``out``, or go on with it.

    Attributes
    ----------
    trials
        Of the study in all; None: the configuration's.
    minutes
        Stop after so long, to go on later; None: the configuration's.
    workers
        Processes of this machine that do trials, each one at a time. 1: this one alone.
    scheduler
        A cluster whose workers do trials: ``local``, ``local:N`` or an address. They must share
        the folder. None: ``workers`` do.
    """

    config: TuneRun
    out: Path
    trials: int | None = None
    minutes: float | None = None
    workers: int = 1
    scheduler: str | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class StudyOpened:
    """A study was begun, or is gone on with: ``settled`` of ``trials`` ended before."""

    out: Path
    task: Task
    score: str  # what is tuned for
    settings: tuple[str, ...]
    settled: int
    trials: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class TrialBegun:
    """A trial began, here or in another process."""

    trial: TrialRecord


@dataclass(frozen=True, slots=True)
class TrialEpoch:
    """What an epoch of a trial brought; higher is better."""

    number: int
    epoch: int
    score: float


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial ended; ``best`` is the best of the study so far, if one is complete."""

    trial: TrialRecord
    best: TrialRecord | None


@dataclass(frozen=True, slots=True)
class StudyPictured:
    """The study as it is now was written: pictures by name, and the table."""

    summary: StudySummary
    figures: dict[str, Path]
    table: Path
    best_config: Path | None


@dataclass(frozen=True, slots=True)
class Tuned:
    """Tuning ended, or its time is up; it can be gone on with.

    Attributes
    ----------
    trials
        That ended, in all; some were ``pruned``, some ``failed``.
    best
        Settings of the best trial, by name.
    best_config
        What ``napari-vessel run`` takes to train with them; None where no trial is complete.
    checkpoint
        The best trial's network.
    importance
        How much each setting mattered, shares of 1; empty where too few trials tell.
    """

    out: Path
    task: Task
    reason: Literal["trials", "minutes"]
    trials: int
    complete: int
    pruned: int
    failed: int
    best_value: float | None
    best_trial: int | None
    best: dict[str, object]
    best_config: Path | None
    checkpoint: Path | None
    importance: dict[str, float] = field(default_factory=dict)
    figures: dict[str, Path] = field(default_factory=dict)
    resumed: bool = False
    seconds: float = 0.0
