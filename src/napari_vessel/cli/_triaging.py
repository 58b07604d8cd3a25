"""``triage``: where in a volume vessels may be, chunk by chunk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_vessel.cli._options import (
    AnyDevice,
    BoxText,
    Channel,
    Json,
    Level,
    Missing,
    Overwrite,
    Voxels,
    Whole,
    box_of,
    volume_options,
)
from napari_vessel.cli._output import PARTIAL, explained, run, say
from napari_vessel.cli._values import report
from napari_vessel.workflows import Triage


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(triage)


def triage(
    volume: Annotated[str, typer.Argument(metavar="VOLUME", help="What is looked through.")],
    classifier: Annotated[
        Path, typer.Argument(metavar="CLASSIFIER", help="Folder of a classifier of chunks.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for what is found.")],
    box: BoxText = None,
    batch: Annotated[int, typer.Option(min=1, help="Chunks at a time.")] = 64,
    device: AnyDevice = "auto",
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    whole: Whole = False,
    missing: Missing = "report",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Ask a chunk classifier for vessels in all of a volume, for predict --triage.

    A killed run into OUT goes on where it was.
    """
    with explained():
        options = volume_options(level, channel, voxel_size, missing=missing, whole=whole)
        request = Triage(
            volume=volume,
            out=out,
            checkpoint=str(classifier),
            options=options,
            box=box_of(box),
            batch=batch,
            device=device,
            overwrite=overwrite,
        )
        result = run("triage", request)
        values = {
            "out": result.out,
            "grid": list(result.grid),
            "chunks": result.chunks,
            "chunks_below_half": result.below_half,
            "chunks_outside_organ": result.outside,
            "chunks_unread": result.unread,
            "seconds": result.seconds,
        }
        report(values, as_json=json)
    if result.unread:
        say(f"{result.unread} chunks could not be read: they are predicted, whatever is skipped.")
        raise typer.Exit(PARTIAL)
