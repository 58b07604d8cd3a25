"""``evaluate`` and ``export``: how good a mask is, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from napari_vessel.cli._options import (
    Channel,
    Json,
    Level,
    Missing,
    Overwrite,
    Voxels,
    refuse_for_project,
    volume_options,
)
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import report
from napari_vessel.errors import CallerError
from napari_vessel.workflows import Evaluate, Evaluated, Export, is_project

_FORMATS = "ome-zarr, ome-zarr-0.4, tiff, tiff-stack, nifti, nrrd or rle."


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command()(evaluate)
    app.command()(export)


def evaluate(
    prediction: Annotated[
        str, typer.Argument(metavar="PREDICTION", help="A mask, a probability or a project.")
    ],
    truth: Annotated[str, typer.Argument(metavar="TRUTH", help="Labels; ≠ 0 is vessel.")],
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="For a probability; default 0.5.")
    ] = None,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    missing: Missing = "report",
    blocks: Annotated[
        Path | None,
        typer.Option("--blocks", metavar="CSV", help="Also write the scores of every block."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Compare with the truth: Dice, IoU, precision, recall, surface dice, clDice, Betti errors."""
    with explained():
        options = volume_options(level, channel, voxel_size, missing=missing)
        request = Evaluate(prediction, truth, threshold, options, blocks, overwrite)
        report(evaluated(run("evaluate", request)), as_json=json)


def evaluated(result: Evaluated) -> dict[str, Any]:
    """Describe how well a prediction agrees with the truth."""
    return result.scores | {"voxels": result.voxels, "seconds": result.seconds}


def export(
    source: Annotated[
        str, typer.Argument(metavar="PROJECT_OR_MASK", help="A project's folder, or a mask.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where it goes.")],
    format: Annotated[  # noqa: A002  the option's name
        str, typer.Option("--format", help=_FORMATS)
    ] = "ome-zarr",
    inside: Annotated[
        bool,
        typer.Option("--inside", help="OUT is the volume's own OME-Zarr: write labels into it."),
    ] = False,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    missing: Missing = "report",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write the mask of a project, or a mask file, in another format."""
    with explained():
        options = volume_options(level, channel, voxel_size, missing=missing)
        if is_project(source):
            refuse_for_project(options, source)
        form = _format(format, inside=inside)
        result = run("export", Export(source, out, form, overwrite, options))
        values = {
            "path": result.path,
            "format": result.format,
            "voxels": result.voxels,
            "vessel_voxels": result.vessel_voxels,
            "seconds": result.seconds,
        }
        report(values, as_json=json)


def _format(named: str, *, inside: bool) -> str:
    if inside and named != "ome-zarr":
        raise CallerError(f"--inside writes OME-Zarr labels: leave out --format {named}.")
    return "inside" if inside else named
