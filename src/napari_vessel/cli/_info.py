"""``info``: what a volume is, and what a prediction of it would take."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from napari_vessel.cli._options import (
    Channel,
    Json,
    Level,
    Missing,
    Polarity,
    Voxels,
    Whole,
    volume_options,
)
from napari_vessel.cli._output import explained
from napari_vessel.cli._values import report
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import starter
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows import forecast, scale_used


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(info)


def info(
    volume: Annotated[str, typer.Argument(metavar="VOLUME", help="Path or address.")],
    trial: Annotated[
        bool, typer.Option(help="Run the network for a second to forecast the time.")
    ] = True,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    polarity: Polarity = "auto",
    whole: Whole = False,
    missing: Missing = "report",
    json: Json = False,
) -> None:
    """Show levels, voxel size, type and size, and what a prediction would take."""
    with explained():
        options = volume_options(level, channel, voxel_size, polarity, missing, whole=whole)
        opened = open_volume(volume, options)
        costs = forecast(opened, InferenceConfig(), trial=trial)
        organ = opened.organ()
        values: dict[str, Any] = opened.describe() | _polarity(opened)
        values |= {
            "organ_percent": 100 * organ.share,
            "organ_reason": organ.reason,
            "prediction_scale": scale_used(InferenceConfig(), opened, starter().card).reason,
            "prediction_memory_gb": costs.memory_bytes / 1e9,
            "prediction_disk_gb": costs.disk_bytes / 1e9,
            "prediction_minutes": None if costs.seconds is None else costs.seconds / 60,
        }
        report(values, as_json=json)


def _polarity(volume: Volume) -> dict[str, Any]:
    """Tell what was chosen, else what is found and whether a prediction relies on it."""
    chosen = volume.options.polarity
    found = None if chosen != "auto" else volume.polarity()
    if found is None:
        reason = "Chosen by a person."
    elif found.confident:
        reason = found.reason
    else:
        reason = f"Not sure enough, so the network's own is used: {found.reason}"
    return {
        "polarity": found.polarity if found else chosen,
        "polarity_confidence": found.confidence if found else None,
        "polarity_reason": reason,
    }
