"""Verify a project: configuration, journals, proposal and checkpoint. Only its cache is written."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from io import StringIO
from os.path import lexists
from pathlib import Path
from typing import Any

from napari_vessel.annotation import Corrections, RowSummary, find_overlaps, summaries
from napari_vessel.errors import OutputExistsError, VesselError
from napari_vessel.project import Project, corrections_places
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._events import Diagnosed, Progress
from napari_vessel.workflows._requests import Examine

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def examine(request: Examine) -> Iterator[Progress | Diagnosed]:
    """Check everything a project needs and say what is wrong; needs no torch and no napari.

    Raises
    ------
    ProjectError
        The folder is no project.
    OutputExistsError
        Something stands where the strokes go and ``overwrite`` is off.
    """
    project = Project.open(request.project)
    if request.dump and lexists(request.dump) and not request.overwrite:
        raise OutputExistsError(f"{request.dump} already exists: use --overwrite to replace it.")
    yield Progress(0, 3, "checks", "Replaying the journals")
    # Without the cache: every row of every journal is read and checked.
    with closing(project.open_corrections(read_only=True, cache=None)) as corrections:
        problems = [*filter(None, [project.view_only]), *corrections.problems]
        facts = _facts(corrections, request.dump) | {"cache": _rebuilt(project, corrections)}
        facts["overlaps"] = _overlaps(corrections)
    yield Progress(1, 3, "checks", "Opening volume, checkpoint and proposal")
    problems += _opening_problems(project)
    if request.dump:
        yield Progress(2, 3, "checks", "Writing the strokes")
        _dump(project.journal, request.dump)
    yield Diagnosed(not problems, tuple(problems), facts)


def _overlaps(corrections: Corrections) -> int:
    """Count the places where two hands disagree without having seen each other's stroke."""
    *_, last = find_overlaps(corrections.journals, corrections.shape)
    return len(last.overlaps or ())


def _rebuilt(project: Project, corrections: Corrections) -> str:
    """Make the cache anew from the journals, where there is one or it would save time."""
    places = corrections_places(project.path)
    if project.view_only:
        return "not rebuilt: the project is of a newer version"
    if not (places.cache.exists() or corrections.deserves_a_cache):
        return "none needed"
    if corrections.problems:
        return "not rebuilt: something could not be read"
    return "rebuilt" if corrections.keep_cache(places.cache) else "cannot be written"


def _opening_problems(project: Project) -> Iterator[str]:
    for what in (project.open_volume, project.open_checkpoint, project.open_proposal):
        try:
            what()
        except VesselError as error:
            yield str(error)
    name = project.config.proposal
    if name and not any(project.proposals.glob(f"{name}.*")):
        yield f"Proposal {name} is gone from {project.proposals}: predict again."


def _dump(journal: Path, out: Path) -> None:
    """Write every readable row of the journals as CSV; what cannot be read was told before."""
    text = StringIO()
    names = [field.name for field in fields(RowSummary)]
    writer = csv.DictWriter(text, names, quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    for row in summaries(journal, []):
        writer.writerow({name: _harmless(value) for name, value in row.as_dict().items()})
    write_atomically(out, text.getvalue().encode())


def _harmless(value: str | int) -> str | int:
    """Keep a spreadsheet from running a name as a formula; numbers stay as they are.

    >>> _harmless("=1+1"), _harmless("paint"), _harmless(-3)
    ("'=1+1", 'paint', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def _facts(corrections: Corrections, dump: Path | None) -> dict[str, Any]:
    overlay = corrections.overlay
    return {
        "journals": corrections.position,
        "strokes": sum(corrections.position.values()),
        "reviewed_voxels": overlay.reviewed,
        "vessel_voxels": overlay.vessel,
        "dump": str(dump) if dump else None,
    }
