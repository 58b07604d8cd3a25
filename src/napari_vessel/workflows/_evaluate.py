"""Compare a prediction with the truth, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from napari_vessel.errors import LabelsError, UnsupportedVolumeError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.metrics import AreaUnderCurve, Scores, streamed_scores
from napari_vessel.project import Project
from napari_vessel.volumes import Store, mask_of, open_store, open_volume
from napari_vessel.workflows._events import Evaluated, Progress
from napari_vessel.workflows._masks import is_project, nonzero, project_mask
from napari_vessel.workflows._reading import Reader
from napari_vessel.workflows._requests import Evaluate

_DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class _Prediction:
    """What is judged: a mask, and the probability behind it where there is one."""

    shape: Zyx
    mask: Reader
    probability: Reader | None = None


def evaluate(request: Evaluate) -> Iterator[Progress | Evaluated]:
    """Score a mask, a probability (at a threshold) or a project against the truth.

    Raises
    ------
    LabelsError
        The two have different shapes.
    """
    started = monotonic()
    truth = open_volume(request.truth, request.options)
    prediction = _prediction(request)
    if prediction.shape != truth.shape:
        raise LabelsError(
            f"{request.prediction} has shape {prediction.shape} and {request.truth} "
            f"{truth.shape}: they must be of one volume and level."
        )
    judge = _Judge(prediction, lambda box: nonzero(truth.read(box)))
    for event in streamed_scores(
        prediction.mask, judge.truth, truth.shape, voxel_size=truth.voxel_size
    ):
        if isinstance(event, Scores):
            scores = event.as_dict() | judge.auc(truth.shape)
            yield Evaluated(scores, Box.of(truth.shape).size, monotonic() - started)
        else:
            yield Progress(event.done, event.total, "slices", "Comparing")


@dataclass(frozen=True)
class _Judge:
    """Adds the area under the curve where there is a probability."""

    prediction: _Prediction
    truth: Reader

    def auc(self, shape: Zyx) -> dict[str, float]:
        """Return ``{"auc": …}``, or nothing for a mask; streams slab by slab."""
        if self.prediction.probability is None:
            return {}
        area = AreaUnderCurve()
        for slab in Box.of(shape).cells((64, 512, 512)):
            area.add(self.prediction.probability(slab), self.truth(slab))
        return {"auc": area.value()}


def _prediction(request: Evaluate) -> _Prediction:
    if is_project(request.prediction):
        source = project_mask(Project.open(request.prediction))
        return _Prediction(source.shape, source.read)
    if (store := _store(request.prediction)) is not None:
        return _of_store(store, request.threshold)
    volume = open_volume(request.prediction, request.options)
    return _Prediction(volume.shape, lambda box: nonzero(volume.read(box)))


def _of_store(store: Store, wanted: float | None) -> _Prediction:
    threshold = float(str(store.attrs.get("threshold", _DEFAULT_THRESHOLD)))
    threshold = threshold if wanted is None else wanted

    def probability(box: Box) -> np.ndarray:
        return store.read("probability", box)

    return _Prediction(store.shape, lambda box: mask_of(probability(box), threshold), probability)


def _store(path: str) -> Store | None:
    """Open one of our probability stores; None for anything else."""
    if not Path(path).is_dir():
        return None
    try:
        store = open_store(Path(path))
    except UnsupportedVolumeError:
        return None
    return store if "probability" in store.spec.arrays else None
