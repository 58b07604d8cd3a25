"""Compare a prediction with the truth, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box
from napari_vessel.metrics import AreaUnderCurve, Scores, streamed_scores
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows._events import Evaluated, Progress
from napari_vessel.workflows._masks import Opened, nonzero, open_prediction, tell_unproposed
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Evaluate

_PIECE = (64, 512, 512)


def evaluate(request: Evaluate) -> Iterator[Progress | Evaluated]:
    """Score a mask, a probability (at a threshold) or a project against the truth.

    Raises
    ------
    LabelsError
        The two have different shapes.
    CallerError
        A threshold is given and the prediction is a mask.
    """
    started = monotonic()
    truth = open_volume(request.truth, request.options)
    prediction = open_prediction(request.prediction, request.options, request.threshold)
    if prediction.mask.shape != truth.shape:
        raise LabelsError(
            f"{request.prediction} has shape {prediction.mask.shape} and {request.truth} "
            f"{truth.shape}: they must be of one volume and level."
        )
    tell_unproposed(prediction.mask)
    for event in streamed_scores(
        prediction.mask.read,
        lambda box: nonzero(truth.read(box)),
        truth.shape,
        voxel_size=truth.voxel_size,
    ):
        if isinstance(event, Scores):
            scores = event.as_dict() | _auc(prediction, truth)
            yield Evaluated(scores, Box.of(truth.shape).size, monotonic() - started)
        else:
            yield Progress(event.done, event.total, "slices", "Comparing")
    for volume in filter(None, (prediction.volume, truth)):
        tell_missing(volume)


def _auc(prediction: Opened, truth: Volume) -> dict[str, float]:
    """Return ``{"auc": …}``, or nothing for a mask; streams piece by piece."""
    if prediction.probability is None:
        return {}
    area = AreaUnderCurve()
    for piece in Box.of(truth.shape).cells(_PIECE):
        area.add(prediction.probability(piece), nonzero(truth.read(piece)))
    return {"auc": area.value()}
