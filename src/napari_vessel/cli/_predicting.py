"""``info`` and ``predict``: what a volume is, and a mask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_vessel.cli._options import (
    BoxText,
    Channel,
    Device,
    Json,
    Level,
    Missing,
    Overwrite,
    Polarity,
    Voxels,
    box_of,
    planes_of,
    volume_options,
)
from napari_vessel.cli._output import PARTIAL, explained, report, run, say
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import Project
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import Predict, Proposed, forecast, is_project

_DEFAULTS = InferenceConfig()


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command()(info)
    app.command()(predict)


def info(
    volume: Annotated[str, typer.Argument(metavar="VOLUME", help="Path or address.")],
    trial: Annotated[
        bool, typer.Option(help="Run the network for a second to forecast the time.")
    ] = True,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    missing: Missing = "report",
    json: Json = False,
) -> None:
    """Show levels, voxel size, type and size, and what a prediction would take."""
    with explained():
        options = volume_options(level, channel, voxel_size, polarity, missing)
        opened = open_volume(volume, options)
        costs = forecast(opened, _DEFAULTS, trial=trial)
        values: dict[str, Any] = opened.describe() | {
            "prediction_memory_gb": costs.memory_bytes / 1e9,
            "prediction_disk_gb": costs.disk_bytes / 1e9,
            "prediction_minutes": None if costs.seconds is None else costs.seconds / 60,
        }
        report(values, as_json=json)


def predict(
    volume: Annotated[str, typer.Argument(metavar="VOLUME_OR_PROJECT", help="What to predict.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.ome.zarr", help="Where the mask goes.")],
    checkpoint: Annotated[
        str | None, typer.Option(help="Checkpoint: starter, a project's, or a folder.")
    ] = None,
    box: BoxText = None,
    planes: Annotated[str, typer.Option(help="auto, or some of xy,xz,yz.")] = "auto",
    views: Annotated[
        Literal["none", "flips", "dihedral"], typer.Option(help="Test-time augmentation.")
    ] = _DEFAULTS.views,
    fuse: Annotated[
        Literal["mean", "max", "vote"], typer.Option(help="How planes become one.")
    ] = _DEFAULTS.fuse,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Default: the checkpoint's own.")
    ] = None,
    device: Device = "auto",
    probability: Annotated[
        bool, typer.Option("--probability", help="Keep the probability beside the mask.")
    ] = False,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    missing: Missing = "report",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Predict a mask of a whole volume or box; a killed run goes on where it was."""
    with explained():
        changes = {"planes": planes_of(planes), "views": views, "fuse": fuse, "device": device}
        config = InferenceConfig.model_validate(_DEFAULTS.model_dump() | changes)
        options = volume_options(level, channel, voxel_size, polarity, missing)
        volume, options, checkpoint = _of_project(volume, options, checkpoint)
        request = Predict(
            volume=volume,
            out=out,
            options=options,
            checkpoint=checkpoint,
            box=box_of(box),
            inference=config,
            threshold=threshold,
            probability=probability,
            overwrite=overwrite,
        )
        result: Proposed = run("predict", request)
        report(_summary(result), as_json=json)
    if result.state == "partial":
        say(f"Partial: {len(result.failed)} of {result.blocks} blocks failed; run again to retry.")
        raise typer.Exit(PARTIAL)


def _of_project(
    volume: str, options: VolumeOptions, checkpoint: str | None
) -> tuple[str, VolumeOptions, str]:
    """Take volume, options and checkpoint from a project where one is given."""
    if not is_project(volume):
        return volume, options, checkpoint or "starter"
    project = Project.open(volume)
    opened = project.open_volume()
    name = checkpoint or project.config.checkpoint
    own = project.checkpoints / name
    return opened.uri, opened.options, str(own) if own.exists() else name


def _summary(result: Proposed) -> dict[str, Any]:
    return {
        "mask": result.name,
        "state": result.state,
        "blocks": result.blocks,
        "failed": [{"box": failed.box, "reason": failed.reason} for failed in result.failed],
        "seconds": result.seconds,
    }
