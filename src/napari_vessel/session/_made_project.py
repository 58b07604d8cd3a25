"""The project of a volume, made when there is something to keep: by whichever dock comes first."""

from __future__ import annotations

from pathlib import Path

from napari_vessel.errors import OutputExistsError
from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.volumes import Volume

__all__ = ["made_project"]


def made_project(place: Path, volume: Volume, region: Box) -> Project:
    """Make the project of ``volume`` at ``place``, or open it where another dock just made it.

    Raises
    ------
    OutputExistsError
        Something else stands there.
    WriteError
        It cannot be made.
    """
    try:
        return Project.create(place, volume, region=region)
    except OutputExistsError:
        project = Project(place)
        if not project.toml.is_file():
            raise
        reference = project.config.volume
        if reference.fingerprint != volume.fingerprint:
            raise
        if project.config.region != region:  # as it is open here
            project.update(region=region)
        return project
