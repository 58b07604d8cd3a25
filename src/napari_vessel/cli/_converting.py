"""``convert``, ``verify`` and ``cache``: volumes made fast, exports checked, what is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from napari_vessel.cli._options import (
    Channel,
    Json,
    Level,
    Missing,
    Overwrite,
    Voxels,
    volume_options,
)
from napari_vessel.cli._output import FAULT, explained, fail, run
from napari_vessel.cli._values import report
from napari_vessel.volumes import CacheConfig, the_cache
from napari_vessel.workflows import Convert, Verify


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command()(convert)
    app.command()(verify)
    app.command()(cache)


def convert(
    volume: Annotated[
        str, typer.Argument(metavar="IN", help="Slices, a stack, JPEG 2000, N5, …: any volume.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.ome.zarr", help="Where it goes.")],
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Threads; default: one per core, at most 8.")
    ] = None,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    missing: Missing = "report",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a volume as an OME-Zarr pyramid that reads as fast in every plane.

    Stop it when you like: asked again, it goes on where it broke off.
    """
    with explained():
        options = volume_options(level, channel, voxel_size, missing=missing)
        chosen = workers or min(8, os.cpu_count() or 2)
        result = run("convert", Convert(volume, out, options, chosen, overwrite))
        values = {
            "path": result.path,
            "shape": list(result.shape),
            "levels": result.levels,
            "read_gb": result.read_bytes / 1e9,
            "missing_chunks": result.missing_chunks,
            "resumed": result.resumed,
            "seconds": result.seconds,
        }
        report(values, as_json=json)


def verify(
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="What `export` wrote.")],
    against: Annotated[
        str | None,
        typer.Option(metavar="PROJECT_OR_MASK", help="Is it still the mask of this?"),
    ] = None,
    json: Json = False,
) -> None:
    """Check an export against its provenance, voxel by voxel; status 1 where it differs."""
    with explained():
        result = run("verify", Verify(export, against))
        recipe = result.document.get("recipe", {})
        values = {
            "path": result.path,
            "sound": result.sound,
            "problems": list(result.problems),
            "format": result.document.get("format"),
            "software": result.document.get("software"),
            "volume": recipe.get("volume") or recipe.get("mask"),
            "checkpoint_sha256": (recipe.get("proposal") or recipe).get("checkpoint_sha256"),
            "corrections": recipe.get("corrections"),
            "vessel_voxels": result.vessel_voxels,
            "seconds": result.seconds,
        }
        report(values, as_json=json)
        if not result.sound:
            fail(f"{export} is not what was exported: {result.problems[0]}")
            raise typer.Exit(FAULT)


def cache(
    limit: Annotated[
        float | None, typer.Option(min=0, max=10_000, metavar="GB", help="Keep at most this much.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Drop all that is kept.")] = False,
    json: Json = False,
) -> None:
    """Show, bound or clear the chunks of remote volumes that are kept on this computer."""
    with explained():
        kept = the_cache()
        if limit is not None:
            kept.configure(CacheConfig(limit_gb=limit))
        if clear:
            kept.clear()
        state = kept.state()
        values = {
            "folder": state.folder,
            "chunks": state.chunks,
            "kept_gb": state.nbytes / 1e9,
            "limit_gb": state.limit_bytes / 1e9,
        }
        report(values, as_json=json)
