"""``predict``: a mask of a volume or of a project's volume, or a project's own proposal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_vessel.cli._forewarning import forewarn
from napari_vessel.cli._jobs import ended, leave, run_job
from napari_vessel.cli._options import (
    BoxText,
    Channel,
    Device,
    Json,
    Level,
    Missing,
    Overwrite,
    Polarity,
    Precision,
    Tile,
    Voxels,
    Whole,
    ZoomText,
    box_of,
    planes_of,
    refuse_for_project,
    volume_options,
    zoom_of,
)
from napari_vessel.cli._output import explained, say
from napari_vessel.cli._proposing import project_of, propose_in
from napari_vessel.cli._values import report
from napari_vessel.errors import CallerError
from napari_vessel.inference import InferenceConfig, with_changes
from napari_vessel.morphology import SMALLEST_UM3
from napari_vessel.project import Project
from napari_vessel.runner import new_job
from napari_vessel.tiling import TileConfig
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import Predict, is_project, request_of_project


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(predict)


def predict(
    volume: Annotated[str, typer.Argument(metavar="VOLUME_OR_PROJECT", help="What to predict.")],
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUT.ome.zarr",
            help="Where the mask goes; without, a PROJECT gets a proposal of its own, as in the "
            "dock, and keeps --threshold and all other options given as its settings.",
        ),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="Checkpoint: starter, a project's, or a folder.")
    ] = None,
    box: BoxText = None,
    planes: Annotated[
        str | None,
        typer.Option(help="auto, or some of xy,xz,yz; default: the project's, else auto."),
    ] = None,
    views: Annotated[
        Literal["none", "flips", "dihedral"] | None,
        typer.Option(help="Test-time augmentation; default: the project's, else flips."),
    ] = None,
    fuse: Annotated[
        Literal["mean", "max", "vote"] | None,
        typer.Option(help="How planes become one; default: the project's, else mean."),
    ] = None,
    zoom: ZoomText = None,
    skip_empty: Annotated[
        bool | None,
        typer.Option(
            "--skip-empty/--no-skip-empty",
            help="Leave out where a quick look at some slices sees no vessel; default: the "
            "project's, else on.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Default: the project's, else the checkpoint's own."),
    ] = None,
    smallest_um3: Annotated[
        float | None,
        typer.Option(
            "--smallest-um3",
            min=0,
            help="Leave out pieces below this volume, in µm³ (voxels where their size is not "
            "known); default: the project's, else 0: none are left out.",
        ),
    ] = None,
    device: Device = None,
    precision: Precision = None,
    tile: Tile = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="local|ADDRESS",
            help="Spread the blocks over a dask cluster: local or local:N (N workers on this "
            "machine), or a scheduler's address, as tls://HOST:8786. Default: this process alone.",
        ),
    ] = None,
    triage: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="What triage made of this volume: blocks that likely hold vessels come first.",
        ),
    ] = None,
    skip_below: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            help="Leave out blocks in which --triage found no chunk of at least this probability; "
            "they are 0 in the mask, and counted. Default 0: none.",
        ),
    ] = None,
    probability: Annotated[
        bool, typer.Option("--probability", help="Keep the probability beside the mask.")
    ] = False,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    whole: Whole = False,
    missing: Missing = "report",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Predict a mask of a whole volume or box, or a project's proposal to correct.

    A killed run into OUT goes on where it was.
    """
    with explained():
        options = volume_options(level, channel, voxel_size, polarity, missing, whole=whole)
        chosen = {
            "planes": planes_of(planes) if planes is not None else None,
            "views": views,
            "fuse": fuse,
            "zoom": None if zoom is None else zoom_of(zoom),
            "device": device,
            "precision": precision,
            "tiles": None if tile is None else TileConfig.of(tile),
            "empty_below": None if skip_empty is None else "auto" if skip_empty else 0.0,
        }
        if is_project(volume):
            refuse_for_project(options, volume)
        if out is None:
            if scheduler is not None:
                raise CallerError("--scheduler goes with OUT: a proposal is made where you look.")
            if triage is not None or skip_below is not None:
                raise CallerError("--triage and --skip-below go with OUT: a job uses them.")
            project = project_of(volume, probability=probability, overwrite=overwrite)
            kept = {"checkpoint": checkpoint, "threshold": threshold, "smallest_um3": smallest_um3}
            result, made = propose_in(project, box_of(box), chosen | kept)
        else:
            request = Predict(
                volume=volume,
                out=out,
                options=options,
                checkpoint=checkpoint or "starter",
                box=box_of(box),
                inference=_with(InferenceConfig(), chosen),
                threshold=threshold,
                smallest_um3=SMALLEST_UM3 if smallest_um3 is None else smallest_um3,
                probability=probability,
                overwrite=overwrite,
                scheduler=scheduler,
                triage=None if triage is None else triage.absolute(),
                skip_below=skip_below or 0.0,
            )
            if is_project(volume):
                request = _of_project(request, chosen, checkpoint, smallest_um3)
            opened = open_volume(request.volume, request.options)
            forewarn(opened, request.inference, request.box)
            # A project lists its jobs: the dock shows this one, and can pause it.
            record = new_job(Project.open(volume).path, request) if is_project(volume) else None
            result = run_job(record, request)
            made = {"mask": result.name if result.state == "complete" else None}
        report(made | ended(result), as_json=json)
    leave(result)


def _of_project(
    request: Predict, chosen: dict[str, Any], checkpoint: str | None, smallest_um3: float | None
) -> Predict:
    """Take volume, checkpoint and settings from the project, but what was chosen."""
    project = Project.open(request.volume)
    return request_of_project(
        project,
        request.out,
        _with(project.config.inference, chosen),
        checkpoint=checkpoint,
        threshold=request.threshold,
        smallest_um3=smallest_um3,
        box=request.box,
        probability=request.probability,
        overwrite=request.overwrite,
        scheduler=request.scheduler,
        triage=request.triage,
        skip_below=request.skip_below,
    )


def _with(config: InferenceConfig, chosen: dict[str, Any]) -> InferenceConfig:
    given = {key: value for key, value in chosen.items() if value is not None}
    changed, left_out = with_changes(config, given)
    for sentence in left_out:
        say(f"Of the project's settings, this time: {sentence}")
    return changed
