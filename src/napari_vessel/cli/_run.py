"""``run``: any training, prediction or evaluation, as one file says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_vessel.cli import _classify, _explain, _jobs, _results, _training, _tune
from napari_vessel.cli._options import (
    ConfigPath,
    Json,
    Overwrite,
    Resume,
    RunDevice,
)
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import jsonable
from napari_vessel.errors import CallerError, OutputExistsError
from napari_vessel.project import Project
from napari_vessel.runner import new_job
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows import (
    RUN_KINDS,
    Classified,
    ClassifyTrained,
    Evaluated,
    Explained,
    Predict,
    Proposed,
    RunFile,
    RunOptions,
    config_beside,
    is_project,
    load_run,
    request_of_project,
    write_run,
)

_TOLD: tuple[Callable[[object], str | None], ...] = (_training.told, _classify.told, _tune.told)
"""What makes lines of a workflow's events; a kind adds its own."""

_DESCRIBED: dict[type, Callable[[Any], dict[str, Any]]] = {
    ClassifyTrained: _classify.trained,
    Classified: _classify.classified,
    Explained: _explain.described,
    Evaluated: _results.evaluated,
    Proposed: _jobs.ended,
}
"""What describes a workflow's last event, where its fields do not."""


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command("run", help=_help())(run_file)


def run_file(
    config: ConfigPath,
    out: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Where the result goes; default: CONFIG's.")
    ] = None,
    device: RunDevice = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Run what CONFIG says."""
    with explained():
        file = load_run(config, out=out)
        file = file if device is None else file.on(device)
        _refuse(file, RunOptions(overwrite=overwrite, resume=resume))
        result = _run(file, RunOptions(overwrite=overwrite, resume=resume))
        values = _described(file, result)
        if not (isinstance(result, Proposed) and result.state == "partial"):
            _keep(file, values)
        _classify.tell(values, as_json=json)
    if isinstance(result, Proposed):
        _jobs.leave(result)


def _help() -> str:
    return (
        "Run what CONFIG says: its key run is one of "
        f"{', '.join(RUN_KINDS)}. Paths in it are relative to its folder. The configuration used "
        "is kept beside the result, as OUT.config.json: running that again repeats the run."
    )


def _refuse(file: RunFile, options: RunOptions) -> None:
    """Refuse what would be ignored, and what would be overwritten."""
    if options.resume and not file.goes_on:
        raise CallerError(f"run {file.run} has nothing to go on with: leave out --resume.")
    if options.overwrite and not file.replaces:
        raise CallerError(f"run {file.run} replaces nothing: leave out --overwrite.")
    if file.writes_result and file.destination().exists() and not options.overwrite:
        raise OutputExistsError(
            f"{file.destination()} exists already: choose another out, or use --overwrite."
        )


def _run(file: RunFile, options: RunOptions) -> Any:  # noqa: ANN401  each has its own result
    request = file.request(options)
    if not isinstance(request, Predict):
        return run(file.workflow, request, _told)
    if not is_project(request.volume):
        return _jobs.run_job(None, request)
    project = Project.open(request.volume)
    given = file.model_fields_set - {"run", "out", "code", "volume", "options", "inference"}
    chosen = {name: getattr(request, name) for name in given}
    inference = request.inference if "inference" in file.model_fields_set else None
    chosen |= {"overwrite": options.overwrite}
    asked = request_of_project(project, request.out, inference, **chosen)
    return _jobs.run_job(new_job(project.path, asked), asked)


def _told(event: object) -> str | None:
    return next((line for tell in _TOLD if (line := tell(event))), None)


def _described(file: RunFile, result: Any) -> dict[str, Any]:  # noqa: ANN401  any last event
    describe = _DESCRIBED.get(type(result))
    if describe:
        values = describe(result)
    else:
        values = {f.name: getattr(result, f.name) for f in fields(result)}
    return {"run": file.run, "out": file.destination()} | values


def _keep(file: RunFile, values: dict[str, Any]) -> None:
    """Write the configuration beside the result, and the result where it is numbers alone."""
    if file.writes_result:
        text = dumps(jsonable(values), indent=2, allow_nan=False)
        write_atomically(file.destination(), text.encode())
    if not file.keeps_config:
        write_run(config_beside(file.destination()), file)
