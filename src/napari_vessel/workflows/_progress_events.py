"""What the progress of a project is, as it is told. Torch-free, picklable."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_vessel.annotation import Place
from napari_vessel.metrics import Interval
from napari_vessel.project import AuditConfig

Verdict = Literal["early", "go on", "reached", "level"]


@dataclass(frozen=True, slots=True)
class TakeStock:
    """Tell how far a project is; ``target`` is the Dice on the audit set that is wanted.

    Proposals that were not scored on the audit set yet are, and that is noted in the project.
    """

    project: Path
    target: float = 0.9


@dataclass(frozen=True, slots=True)
class DrawAudit:
    """Draw the audit set of a project, once and for all."""

    project: Path
    config: AuditConfig = field(default_factory=AuditConfig)


@dataclass(frozen=True, slots=True)
class SlicePoint:
    """A slice that a person marked as reviewed.

    ``dice`` is that of what was proposed there against what they made of it, ``wrong`` the
    voxels that differ; None where nothing was noted, as of labels from a file.
    """

    utc: float
    place: Place
    seconds: float
    hours: float
    dice: float | None = None
    wrong: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPoint:
    """How a proposal did on the audit set, after so many hours of work."""

    utc: float
    hours: float
    checkpoint: str
    proposal: str
    dice: Interval
    cldice: Interval
    windows: int


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """A window of the audit set, and the share of it that a person reviewed."""

    place: Place
    reviewed: float


@dataclass(frozen=True, slots=True)
class Stock:
    """How far a project is.

    Attributes
    ----------
    hours
        Of work with the brush in hand, pauses left out.
    slices, audits
        In the order of time.
    audit
        The windows of the audit set; empty where none was drawn.
    target
        The Dice that is wanted.
    verdict, sentence
        Whether to stop, and why.
    hours_left
        Between which hours the target will probably be reached; None: nothing can be said.
    """

    hours: float
    slices: tuple[SlicePoint, ...]
    audits: tuple[AuditPoint, ...]
    audit: tuple[AuditPlace, ...]
    target: float
    verdict: Verdict
    sentence: str
    hours_left: Interval | None = None

    @property
    def seconds_per_slice(self) -> float | None:
        """The median over the last ten slices."""
        recent = sorted(point.seconds for point in self.slices[-10:])
        return recent[len(recent) // 2] if recent else None
