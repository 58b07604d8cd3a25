"""Remove small pieces from what is proposed, or show them again; nothing is predicted again."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from napari_vessel.morphology import least_voxels
from napari_vessel.project import Project
from napari_vessel.workflows._cleaning import REMOVING, remove_small
from napari_vessel.workflows._events import Cleaned, Progress
from napari_vessel.workflows._requests import Clean


def clean(request: Clean) -> Iterator[Progress | Cleaned]:
    """Give the project another smallest piece, and the proposal in view without smaller ones.

    The project has the new setting once all is done: cancelled, it keeps the old one.
    Corrections are not touched, nor is the probability as predicted.

    Raises
    ------
    CallerError
        The setting is no volume.
    """
    started = monotonic()
    yield Progress(0, 1, "blocks", REMOVING)
    project = Project.open(request.project, to_change=True)
    least_voxels(request.smallest_um3, project.config.volume.voxel_size)  # refuses what is none
    yield from remove_small(project, request.smallest_um3)
    project.update(smallest_um3=request.smallest_um3)
    yield cleaned(project, started)


def cleaned(project: Project, started: float) -> Cleaned:
    """Tell what small pieces are removed of now."""
    config, proposal = project.config, project.open_proposal()
    off = config.least_voxels <= 1
    return Cleaned(
        smallest_um3=config.smallest_um3,
        least_voxels=config.least_voxels,
        proposal=proposal.id if proposal else None,
        everywhere=off or proposal is None or proposal.is_cleaned,
        seconds=monotonic() - started,
    )
