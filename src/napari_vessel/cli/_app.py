"""The program ``napari-vessel``: its commands and its logging."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

import napari_vessel
from napari_vessel.cli import _demo, _predicting, _projects, _results

app = typer.Typer(
    name="napari-vessel",
    help="Propose, correct and learn vessel masks of HiP-CT volumes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (_demo, _predicting, _projects, _results):
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(napari_vessel.__version__)
        raise typer.Exit


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )


def main() -> None:
    """Run the command line."""
    app()
