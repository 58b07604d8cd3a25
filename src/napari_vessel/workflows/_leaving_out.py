"""Scores by leaving blocks out in turn, while too few are held out to judge by.

Learning as often as there are blocks would cost as much as many trainings. The short form: the
blocks are parted into a few folds, and for each a short training from the network in use, which
sees nothing of the fold, is scored on it. What three seconds teach is most of what a minute
does (docs/ladder.md), so it is known, for a bounded share of the time, whether what is learned
here holds elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import isfinite
from time import monotonic

import numpy as np
import torch
from torch import nn

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint
from napari_vessel.training import (
    BlockScore,
    ReviewedPrediction,
    mean_score,
    paired_differences,
)
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._lesson import Lesson

_LEAST_STEPS = 5  # of a fold: fewer teach nothing
_MOST_IN_PLANES = 4  # blocks of a fold that are predicted in all planes, too
_AS_GOOD = 0.01  # of Dice: a smaller fall is chance
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Dice on blocks that were left out in turn; ``falls`` where learning made it worse."""

    before: float
    after: float
    blocks: int
    falls: bool
    in_planes: tuple[ReviewedPrediction, ...] = ()  # of a part of each, to choose planes by


def leave_out(
    lesson: Lesson,
    checkpoint: Checkpoint,
    before: Sequence[BlockScore],
    *,
    seconds: float,
    device: torch.device,
) -> Generator[Progress, None, LeftOut | None]:
    """Train shortly without each fold of blocks, and score on it; None where there are too few.

    Parameters
    ----------
    lesson
        With ``leave_out_folds`` and ``leave_out_share``.
    checkpoint
        The network in use, which each short training starts from.
    before
        Its scores, on all these blocks at least.
    seconds
        That the training took; the share is of them.
    device
        To train on.
    """
    config = lesson.config
    folds = lesson.split.folds(config.leave_out_folds)
    known = {score.box: score for score in before}
    each = seconds * config.leave_out_share / max(len(folds), 1)
    after: list[BlockScore] = []
    seen: list[ReviewedPrediction] = []
    several = len(lesson.inference.planes) > 1 and not lesson.planes_are_chosen
    for number, boxes in enumerate(folds):

        def told(part: float, number: int = number) -> Progress:
            return Progress(number + part, len(folds), "folds", "Leaving blocks out in turn")

        short = lesson.without(boxes)
        network = checkpoint.load(device)
        yield told(0)
        try:
            yield from _learn(short, network, each, told)
        except NothingReviewedError:  # all else lies in the guard of this fold
            _log.info("Nothing is left to learn from without fold %d", number + 1)
            continue
        # Its own: that of the candidate was chosen by the labels of this fold, too, and is for
        # another training.
        threshold = short.learned_threshold(network)
        after += [score for score in short.judged(network, boxes, threshold) if score.box in known]
        if several:
            seen += short.in_planes(network, boxes[:_MOST_IN_PLANES])
    return replace(_compared(after, known, lesson), in_planes=tuple(seen)) if after else None


def _learn(
    lesson: Lesson, network: nn.Module, seconds: float, told: Callable[[float], Progress]
) -> Generator[Progress, None, None]:
    """Train for some seconds, without looking at any score."""
    task = lesson.task(network)
    started, steps = monotonic(), 0
    sampler = lesson.sampler()
    with closing(sampler):
        while steps < _LEAST_STEPS or monotonic() - started < seconds:
            if not isfinite(task.step(sampler.batch())):
                break
            steps += 1
            yield told(min((monotonic() - started) / seconds, 1.0) if seconds > 0 else 1.0)
    task.show()


def _compared(after: list[BlockScore], known: Mapping[Box, BlockScore], lesson: Lesson) -> LeftOut:
    before = [known[score.box] for score in after]
    drawn = paired_differences(after, before, lesson.config.seed)
    falls = float(np.mean(drawn.dice < -_AS_GOOD)) >= lesson.config.adoption_certainty
    return LeftOut(mean_score(before), mean_score(after), len(after), falls)
