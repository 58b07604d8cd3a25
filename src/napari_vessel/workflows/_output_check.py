"""May a whole-volume prediction be written there? Asked before hours of work."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_vessel.errors import OutputExistsError
from napari_vessel.geometry import Box
from napari_vessel.morphology import least_voxels
from napari_vessel.volumes import EXPORTERS, MaskSource, Volume, open_store, open_volume
from napari_vessel.workflows._boxes import inside
from napari_vessel.workflows._job import Job
from napari_vessel.workflows._masks import places_of
from napari_vessel.workflows._requests import Predict
from napari_vessel.workflows._scheduler_check import refuse_scheduler
from napari_vessel.workflows._triage_use import refuse_triage


def target_of(request: Predict, volume: Volume) -> MaskSource:
    """Return the mask to be, as yet without voxels and recipe."""
    return MaskSource(
        shape=inside(request.box, volume.shape).shape,
        voxel_size=volume.voxel_size,
        read=_unread,
        name=request.out.name.split(".")[0],
        levels=len(volume.shapes),
        protected=places_of(volume),
    )


def _unread(box: Box) -> np.ndarray:
    raise NotImplementedError(f"{box} is not predicted yet")


def refuse_output(request: Predict, target: MaskSource, *, overwrite: bool) -> None:
    """Refuse now what could not be written after hours.

    Raises
    ------
    ExportError, OutputExistsError
        Something stands there, or a mask cannot be written there.
    """
    least_voxels(request.smallest_um3, target.voxel_size)  # refuses what is no volume
    EXPORTERS["ome-zarr"](target, request.out, overwrite=overwrite)
    kept = kept_probability(request.out)
    if request.probability and kept.exists():
        if not overwrite:
            raise OutputExistsError(f"{kept} already exists: use --overwrite to replace it.")
        open_store(kept)  # refuses to replace what is none of ours


def kept_probability(out: Path) -> Path:
    """Name the probability that is kept beside the mask."""
    name = out.name.removesuffix(".zarr").removesuffix(".ome")
    return out.with_name(f"{name}.probability.ome.zarr")


def check_output(request: Predict) -> None:
    """Refuse a job that could not begin, before there is a record of it.

    Raises
    ------
    CallerError
        Its volume cannot be opened, its mask not be written as asked, or its cluster is none
        that is safe.
    ProjectBusyError
        Another run predicts into the same output.
    """
    refuse_scheduler(request)
    volume = open_volume(request.volume, request.options)
    job = Job.of(request.out)
    overwrite = request.overwrite or job.published(request.out)
    refuse_output(request, target_of(request, volume), overwrite=overwrite)
    refuse_triage(request, volume)
    if job.path.exists():
        with job.held():
            pass
