"""Verify a project: its configuration, journals, proposal and checkpoint. Changes nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

from napari_vessel.annotation import Corrections, RowSummary, summaries
from napari_vessel.errors import VesselError
from napari_vessel.project import Project
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._events import Diagnosed, Progress
from napari_vessel.workflows._requests import Examine


def examine(request: Examine) -> Iterator[Progress | Diagnosed]:
    """Check everything a project needs and say what is wrong; needs no torch and no napari.

    Raises
    ------
    ProjectError
        The folder is no project.
    """
    project = Project.open(request.project)
    yield Progress(0, 3, "checks", "Replaying the journals")
    corrections = project.open_corrections(read_only=True)
    problems = list(corrections.problems)
    yield Progress(1, 3, "checks", "Opening volume, checkpoint and proposal")
    problems += _opening_problems(project)
    if request.dump:
        yield Progress(2, 3, "checks", "Writing the strokes")
        _dump(project.journal, request.dump)
    facts = _facts(corrections, request.dump)
    corrections.close()
    yield Diagnosed(not problems, tuple(problems), facts)


def _opening_problems(project: Project) -> Iterator[str]:
    for what in (project.open_volume, project.open_checkpoint, project.open_proposal):
        try:
            what()
        except VesselError as error:
            yield str(error)


def _dump(journal: Path, out: Path) -> None:
    """Write every readable row of the journals as CSV; what cannot be read was told before."""
    rows = [row.as_dict() for row in summaries(journal, [])]
    text = StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(RowSummary)])
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(out, text.getvalue().encode())


def _facts(corrections: Corrections, dump: Path | None) -> dict[str, Any]:
    overlay = corrections.overlay
    return {
        "journals": corrections.position,
        "strokes": sum(corrections.position.values()),
        "reviewed_voxels": overlay.reviewed,
        "vessel_voxels": overlay.vessel,
        "dump": str(dump) if dump else None,
    }
