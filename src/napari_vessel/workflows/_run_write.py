"""Write the file that runs the same again. Imports no torch."""

from __future__ import annotations

import json
from pathlib import Path

import napari_vessel
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._run_file import RunFile
from napari_vessel.workflows._run_kinds import file_of

__all__ = ["config_beside", "run_text", "write_run"]


def run_text(request: object | RunFile) -> str:
    """Return JSON that ``napari-vessel run`` takes to do the same again, defaults included.

    Parameters
    ----------
    request
        What a workflow was asked, or a file that asks it.

    Raises
    ------
    CallerError
        No kind of run makes such a request.
    """
    file = request if isinstance(request, RunFile) else file_of(request)
    noted = file.model_copy(update={"code": napari_vessel.__version__})
    values = noted.model_dump(mode="json")
    first = {name: values.pop(name) for name in ("run", "out", "code")}  # for whoever reads it
    return json.dumps(first | values, indent=2) + "\n"


def write_run(path: Path, request: object) -> None:
    """Write the file that asks for what ``request`` does: what was clicked, to be run again.

    Raises
    ------
    CallerError
        No kind of run makes such a request.
    WriteError
        The disk refuses; what stood there stays.
    """
    write_atomically(path, run_text(request).encode())


def config_beside(out: Path) -> Path:
    """Name the configuration that is kept beside a result.

    >>> config_beside(Path("mask.ome.zarr")).name
    'mask.ome.zarr.config.json'
    """
    return out.with_name(f"{out.name}.config.json")
