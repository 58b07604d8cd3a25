"""Make a project on a volume."""

from __future__ import annotations

from collections.abc import Iterator

from napari_vessel.project import Project, default_project_path
from napari_vessel.volumes import open_volume
from napari_vessel.workflows._events import Created
from napari_vessel.workflows._requests import NewProject


def new(request: NewProject) -> Iterator[Created]:
    """Open the volume, which reads no voxels, and make its project.

    Raises
    ------
    CallerError
        The volume cannot be opened, or the box lies outside of it.
    OutputExistsError
        The project's folder exists.
    """
    volume = open_volume(request.volume, request.options)
    path = request.path or default_project_path(volume.uri, fingerprint=volume.fingerprint)
    project = Project.create(path, volume, region=request.box)
    yield Created(project.path, project.config.region)
