"""What is known of a study's trials: plain values for tables, pictures and windows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Literal, get_args

from napari_vessel.errors import ProjectError

__all__ = ["StudySummary", "TrialRecord", "TrialState", "trials_as_csv", "trials_of_csv"]

TrialState = Literal["waiting", "running", "complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial.

    Attributes
    ----------
    number
        From 0, in the order they began.
    value
        What it reached, higher is better; only of a complete one.
    values
        The settings that were drawn, by name; of choices the labels.
    scores
        The score of every epoch that was told, by epoch.
    origin
        The first of the trials that are the same one, tried again; else its own number.
    retry_of
        The trial that it tries again.
    reason
        Why it failed.
    retried
        Whether a later trial tries it again, so that it does not count.
    """

    number: int
    state: TrialState
    value: float | None
    values: dict[str, object]
    seed: int
    scores: dict[int, float] = field(default_factory=dict)
    seconds: float | None = None
    origin: int = 0
    retry_of: int | None = None
    reason: str = ""
    retried: bool = False

    @property
    def settled(self) -> bool:
        """Whether it ended and is not tried again: it counts."""
        return self.state in ("complete", "pruned", "failed") and not self.retried


@dataclass(frozen=True, slots=True)
class StudySummary:
    """All trials of a study, and how much each setting mattered (shares of 1; empty: unknown)."""

    trials: tuple[TrialRecord, ...] = ()
    importance: dict[str, float] = field(default_factory=dict)

    @property
    def best(self) -> TrialRecord | None:
        """The complete trial of the highest value; of equal ones the first."""
        complete = [one for one in self.trials if one.state == "complete" and one.value is not None]
        return max(complete, key=lambda one: (one.value or 0.0, -one.number), default=None)

    @property
    def settled(self) -> int:
        """Trials that ended and are not tried again."""
        return sum(one.settled for one in self.trials)

    def count(self, state: TrialState) -> int:
        """Count the trials in a state; a failed one that is tried again is not counted."""
        return sum(one.state == state and not one.retried for one in self.trials)


def trials_as_csv(summary: StudySummary) -> bytes:
    """Write a table with a line for every trial."""
    names = list(dict.fromkeys(name for one in summary.trials for name in one.values))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    more = ("epochs", "seconds", "retry_of", "reason")
    table.writerow(["number", "state", "value", "seed", *names, *more])
    for one in summary.trials:
        drawn = [one.values.get(name, "") for name in names]
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        retry = "" if one.retry_of is None else one.retry_of
        value = "" if one.value is None else one.value
        rest = (len(one.scores), seconds, retry, one.reason)
        table.writerow([one.number, one.state, value, one.seed, *drawn, *rest])
    return text.getvalue().encode()


def trials_of_csv(table: bytes) -> tuple[TrialRecord, ...]:
    """Read what :func:`trials_as_csv` wrote, settings as texts, scores left out. Needs no optuna.

    Raises
    ------
    ProjectError
        It is no such table.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(table.decode())))
        retried = {row["retry_of"] for row in rows}
        return tuple(_of_row(row, retried=row["number"] in retried) for row in rows)
    except (LookupError, TypeError, ValueError) as error:
        raise ProjectError(f"This is no table of trials ({error!r}).") from error


def _of_row(row: dict[str, str], *, retried: bool) -> TrialRecord:
    known = ("number", "state", "value", "seed", "epochs", "seconds", "retry_of", "reason")
    states: dict[str, TrialState] = {state: state for state in get_args(TrialState)}
    return TrialRecord(
        number=int(row["number"]),
        state=states[row["state"]],
        value=float(row["value"]) if row["value"] else None,
        values={name: text for name, text in row.items() if name not in known and text},
        seed=int(row["seed"]),
        seconds=float(row["seconds"]) if row["seconds"] else None,
        retry_of=int(row["retry_of"]) if row["retry_of"] else None,
        reason=row["reason"],
        retried=retried and row["state"] == "failed",
    )
