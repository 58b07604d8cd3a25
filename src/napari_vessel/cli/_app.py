"""The program ``napari-vessel``: its commands and its logging."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import napari_vessel
from napari_vessel.cli import (
    _checkpoints,
    _classify,
    _converting,
    _demo,
    _explain,
    _info,
    _jobs,
    _journals,
    _learning,
    _measuring,
    _predicting,
    _projects,
    _results,
    _run,
    _training,
    _triaging,
    _tune,
)
from napari_vessel.cli._group import OneLineGroup
from napari_vessel.cli._logging import log_to_person
from napari_vessel.cli._output import StoppedEarly

app = typer.Typer(
    name="napari-vessel",
    help="Propose, correct and learn vessel masks of HiP-CT volumes.",
    cls=OneLineGroup,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (
    _demo,
    _info,
    _predicting,
    _jobs,
    _projects,
    _journals,
    _results,
    _measuring,
    _training,
    _learning,
    _classify,
    _triaging,
    _run,
    _tune,
    _explain,
    _checkpoints,
    _converting,
):
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(napari_vessel.__version__)
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    log_to_person(verbose=verbose)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line."""
    try:
        app()
    except StoppedEarly as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
