"""``journals``: whose strokes a project holds; take in a colleague's, give one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_vessel.annotation import (
    Overlap,
    find_overlaps,
    give_journals,
    journal_paths,
    list_journals,
    take_journal,
)
from napari_vessel.cli._options import Json, ProjectPath
from napari_vessel.cli._output import FAULT, explained, say
from napari_vessel.cli._values import report
from napari_vessel.project import Project


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(journals)


def journals(
    project: ProjectPath,
    take: Annotated[
        list[Path] | None,
        typer.Option("--take", metavar="FILE", help="Take in a colleague's journal; repeatable."),
    ] = None,
    give: Annotated[
        Path | None,
        typer.Option("--give", metavar="FOLDER", help="Copy the journals there, each as one file."),
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", help="With --give: only this person's journals.")
    ] = None,
    overlaps: Annotated[
        bool,
        typer.Option("--overlaps", help="List where two hands disagree unknowingly."),
    ] = False,
    json: Json = False,
) -> None:
    """List the journals of a project, each a person's own, and verify every row of them."""
    with explained():
        opened = Project.open(project, to_change=bool(take))
        folder, shape = opened.journal, opened.config.volume.shape
        taken = [place for file in take or [] if (place := take_journal(file, folder, shape))]
        given = give_journals(folder, give, person) if give else []
        listed = list_journals(folder)
        result: dict[str, Any] = {
            "journals": [entry.as_dict() for entry in listed],
            "taken": [path.name for path in taken],
            "given": [str(path) for path in given],
        }
        if overlaps:
            *_, last = find_overlaps(journal_paths(folder), shape)
            result["overlaps"] = [_described(overlap) for overlap in last.overlaps or ()]
        if json:
            report(result, as_json=True)
        else:
            _tell(result)
    if any(entry.problems for entry in listed):
        raise typer.Exit(FAULT)


def _described(overlap: Overlap) -> dict[str, Any]:
    return {
        "box": str(overlap.box),
        "voxels": overlap.voxels,
        "earlier": f"{overlap.earlier.session}:{overlap.earlier.sequence}",
        "later": f"{overlap.later.session}:{overlap.later.sequence}",
    }


def _tell(result: dict[str, Any]) -> None:
    for name in result["taken"]:
        say(f"Took in {name}.")
    for path in result["given"]:
        say(f"Wrote {path}.")
    for entry in result["journals"]:
        who = entry["person"] or "nobody named"
        held = "  being painted in" if entry["held"] else ""
        typer.echo(f"{entry['name']}  {who}  {entry['rows']} rows{held}")
        for problem in entry["problems"]:
            typer.echo(f"    {problem}")
    for overlap in result.get("overlaps", ()):
        typer.echo(f"overlap of {overlap['voxels']} voxels at {overlap['box']}")
