"""What a job was asked, as JSON and back; and what a project asks for its own volume."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from napari_vessel.errors import ProjectError, VolumeNotFoundError
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


def found_again(request: Predict, project: Path) -> Predict:
    """Return ``request`` with its volume and checkpoint where they lie now.

    A project that was moved, alone or with its volume, still knows its volume and holds its
    checkpoints. What lies where it was asked for stays as it was asked for.

    Parameters
    ----------
    project
        The folder of the project whose job it is.

    Raises
    ------
    CallerError
        They are gone, or the folder that the mask goes to is.
    """
    if not request.out.parent.is_dir():
        raise VolumeNotFoundError(
            f"The folder {request.out.parent}, where the mask and what is done of it lie, is gone: "
            "put it back, or connect its disk. To begin elsewhere, remove this job and start anew."
        )
    changes: dict[str, Any] = {}
    if not _stands(request.volume):
        changes["volume"] = Project.open(project).open_volume().uri  # says where it looked
    if request.checkpoint != "starter" and not _stands(request.checkpoint):
        own = project / "checkpoints" / Path(request.checkpoint).name
        if not own.is_dir():
            raise VolumeNotFoundError(
                f"The checkpoint {request.checkpoint} is gone, and {project} has none of its "
                "name: put it back, or remove this job and start anew with another."
            )
        changes["checkpoint"] = str(own)
    return replace(request, **changes)


def _stands(place: str) -> bool:
    return "://" in place or Path(place).expanduser().exists()
