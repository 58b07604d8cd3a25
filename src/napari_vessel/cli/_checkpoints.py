"""``checkpoints``: the networks that a project keeps."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from napari_vessel.cli._options import Json, ProjectPath
from napari_vessel.cli._output import explained, say
from napari_vessel.cli._values import report
from napari_vessel.errors import CallerError
from napari_vessel.project import (
    KeptCheckpoint,
    Project,
    delete_checkpoint,
    kept_checkpoints,
    prune_checkpoints,
    rejected_bytes,
    use_checkpoint,
)


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(checkpoints)


def checkpoints(
    project: ProjectPath,
    use: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Take this network into use; starter: the bundled one."),
    ] = None,
    delete: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Delete its weights; card and curve stay."),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Delete those not taken, but the best and the last few."),
    ] = False,
    json: Json = False,
) -> None:
    """List a project's networks, the newest first; ID may be the beginning of one.

    States: starter (comes with the program), adopted (was taken into use), rejected (was no
    better than the one in use), deleted (only card and curve are left), damaged.
    """
    with explained():
        opened = Project.open(project, to_change=bool(use or delete or prune))
        if use is not None:
            name = _named(opened, use)
            use_checkpoint(opened, name)
            say(f"{name} is in use.")
        if delete is not None:
            say(f"Deleted: {delete_checkpoint(opened, _named(opened, delete)).bytes} bytes free.")
        if prune:
            pruned = prune_checkpoints(opened)
            say(f"Deleted {len(pruned.ids)} that were not taken: {pruned.bytes} bytes free.")
        _list(opened, as_json=json)


def _list(project: Project, *, as_json: bool) -> None:
    kept = kept_checkpoints(project)
    listed = [_described(one) for one in kept]
    room, budget = rejected_bytes(kept), project.config.keeping.rejected_bytes
    if as_json:
        values = {"checkpoints": listed, "rejected_bytes": room, "rejected_budget_bytes": budget}
        report(values, as_json=True)
        return
    for one in listed:
        typer.echo(_line(one))
    typer.echo(f"Not taken: {room / 1e6:.1f} of at most {budget / 1e6:.0f} MB.")


def _named(project: Project, text: str) -> str:
    """Return the one network whose id begins so.

    Raises
    ------
    CallerError
        None does, or several do.
    """
    names = [one.id for one in kept_checkpoints(project)]
    if text in names:
        return text
    found = [name for name in names if name.startswith(text)]
    if len(found) != 1:
        what = "Several checkpoints begin" if found else "No checkpoint begins"
        raise CallerError(f"{what} with {text!r}: expected one of {', '.join(found or names)}.")
    return found[0]


def _described(kept: KeptCheckpoint) -> dict[str, Any]:
    verdict = kept.verdict
    return {
        "id": kept.id,
        "state": kept.state,
        "in_use": kept.in_use,
        "provisional": kept.provisional,
        "dice": kept.score,
        "dice_of_parent": verdict.score_of_parent if verdict else None,
        "cldice": verdict.cldice if verdict else None,
        "gain_interval": verdict.interval if verdict else None,
        "parent": kept.parent,
        "created": kept.created,
        "bytes": kept.bytes,
        "reason": verdict.reason if verdict else kept.problem,
    }


def _line(one: dict[str, Any]) -> str:
    score = "–" if one["dice"] is None else f"{one['dice']:.3f}"
    words = [
        "*" if one["in_use"] else " ",
        f"{one['id']:29}",
        f"{one['state']:8}",
        f"Dice {score:5}",
        f"{one['bytes'] / 1e6:6.1f} MB",
        one["created"][:16].replace("T", " "),
        f"from {one['parent']}" if one["parent"] else "",
        "provisional" if one["provisional"] else "",
    ]
    return "  ".join(word for word in words if word)
