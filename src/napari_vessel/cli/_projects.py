"""``new``, ``correct``, ``retrain`` and ``doctor``: the commands on a project."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_vessel.cli._continuous import Rounds, Trained
from napari_vessel.cli._options import (
    BoxText,
    Channel,
    Json,
    Level,
    Missing,
    Overwrite,
    Polarity,
    ProjectPath,
    Voxels,
    Whole,
    box_of,
    slices_of,
    volume_options,
)
from napari_vessel.cli._output import FAULT, explained, run
from napari_vessel.cli._values import report
from napari_vessel.errors import CallerError
from napari_vessel.project import Project
from napari_vessel.session import Continuous
from napari_vessel.training import ContinuousConfig, TrainingConfig
from napari_vessel.workflows import Correct, Examine, NewProject, Retrain


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    for command in (new, correct, retrain, doctor):
        app.command()(command)


def new(
    project: ProjectPath,
    volume: Annotated[str, typer.Option("--volume", help="Path or address of the volume.")],
    box: BoxText = None,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    whole: Whole = False,
    missing: Missing = "report",
    json: Json = False,
) -> None:
    """Make a project on a volume."""
    with explained():
        options = volume_options(level, channel, voxel_size, polarity, missing, whole=whole)
        created = run("new", NewProject(volume, project, options, box_of(box)))
        report({"project": created.path, "region": created.region}, as_json=json)


def correct(
    project: ProjectPath,
    labels: Annotated[str, typer.Option("--labels", help="Labels of the same shape; ≠ 0: vessel.")],
    slices: Annotated[
        list[str] | None,
        typer.Option("--slices", metavar="PLANE:I,J", help="Only these slices, as xy:10,20."),
    ] = None,
    box: BoxText = None,
    json: Json = False,
) -> None:
    """Take corrections from a labels file; every voxel taken counts as reviewed."""
    with explained():
        request = Correct(project, labels, slices_of(slices or []), box_of(box))
        taken = run("correct", request)
        values = {"reviewed": taken.voxels, "vessel": taken.vessel, "boxes": taken.boxes}
        report(values, as_json=json)


def retrain(
    project: ProjectPath,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Time limit; default: the project's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; default: the project's.")] = None,
    keep_encoder: Annotated[
        bool, typer.Option("--keep-encoder", help="Train the decoder only.")
    ] = False,
    train_last: Annotated[
        int | None,
        typer.Option(min=0, help="Train so many last stages of the decoder, and the head, alone."),
    ] = None,
    continuous: Annotated[
        bool,
        typer.Option(
            "--continuous",
            help="Train in rounds whenever something new is corrected, until Ctrl-C; --minutes is "
            "the longest round.",
        ),
    ] = False,
    until_idle: Annotated[
        bool,
        typer.Option("--until-idle", help="With --continuous: end when there is no more to learn."),
    ] = False,
    json: Json = False,
) -> None:
    """Learn from the reviewed voxels; the network is taken only if it is better.

    A training that was interrupted is gone on with.
    """
    with explained():
        if until_idle and not continuous:
            raise CallerError("--until-idle means nothing without --continuous.")
        changes: dict[str, Any] = {"minutes": minutes, "seed": seed, "train_last": train_last}
        if keep_encoder:
            changes["keep_encoder"] = True
        given = {key: value for key, value in changes.items() if value is not None}
        defaults = Project.open(project).config.training
        config = type(defaults).model_validate(defaults.model_dump() | given)
        if continuous:
            trained = _continuously(project, config, minutes, until_idle=until_idle)
            report({f.name: getattr(trained, f.name) for f in fields(trained)}, as_json=json)
            return
        result = run("retrain", Retrain(project, config))
        report({f.name: getattr(result, f.name) for f in fields(result)}, as_json=json)


def _continuously(
    project: Path, config: TrainingConfig, minutes: float | None, *, until_idle: bool
) -> Trained:
    rule = ContinuousConfig()
    if minutes is not None:
        first = min(rule.first_minutes, minutes)
        rule = rule.model_copy(update={"first_minutes": first, "most_minutes": minutes})
    rounds = Rounds(Project.open(project), config, until_idle, Continuous(rule))
    return rounds.run()


def doctor(
    project: ProjectPath,
    dump: Annotated[
        Path | None, typer.Option("--dump", metavar="FILE.csv", help="Write all strokes here.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Verify journals, proposal and checkpoint; list what is wrong, change nothing."""
    with explained():
        found = run("doctor", Examine(project, dump, overwrite))
        report({"sound": found.sound, "problems": found.problems, **found.facts}, as_json=json)
    if not found.sound:
        raise typer.Exit(FAULT)
