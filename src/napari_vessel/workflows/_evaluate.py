"""Compare a prediction with the truth, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import numpy as np

from napari_vessel.errors import CallerError, LabelsError
from napari_vessel.geometry import Box
from napari_vessel.metrics import Scores, streamed_scores
from napari_vessel.project import Project
from napari_vessel.volumes import Volume, mask_of, open_store, open_volume
from napari_vessel.workflows._events import Evaluated, Progress
from napari_vessel.workflows._masks import is_probability, is_project, nonzero, project_mask
from napari_vessel.workflows._reading import Reader
from napari_vessel.workflows._requests import Evaluate


def evaluate(request: Evaluate) -> Iterator[Progress | Evaluated]:
    """Score a mask, a probability (at a threshold) or a project against the truth.

    Raises
    ------
    LabelsError
        The two have different shapes.
    """
    started = monotonic()
    truth = open_volume(request.truth, request.options)
    read, shape = _prediction(request)
    if shape != truth.shape:
        raise LabelsError(
            f"{request.prediction} has shape {shape} and {request.truth} {truth.shape}: "
            "they must be of one volume and level."
        )
    for event in streamed_scores(
        read, lambda box: nonzero(truth.read(box)), shape, voxel_size=truth.voxel_size
    ):
        if isinstance(event, Scores):
            yield Evaluated(event.as_dict(), Box.of(shape).size, monotonic() - started)
        else:
            yield Progress(event.done, event.total, "slabs", "Comparing")
