"""Find the project of a volume that somebody opens."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path

from napari_vessel.project._place import default_project_path
from napari_vessel.project._project import Project
from napari_vessel.volumes import Volume


def find_project(volume: Volume) -> tuple[Path, Project | None]:
    """Return the default place of ``volume``'s project, and the project if it is there.

    A project of the same name on other contents, another level or another
    channel is passed by, and so is a folder that is no project: the place then
    has a number.

    Raises
    ------
    ProjectError
        A project stands there that is damaged or of a newer format. It is not
        passed by: its corrections would seem to be lost.
    """
    first = default_project_path(volume.uri, fingerprint=volume.fingerprint)
    places = chain([first], (first.with_stem(f"{first.stem}-{n}") for n in count(2)))
    return next(
        (path, project)
        for path in places
        if (project := _matching(path, volume)) or not path.exists()
    )


def _matching(path: Path, volume: Volume) -> Project | None:
    project = Project(path)
    if not project.toml.is_file():
        return None
    reference, options = project.config.volume, volume.options
    found = reference.fingerprint, reference.options.level, reference.options.channel
    same = found == (volume.fingerprint, options.level, options.channel)
    return project if same else None
