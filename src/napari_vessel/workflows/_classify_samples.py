"""Ask a classifier what samples are, and score what it says."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets import Sample, SampleSet, Split, open_data
from napari_vessel.errors import CallerError, SamplesError
from napari_vessel.networks import ClassifierCheckpoint, choose_device
from napari_vessel.training import predict_classes
from napari_vessel.workflows._classify_events import Classified
from napari_vessel.workflows._classify_requests import ClassifySamples
from napari_vessel.workflows._classify_tables import refuse_tables, scores_of, write_tables
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._run_write import write_run

__all__ = ["classify_samples"]

Indices = NDArray[np.int64]


def classify_samples(request: ClassifySamples) -> Iterator[Progress | Classified]:
    """Say of each sample which class it is; score that where ``scored`` asks for it.

    Memory is bounded by a batch. Nothing is written before all samples are classified.

    Raises
    ------
    SamplesError
        There is no sample, or none has a class where it is to be scored.
    CallerError
        The images do not fit the classifier.
    CheckpointError
        The checkpoint is none of a classifier.
    OutputExistsError
        An earlier evaluation is there.
    """
    started = monotonic()
    if request.out is not None:
        refuse_tables(request.out, overwrite=request.overwrite)
    checkpoint = ClassifierCheckpoint.open(request.checkpoint)
    classes = checkpoint.card.network.classes
    yield Progress(0, 1, "samples", "Opening the data set")
    data = open_data(request.data, checkpoint.card.network.size, classes)
    _refuse_misfit(checkpoint, data)
    chosen = _chosen(request, data)
    samples = [data.samples[index] for index in chosen]
    _refuse_unknown(request, samples)
    found = yield from _asked(request, checkpoint, data, chosen)
    scores = scores_of(samples, found, classes, request.draws) if request.scored else None
    if request.out is not None:
        write_tables(request.out, samples, found, classes, scores)
        write_run(request.out / "config.json", request)
    yield Classified(
        out=request.out,
        names=tuple(sample.name for sample in samples),
        classes=classes,
        probabilities=found,
        truth=tuple(sample.label for sample in samples),
        scores=scores.as_dict() if scores else {},
        seconds=monotonic() - started,
    )


def _asked(
    request: ClassifySamples, checkpoint: ClassifierCheckpoint, data: SampleSet, chosen: Indices
) -> Generator[Progress, None, NDArray[np.float32]]:
    """Ask the network, batch by batch."""
    network = checkpoint.load(choose_device(request.device))
    found, started = [], monotonic()
    for first in range(0, len(chosen), request.batch):
        took = monotonic() - started
        left = took * (len(chosen) - first) / first if first else None
        yield Progress(first, len(chosen), "samples", "Classifying", left)
        images = data.images(chosen[first : first + request.batch])
        found.append(predict_classes(network, [images]))
    return np.concatenate(found)


def _refuse_misfit(checkpoint: ClassifierCheckpoint, data: SampleSet) -> None:
    expected = checkpoint.card.network.in_channels
    if data.channels != expected:
        raise CallerError(
            f"{checkpoint.path} takes images of {expected} channels, these have {data.channels}: "
            "describe the data as it was for training (channels, colour, slices or chunk)."
        )


def _chosen(request: ClassifySamples, data: SampleSet) -> Indices:
    """Return the samples that are asked for."""
    if request.part == "all":
        chosen = np.arange(len(data.samples))
    elif request.split is None:
        raise CallerError(f"part {request.part}: name the split.csv that says what is in it.")
    else:
        chosen = Split.read(request.split).indices(request.part, data.samples)
    if not len(chosen):
        raise SamplesError(f"No sample is in part {request.part}.")
    return chosen.astype(np.int64)


def _refuse_unknown(request: ClassifySamples, samples: list[Sample]) -> None:
    if request.scored and all(sample.label is None for sample in samples):
        raise SamplesError(
            f"None of the {len(samples)} samples has a class, so nothing can be scored: name their "
            "classes (a folder for each, or a column), or ask for a prediction alone."
        )
