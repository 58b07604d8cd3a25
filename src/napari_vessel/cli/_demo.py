"""``demo``: the whole loop on a phantom, in a window or headless with a report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_vessel.cli._options import Json, Overwrite
from napari_vessel.cli._output import explained, say
from napari_vessel.cli._values import report
from napari_vessel.simulate import DemoConfig, Demonstrated, demo_volume, run_demo
from napari_vessel.workflows import Progress


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the results.")] = Path(
        "demo-out"
    ),
    gui: Annotated[
        bool | None, typer.Option("--gui/--no-gui", help="Default: a window where one can be.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Open the phantom in napari; without a display run the loop and write a report."""
    with explained():
        if gui or (gui is None and _has_display() and not json):
            _open_window(out, overwrite=overwrite)
            return
        for event in run_demo(DemoConfig(), out, overwrite=overwrite):
            if isinstance(event, Demonstrated):
                report(event.as_dict(), as_json=json)
            elif isinstance(event, Progress):
                say(event.what)


def _has_display() -> bool:
    """Tell whether a window can open here."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_window(out: Path, *, overwrite: bool) -> None:
    """Make the phantom and open napari on it, in a process of its own, predicting."""
    earlier = out / "phantom.ome.zarr"
    # What was painted in an earlier demo is a person's: it is opened again, not made anew.
    kept = earlier.exists() and not overwrite
    volume = earlier if kept else demo_volume(DemoConfig(), out, overwrite=overwrite)
    say(f"Opening napari on {volume}: a prediction runs at once. Close the window to end.")
    ended = subprocess.run(  # the layers above: the command line itself never imports napari
        [sys.executable, "-m", "napari_vessel.widgets", str(volume)], check=False
    )
    if ended.returncode:
        raise typer.Exit(ended.returncode)
