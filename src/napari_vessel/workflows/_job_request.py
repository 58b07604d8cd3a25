"""What a job was asked, as JSON and back; and what a project asks for its own volume."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from napari_vessel.errors import ProjectError
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import Project
from napari_vessel.workflows._requests import Predict

_AS_JSON = TypeAdapter(Predict)


def request_as_json(request: Predict) -> dict[str, Any]:
    """Write a request as values that JSON knows."""
    values: dict[str, Any] = _AS_JSON.dump_python(request, mode="json")
    return values


def request_of_json(values: dict[str, Any]) -> Predict:
    """Read a request that :func:`request_as_json` wrote.

    Raises
    ------
    ProjectError
        It is damaged, or of a newer version.
    """
    known = {field.name for field in fields(Predict)}
    if strange := values.keys() - known:
        raise ProjectError(
            f"The job asks for {', '.join(sorted(strange))}, which this version does not know: "
            "update napari-vessel, or start the job anew."
        )
    try:
        return _AS_JSON.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ProjectError(f"The job's request is damaged: {place}: {first['msg']}.") from error


def request_of_project(
    project: Project,
    out: Path,
    inference: InferenceConfig | None = None,
    **chosen: Any,  # noqa: ANN401
) -> Predict:
    """Ask for the whole volume of ``project``, as the project is set, but for what is ``chosen``.

    Parameters
    ----------
    inference
        Instead of the project's settings.
    chosen
        Fields of :class:`Predict`; those that are None are the project's.
    """
    config, volume = project.config, project.open_volume()
    given = {name: value for name, value in chosen.items() if value is not None}
    name = given.pop("checkpoint", config.checkpoint)
    own = project.checkpoints / name
    settings = {"threshold": config.threshold, "smallest_um3": config.smallest_um3}
    return Predict(
        volume=volume.uri,
        out=out,
        options=volume.options,
        checkpoint=str(own) if own.exists() else name,
        inference=inference or config.inference,
        **(settings | given),
    )
