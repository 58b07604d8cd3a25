"""What the progress of a project is, as it is told. Torch-free, picklable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_vessel.annotation import Place
from napari_vessel.metrics import Interval
from napari_vessel.project import AuditConfig

FEWEST_WINDOWS = 3
"""Of the audit set, of which redrawing can tell how sure a score is."""

Verdict = Literal["early", "go on", "reached", "level"]


@dataclass(frozen=True, slots=True)
class TakeStock:
    """Tell how far a project is; ``target`` is the Dice on the audit set that is wanted.

    The network in use is scored on the audit set where it was not yet; that is noted in the
    project.
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
    """How a network did on the audit set.

    Attributes
    ----------
    utc
        When it was scored last.
    hours
        Of work when it was scored first: later ones taught it nothing.
    proposal
        The one in view when it was scored last.
    dice, cldice
        On all ``windows`` that it was scored on.
    compared
        Dice on the windows that it shares with the other networks of the curve; None: it shares
        too few and is left out of the curve.
    """

    utc: float
    hours: float
    checkpoint: str
    proposal: str
    dice: Interval
    cldice: Interval
    windows: int
    compared: float | None = None


def judged(audits: Sequence[AuditPoint]) -> AuditPoint | None:
    """Return the score that counts now: the last one on enough windows, else the last."""
    known = [point for point in audits if point.windows >= FEWEST_WINDOWS] or [*audits]
    return known[-1] if known else None


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
    slices
        In the order of time.
    audits
        One for each network, in the order in which they were scored last.
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
    def judged(self) -> AuditPoint | None:
        """The score that counts now; None where no network was scored."""
        return judged(self.audits)

    @property
    def seconds_per_slice(self) -> float | None:
        """The median over the last ten slices."""
        recent = sorted(point.seconds for point in self.slices[-10:])
        return recent[len(recent) // 2] if recent else None
