"""``measure``: lengths, radii and branches of the vessels, or their surface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_vessel.cli._options import (
    BoxText,
    Channel,
    Json,
    Level,
    Missing,
    Overwrite,
    Voxels,
    box_of,
    refuse_for_project,
    volume_options,
)
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import report
from napari_vessel.morphology import SMALLEST_UM3, MeasureConfig
from napari_vessel.workflows import Measure, is_project

_DEFAULT = MeasureConfig()


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(measure)


def measure(
    source: Annotated[
        str, typer.Argument(metavar="MASK_OR_PROJECT", help="A mask, or a project's folder.")
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to make; for csv, vesselvio a folder.")
    ],
    format: Annotated[  # noqa: A002  the option's name
        Literal["csv", "swc", "vesselvio", "amira", "stl", "ply"],
        typer.Option(
            "--format", help="A graph (csv, swc, vesselvio, amira) or surface (stl, ply)."
        ),
    ] = "csv",
    smallest: Annotated[
        float, typer.Option("--smallest", min=0, metavar="UM3", help="Leave out smaller pieces.")
    ] = SMALLEST_UM3,
    box: BoxText = None,
    prune: Annotated[
        float,
        typer.Option(
            min=0, help="Drop free ends that stand out by less than so many of their radii."
        ),
    ] = _DEFAULT.prune,
    cavities: Annotated[
        bool,
        typer.Option("--keep-cavities", help="Do not fill what vessel closes in before thinning."),
    ] = False,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="For a project or a probability.")
    ] = None,
    level: Level = 0,
    channel: Channel = None,
    voxel_size: Voxels = None,
    missing: Missing = "report",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Measure the vessels of a mask: length, radius, branches, density; or write their surface."""
    with explained():
        options = volume_options(level, channel, voxel_size, missing=missing)
        if is_project(source):
            refuse_for_project(options, source)
        config = MeasureConfig(smallest_um3=smallest, prune=prune, fill_cavities=not cavities)
        request = Measure(source, out, format, box_of(box), config, threshold, overwrite, options)
        result = run("measure", request)
        cleaned = {} if result.pieces is None else {"pieces_removed": result.removed}
        head = {"path": result.path, "format": result.format, "box": result.box}
        report(head | result.summary | cleaned | {"seconds": result.seconds}, as_json=json)
