"""What a classifier learns from and is judged by, opened and split."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets import PARTS, SampleSet, Split, open_data, split_samples
from napari_vessel.errors import CallerError, SamplesError
from napari_vessel.networks import ClassifierCheckpoint, ClassifierConfig
from napari_vessel.training import ClassBatches, LoadImages
from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._train_config import Start

__all__ = ["Lesson", "batches_of", "digest_of", "lesson_of", "loaded"]

Indices = NDArray[np.int64]
Images = NDArray[np.float32]
_IN_MEMORY = 2**30  # bytes of images
_AT_ONCE = 64  # images between two words of progress
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lesson:
    """Samples with a class, in three parts, and the network that they are for."""

    config: ClassifyRun
    network: ClassifierConfig
    data: SampleSet
    known: Indices  # of samples that have a class
    split: Split
    parent: ClassifierCheckpoint | None

    @property
    def held_out(self) -> bool:
        """Whether the epoch is chosen by samples that are never learned from."""
        return bool(len(self.part("validation")))

    @property
    def judges(self) -> Indices:
        """The samples that epochs are compared by."""
        return self.part("validation") if self.held_out else self.part("train")

    def part(self, name: str) -> Indices:
        """Return the indices in ``data`` of a part."""
        among = [self.data.samples[index] for index in self.known]
        return self.known[self.split.indices(name, among)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the samples of each class in each part."""
        labels = self.data.labels()
        names = self.network.classes
        return {
            part: dict(
                zip(
                    names,
                    np.bincount(labels[self.part(part)], minlength=len(names)).tolist(),
                    strict=True,
                )
            )
            for part in PARTS
        }

    def groups(self) -> dict[str, int]:
        """Count the groups in each part."""
        samples = self.data.samples
        return {part: len({samples[i].group for i in self.part(part)}) for part in PARTS}


def lesson_of(config: ClassifyRun, kept: Path | None = None) -> Lesson:
    """Open the data of ``config`` and split it; no image is read yet.

    Parameters
    ----------
    kept
        The split.csv of a run that is gone on with.

    Raises
    ------
    SamplesError
        There is nothing to learn from, or to tell apart.
    CheckpointError
        The classifier to start from is none, or of other classes.
    """
    parent = _parent(config)
    wanted = parent.card.network if parent else config.network
    if isinstance(wanted, Start):
        raise CallerError("A classifier to start from is named twice.")
    data = open_data(config.data, wanted.size, wanted.classes or None)
    known = np.flatnonzero(data.labels() >= 0).astype(np.int64)
    _refuse_too_few(data, known)
    network = _settled(wanted, data, told=parent is not None)
    samples = [data.samples[index] for index in known]
    earlier = kept or (Path(config.split) if config.split else None)
    before = Split.read(earlier) if earlier else None
    split = split_samples(samples, config.fractions, config.split_seed, before)
    lesson = Lesson(config, network, data, known, split, parent)
    if not len(lesson.part("train")):
        raise SamplesError(f"{earlier} leaves no sample with a class to learn from.")
    for note in split.notes:
        _log.warning("%s", note)
    if not lesson.held_out:
        _log.warning(
            "No sample can be held out to choose the best epoch by: it is chosen by what is "
            "learned from, and its scores say little."
        )
    return lesson


def _parent(config: ClassifyRun) -> ClassifierCheckpoint | None:
    if isinstance(config.network, Start):
        return ClassifierCheckpoint.open(config.network.start)
    return None


def _settled(wanted: ClassifierConfig, data: SampleSet, *, told: bool) -> ClassifierConfig:
    """Take classes and channels from the data, where they are not named; 1 names none."""
    named = told or wanted.in_channels > 1
    if named and wanted.in_channels != data.channels:
        raise CallerError(
            f"network.in_channels: found {wanted.in_channels}, but the data's images have "
            f"{data.channels} channels: leave it out, or choose other channels of the data."
        )
    update = {"classes": tuple(data.classes), "in_channels": data.channels}
    return ClassifierConfig.model_validate(wanted.model_dump() | update)


def _refuse_too_few(data: SampleSet, known: Indices) -> None:
    found = {data.samples[index].label for index in known}
    if len(found) < 2:
        told = ", ".join(sorted(map(str, found))) or "none"
        raise SamplesError(
            f"The samples are of {len(found)} classes ({told}): at least two are needed to learn "
            "to tell them apart."
        )


def digest_of(lesson: Lesson) -> str:
    """Identify the samples and their classes and parts, whatever their order."""
    of = lesson.split.part
    samples = (lesson.data.samples[index] for index in lesson.known)
    rows = sorted(f"{s.name}\t{s.label}\t{s.group}\t{of[s.name]}" for s in samples)
    return sha256("\n".join(rows).encode()).hexdigest()


def loaded(
    data: SampleSet, indices: Indices, what: str = "Reading the images"
) -> Generator[Progress, None, LoadImages]:
    """Return what gives images by their indices in ``data``: from memory, where they fit there.

    Raises
    ------
    ReadError
        An image is damaged.
    """
    if len(indices) * data.channels * data.size**2 * 4 > _IN_MEMORY:
        return data.images
    kept = np.empty((len(indices), data.channels, data.size, data.size), np.float32)
    for first in range(0, len(indices), _AT_ONCE):
        yield Progress(first, len(indices), "samples", what)
        some = indices[first : first + _AT_ONCE]
        kept[first : first + len(some)] = data.images(some)
    place = np.full(len(data.samples), -1, np.int64)
    place[indices] = np.arange(len(indices))
    return lambda wanted: kept[place[wanted]]


def batches_of(lesson: Lesson, load: LoadImages) -> tuple[ClassBatches, ClassBatches]:
    """Return the batches to learn from, and those that epochs are compared by, in order."""
    training, labels = lesson.config.training, lesson.data.labels()
    learned = ClassBatches(
        load,
        labels,
        lesson.part("train"),
        batch=training.batch,
        draw="oversampled" if training.balance == "oversample" else "shuffled",
        seed=training.seed,
    )
    judged = ClassBatches(load, labels, lesson.judges, batch=training.batch, draw="in_order")
    return learned, judged
