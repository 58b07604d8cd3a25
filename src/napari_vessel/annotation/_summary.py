"""A listing of strokes that a person or a spreadsheet can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from napari_vessel.annotation._correction import Correction
from napari_vessel.annotation._replay import journal_rows
from napari_vessel.annotation._state import ACCEPTED, VESSEL
from napari_vessel.errors import JournalError


@dataclass(frozen=True, slots=True)
class RowSummary:
    """One row of a journal, in plain values.

    Attributes
    ----------
    journal, row
        Where it lies.
    utc
        When it was made, ISO 8601.
    kind, tool, plane, box
        As in :class:`Correction`; the plane is empty where there is none.
    stroke
        Names the stroke, the same for all its rows.
    undoes
        The stroke that this row takes back or brings again, else empty.
    voxels, vessel, accepted
        Voxels covered; those of them that are vessel, and accepted, afterwards.
    """

    journal: str
    row: int
    utc: str
    kind: str
    tool: str
    plane: str
    box: str
    stroke: str
    undoes: str
    voxels: int
    vessel: int
    accepted: int

    def as_dict(self) -> dict[str, str | int]:
        """Return the fields, for JSON or CSV."""
        return asdict(self)


def summaries(folder: Path, problems: list[str]) -> Iterator[RowSummary]:
    """List every readable row of the journals in ``folder``, oldest first.

    Parameters
    ----------
    folder
        The journals' folder.
    problems
        Sentences on what could not be read are added here.
    """
    for row in journal_rows(folder, problems):
        try:
            yield _summary(row.path.name, row.correction())
        except JournalError as error:
            problems.append(f"{row.path.name}: row {row.header.stamp.sequence}: {error}")


def _summary(journal: str, row: Correction) -> RowSummary:
    stamp, after = row.stamp, row.after[row.mask]
    return RowSummary(
        journal=journal,
        row=stamp.sequence,
        utc=datetime.fromtimestamp(stamp.milliseconds / 1000, UTC).isoformat(),
        kind=row.kind,
        tool=row.tool,
        plane=row.plane or "",
        box=str(row.box),
        stroke=f"{row.stroke.session}:{row.stroke.sequence}",
        undoes=f"{row.undoes.session}:{row.undoes.sequence}" if row.undoes else "",
        voxels=int(after.size),
        vessel=int(np.count_nonzero(after & np.uint8(VESSEL))),
        accepted=int(np.count_nonzero(after & np.uint8(ACCEPTED))),
    )
