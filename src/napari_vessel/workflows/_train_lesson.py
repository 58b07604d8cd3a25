"""What a training learns from and is judged by, of several labelled volumes."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from torch import nn

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard
from napari_vessel.training import (
    BlockScore,
    CachedRead,
    LabelledVolume,
    ReviewedPrediction,
    Split,
    in_thinnest_plane,
    mean_score,
    predict_reviewed,
    split_cells,
)
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._lesson import choose_threshold
from napari_vessel.workflows._reading import Reader, reader_for
from napari_vessel.workflows._settling import settled
from napari_vessel.workflows._train_config import TrainRun
from napari_vessel.workflows._train_open import Surveyed

_log = logging.getLogger(__name__)
_IMAGE_BYTES, _LABEL_BYTES = 2**30, 2**28  # kept of all volumes together
_JUDGED = 512  # blocks that the finished network is scored on
_AT_ONCE = 8  # of them, between two words of progress


@dataclass(frozen=True)
class Subject:
    """One volume as it is learned from or judged by."""

    surveyed: Surveyed
    labelled: LabelledVolume
    read: Reader
    split: Split
    inference: InferenceConfig  # scale and planes, settled: what is predicted so is trained so

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The planes that a prediction of it would be made in."""
        return self.inference.planes_for(self.labelled.shape)

    @property
    def name(self) -> str:
        """The volume's."""
        return self.surveyed.opened.name


@dataclass(frozen=True)
class TrainLesson:
    """All volumes together: scores are pooled over them."""

    config: TrainRun
    subjects: tuple[Subject, ...]
    threshold: float

    @property
    def held_out(self) -> bool:
        """Whether what is judged by is never learned from."""
        return all(subject.split.held_out for subject in self.subjects)

    def watched(self, network: nn.Module) -> float:
        """Score a network on some blocks: enough to compare epochs."""
        return mean_score([found.score(self.threshold) for found in self._watched(network)])

    def best_threshold(self, network: nn.Module) -> float:
        """Choose the threshold of the trained network."""
        found = self._watched(network)
        return choose_threshold(
            lambda at: mean_score([one.score(at) for one in found]), self.threshold
        )

    def score(self, network: nn.Module, threshold: float) -> Generator[Progress, None, float]:
        """Score the trained network on what is judged by, telling how far it is."""
        chosen = self._judged(_JUDGED)
        total = sum(len(boxes) for _, boxes in chosen)
        scores: list[BlockScore] = []
        for subject, boxes in chosen:
            for first in range(0, len(boxes), _AT_ONCE):
                yield Progress(len(scores), total, "blocks", f"Scoring on {subject.name}")
                part = boxes[first : first + _AT_ONCE]
                scores += [found.score(threshold) for found in _predicted(network, subject, part)]
        return mean_score(scores)

    def _watched(self, network: nn.Module) -> list[ReviewedPrediction]:
        chosen = self._judged(self.config.training.watched_blocks)
        return [found for sub, boxes in chosen for found in _predicted(network, sub, boxes)]

    def _judged(self, most: int) -> list[tuple[Subject, tuple[Box, ...]]]:
        """Return at most so many blocks to judge by, of all volumes alike."""
        judges = [subject for subject in self.subjects if subject.split.judged]
        each = max(most // max(len(judges), 1), 1)
        return [(subject, subject.split.watched(each)) for subject in judges]


def lesson_of(config: TrainRun, surveys: Sequence[Surveyed], card: CheckpointCard) -> TrainLesson:
    """Make the lesson of surveyed volumes for a network that ``card`` describes."""
    share = len(surveys)
    subjects = tuple(
        _subject(found, split, card, share)
        for found, split in zip(surveys, splits_of(config, surveys), strict=True)
    )
    return TrainLesson(config, subjects, card.threshold)


def splits_of(config: TrainRun, surveys: Sequence[Surveyed]) -> list[Split]:
    """Decide what is judged by: validation volumes, else blocks held out of every volume.

    Where too few blocks of all volumes together can be held out, all are judged by.
    """
    roles = [found.opened.entry.role for found in surveys]
    if "validation" in roles:
        pairs = zip(surveys, roles, strict=True)
        return [_whole(config, found, held=role == "validation") for found, role in pairs]
    splits = [split_cells(s.found.cells, s.found.vessel, config.training) for s in surveys]
    judges = sum(1 for split in splits for box in split.validation if box in split.vessel)
    if not any(split.vessel for split in splits):
        judges = sum(len(split.validation) for split in splits)
    enough = judges >= config.training.min_validation_blocks
    if not enough:
        _log.warning(
            "Only %d blocks can be held out to judge by, fewer than %d: the network is judged by "
            "what it learned from, too.",
            judges,
            config.training.min_validation_blocks,
        )
    # Each split counts alone; here all count together.
    return [replace(split, fewest=0 if enough else len(split.validation) + 1) for split in splits]


def _whole(config: TrainRun, found: Surveyed, *, held: bool) -> Split:
    cells = found.found.cells
    return Split(
        train=() if held else cells,
        validation=cells if held else (),
        block=config.training.validation_block,
        guard=config.training.guard,
        vessel=found.found.vessel,
        fewest=0,
    )


def _subject(found: Surveyed, split: Split, card: CheckpointCard, share: int) -> Subject:
    image, bounds = found.opened.image, Box.of(found.opened.image.shape)
    read = reader_for(image, card)
    vessel = found.labelled.vessel
    kept = CachedRead(
        lambda box: vessel(box).astype(np.float32), bounds, most=_LABEL_BYTES // share
    )
    return Subject(
        surveyed=found,
        labelled=replace(found.labelled, vessel=lambda box: kept(box) > 0),
        read=CachedRead(read, bounds, most=_IMAGE_BYTES // share),
        split=split,
        inference=settled(InferenceConfig(), image, card.model_copy(update={"weights": None})),
    )


def _predicted(
    network: nn.Module, subject: Subject, boxes: Sequence[Box]
) -> list[ReviewedPrediction]:
    """Predict what is reviewed of blocks, in one plane and view: that compares networks fairly."""
    how = partial(in_thinnest_plane, zoom=subject.inference.zoom_for())
    return predict_reviewed(network, subject.read, subject.labelled, boxes, how)
