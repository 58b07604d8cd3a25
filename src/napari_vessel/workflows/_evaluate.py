"""Compare a prediction with the truth, streaming."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from os.path import lexists
from time import monotonic

from napari_vessel.errors import LabelsError, OutputExistsError
from napari_vessel.geometry import Box
from napari_vessel.metrics import (
    AreaUnderCurve,
    BlockScores,
    ScoreProgress,
    Scores,
    streamed_scores,
)
from napari_vessel.volumes import Volume, open_volume, write_atomically
from napari_vessel.workflows._events import Evaluated, Progress
from napari_vessel.workflows._masks import Opened, nonzero, open_prediction, tell_unproposed
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Evaluate

_PIECE = (64, 512, 512)
_COLUMNS = "z0,y0,x0,z1,y1,x1,dice,surface_dice,cldice,false_positive,false_negative,vessel"


def evaluate(request: Evaluate) -> Iterator[Progress | Evaluated]:
    """Score a mask, a probability (at a threshold) or a project against the truth.

    Memory is bounded by a block, whatever the size; with ``blocks`` some numbers for each.

    Raises
    ------
    LabelsError
        The two have different shapes.
    CallerError
        A threshold is given and the prediction is a mask.
    OutputExistsError
        Something stands where the blocks' scores are to go.
    """
    started = monotonic()
    if request.blocks is not None and lexists(request.blocks) and not request.overwrite:
        message = f"{request.blocks} exists already: choose another name, or overwrite it."
        raise OutputExistsError(message)
    truth = open_volume(request.truth, request.options)
    prediction = open_prediction(request.prediction, request.options, request.threshold)
    if prediction.mask.shape != truth.shape:
        raise LabelsError(
            f"{request.prediction} has shape {prediction.mask.shape} and {request.truth} "
            f"{truth.shape}: they must be of one volume and level."
        )
    tell_unproposed(prediction.mask)
    blocks: list[BlockScores] = []
    for event in streamed_scores(
        prediction.mask.read,
        lambda box: nonzero(truth.read(box)),
        truth.shape,
        voxel_size=truth.voxel_size,
    ):
        if isinstance(event, Scores):
            scores = event.as_dict() | _auc(prediction, truth)
        elif not isinstance(event, BlockScores):
            yield Progress(event.done, event.total, "blocks", "Comparing", _left(started, event))
        elif request.blocks is not None or request.keep_blocks:
            blocks.append(event)
    if request.blocks is not None:
        write_atomically(request.blocks, _table(blocks).encode())
    for volume in filter(None, (prediction.volume, truth)):
        tell_missing(volume)
    kept = tuple(blocks) if request.keep_blocks else ()
    yield Evaluated(scores, Box.of(truth.shape).size, monotonic() - started, kept)


def _left(started: float, event: ScoreProgress) -> float:
    return (monotonic() - started) * (event.total - event.done) / event.done


def _table(blocks: Sequence[BlockScores]) -> str:
    rows = (
        ",".join(map(str, (*block.box.start, *block.box.stop, *astuple(block)[1:])))
        for block in blocks
    )
    return "\n".join([_COLUMNS, *rows]) + "\n"


def _auc(prediction: Opened, truth: Volume) -> dict[str, float]:
    """Return ``{"auc": …}``, or nothing for a mask; streams piece by piece."""
    if prediction.probability is None:
        return {}
    area = AreaUnderCurve()
    for piece in Box.of(truth.shape).cells(_PIECE):
        area.add(prediction.probability(piece), nonzero(truth.read(piece)))
    return {"auc": area.value()}
