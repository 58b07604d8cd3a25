"""``predict PROJECT``: a project's own proposal, as the dock's button makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_vessel.cli._forewarning import forewarn
from napari_vessel.cli._output import run, say
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig, with_changes
from napari_vessel.morphology import least_voxels
from napari_vessel.networks import check_fits
from napari_vessel.project import Project
from napari_vessel.workflows import Propose, Proposed, is_project


def project_of(volume: str, *, probability: bool, overwrite: bool) -> Project:
    """Open the project that is to propose where no OUT is given.

    Raises
    ------
    CallerError
        It is a volume, which keeps no proposal; or an option was given that goes with OUT.
    """
    if not is_project(volume):
        raise CallerError(
            f"OUT is missing: {volume} is no project, so say where its mask goes, as mask.ome.zarr."
        )
    for given, name in ((probability, "--probability"), (overwrite, "--overwrite")):
        if given:
            raise CallerError(
                f"{name} goes with OUT: a project's proposal always keeps its probability, "
                "and corrections are never overwritten."
            )
    return Project.open(volume, to_change=True)


def propose_in(
    project: Project, box: Box | None, chosen: Mapping[str, Any]
) -> tuple[Proposed, dict[str, Any]]:
    """Make the project's proposal; return how it ended, and what names it.

    What was ``chosen`` becomes the project's own settings; what is None stays as it is, but for
    what that leaves without meaning, which is told.

    Raises
    ------
    CallerError
        The box does not lie in the volume, a value is not allowed, or the project has no
        such checkpoint; nothing is changed.
    """
    whole = Box.of(project.config.volume.shape)
    if box is not None and not whole.contains(box):
        raise CallerError(f"Box {box} does not lie in the volume, which is {whole}.")
    _keep_settings(project, chosen)
    config = project.config
    forewarn(project.open_volume(), config.inference, box or config.region, proposal=True)
    result: Proposed = run("propose", Propose(project.path, box=box))
    return result, {
        "project": project.path,
        "proposal": result.name,
        "threshold": project.threshold,
        "smallest_um3": config.smallest_um3,
    }


def _keep_settings(project: Project, chosen: Mapping[str, Any]) -> None:
    given = {key: value for key, value in chosen.items() if value is not None}
    if (name := given.get("checkpoint")) is not None:
        _require_own(project, name)
    if (smallest := given.get("smallest_um3")) is not None:
        least_voxels(smallest, project.config.volume.voxel_size)  # refuses what is no volume
    of_inference = {key: given.pop(key) for key in [*given] if key in InferenceConfig.model_fields}
    left_out: tuple[str, ...] = ()
    if of_inference:
        given["inference"], left_out = with_changes(project.config.inference, of_inference)
    if given:
        project.update(**given)
    for sentence in left_out:
        say(f"Of the project's settings: {sentence}")


def _require_own(project: Project, name: str) -> None:
    names = ["starter"]
    if project.checkpoints.is_dir():
        names += sorted(folder.name for folder in project.checkpoints.iterdir())
    if name not in names:
        raise CallerError(
            f"{project.path} has no checkpoint {name}, but {', '.join(names)}: "
            "to predict with another one, give OUT."
        )
    check_fits(project.open_checkpoint(name).card, channels=1)  # refused before it is in use
