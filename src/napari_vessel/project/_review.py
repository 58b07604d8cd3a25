"""Where the records of a project's review lie: the queue's marks, the audit set, the progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, Literal

from napari_vessel.project._audit import AuditSet
from napari_vessel.project._records import RecordLog

__all__ = ["Mark", "ReviewMarks", "ReviewRecords"]

Mark = Literal["done", "skip", "back"]
_MARKS: dict[str, Mark] = {"done": "done", "skip": "skip", "back": "back"}


@dataclass(frozen=True, slots=True)
class ReviewMarks:
    """What a person said of places, by their ids; the last word counts.

    Attributes
    ----------
    left_out
        Done or skipped, the last one last.
    put_back
        Wanted in the list, whatever they promise.
    """

    left_out: Mapping[str, Mark]
    put_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewRecords:
    """The records of one project folder; a folder without any has an empty review."""

    project: Path

    @property
    def audit_path(self) -> Path:
        """The file of the audit set."""
        return self.project / "review" / "audit.json"

    @property
    def progress(self) -> RecordLog:
        """What was proposed where a person corrected, and how each network did on the audit."""
        return RecordLog(self.project / "review" / "progress.jsonl")

    @property
    def queue(self) -> RecordLog:
        """What a person said of the queue's places."""
        return RecordLog(self.project / "review" / "queue.jsonl")

    def audit(self) -> AuditSet | None:
        """Read the audit set; None where none was drawn."""
        return AuditSet.open(self.audit_path)

    def mark(self, place: str, mark: Mark, **more: Any) -> None:  # noqa: ANN401  JSON values
        """Note what a person said of a place; durable on return."""
        self.queue.add({"at": round(time(), 3), "place": place, "mark": mark, **more})

    def marks(self) -> ReviewMarks:
        """Return what was said of places."""
        last: dict[str, Mark] = {}
        for record in self.queue.read():
            place, mark = record.get("place"), _MARKS.get(str(record.get("mark")))
            if isinstance(place, str) and mark:
                last.pop(place, None)
                last[place] = mark
        left_out = {place: mark for place, mark in last.items() if mark != "back"}
        return ReviewMarks(left_out, tuple(p for p, mark in last.items() if mark == "back"))
