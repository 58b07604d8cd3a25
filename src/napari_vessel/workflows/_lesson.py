"""What a training learns from and is judged by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_vessel.annotation import Overlay
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, breathe
from napari_vessel.networks import Checkpoint
from napari_vessel.phantoms import PhantomShelf
from napari_vessel.project import Project
from napari_vessel.training import (
    BlockScore,
    CachedRead,
    Emphasis,
    PatchSampler,
    PhantomPatches,
    RehearsingSampler,
    ReviewedIndex,
    ReviewedPrediction,
    SegmentationTask,
    ShowPhantom,
    Split,
    TrainingConfig,
    hard_places,
    in_boxes,
    in_thinnest_plane,
    mean_score,
    predict_reviewed,
    split_blocks,
)
from napari_vessel.volumes import Volume
from napari_vessel.workflows._fusion import Fusion, best_fusion, cores
from napari_vessel.workflows._reading import (
    Reader,
    phantom_shower,
    reader_for,
)
from napari_vessel.workflows._settling import settled

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7)
_AS_GOOD = 0.01  # of Dice: less is chance
_EVEN = Emphasis()
_NOWHERE = Box((0, 0, 0), (0, 0, 0))


@dataclass(frozen=True)
class Lesson:
    """Everything that training and judging share."""

    config: TrainingConfig
    overlay: Overlay
    read: Reader
    split: Split
    threshold: float
    threshold_is_chosen: bool
    planes_are_chosen: bool
    inference: InferenceConfig  # scale and planes by geometry; its zoom is trained at, too
    emphasis: Emphasis = _EVEN
    show: ShowPhantom | None = None  # none: no replay

    def scores(self, network: nn.Module, threshold: float | None = None) -> list[BlockScore]:
        """Score ``network`` on all blocks that are judged by, by default at the one in use.

        With centrelines and background, as adoption asks for.
        """
        return self.judged(network, self.split.judged, threshold or self.threshold)

    def judged(
        self, network: nn.Module, boxes: Sequence[Box], threshold: float
    ) -> list[BlockScore]:
        """Score ``network`` on some blocks as :meth:`scores` does."""
        scores = []
        for found in self._predictions(network, boxes):
            breathe()  # the centrelines of a block may take as long as its prediction
            scores.append(found.judged(threshold))
        return scores

    def watched(self, network: nn.Module, threshold: float | None = None) -> float:
        """Score ``network`` on some of them: enough to compare epochs, or thresholds."""
        boxes = self.split.watched(self.config.watched_blocks)
        return mean_score(self._scores(network, boxes, threshold or self.threshold))

    def best_threshold(self, network: nn.Module) -> float:
        """Choose the threshold to score a trained network at; a person's own choice stays."""
        found = self._predictions(network, self.split.watched(self.config.watched_blocks))
        return self._choose(lambda at: mean_score([one.score(at) for one in found]))

    def learned_threshold(self, network: nn.Module) -> float:
        """Choose it as :meth:`best_threshold` does, by what this lesson learns from alone."""
        learned = replace(self, split=replace(self.split, validation=()))
        return learned.best_threshold(network)

    def best_fusion(
        self, network: nn.Module, left_out: Sequence[ReviewedPrediction] = ()
    ) -> Fusion:
        """Choose planes, weights and threshold of a trained network's proposals.

        Each plane is predicted once, on a part of the watched blocks. While too few of
        them are held out, planes are chosen by what was ``left_out`` in turn (see
        :meth:`in_planes`), if anything was.
        """
        found = self.in_planes(network, self.split.watched(self.config.watched_blocks))
        judges = None if self.split.held_out else left_out
        inference, fixed = self._plain(), self.planes_are_chosen
        return best_fusion(found, inference, self._choose, fixed=fixed, judges=judges)

    def in_planes(self, network: nn.Module, boxes: Sequence[Box]) -> list[ReviewedPrediction]:
        """Predict a part of some blocks in all planes that a proposal would be made in."""
        parts = cores(self.overlay, boxes)
        return predict_reviewed(network, self.read, self.overlay, parts, self._plain())

    def _plain(self) -> InferenceConfig:
        """Return how it is predicted, without views."""
        return self.inference.model_copy(update={"views": "none"})

    def sampler(self) -> PatchSampler | RehearsingSampler:
        """Return what draws patches to learn from, with phantoms beside; close it at the end.

        Raises
        ------
        NothingReviewedError
            There is nothing to learn from.
        """
        config = self._config()
        index = ReviewedIndex(self.overlay, self.split, config.seed, self.emphasis)
        zoom = self.inference.zoom_for()
        sampler = PatchSampler(index, self.overlay, self.read, config, zoom=zoom)
        if self.show is None or not config.replay_share:
            return sampler
        phantoms = PhantomPatches(PhantomShelf(), self.show, config.patch, config.seed)
        return RehearsingSampler(sampler, phantoms, config)

    def without(self, boxes: Collection[Box]) -> Lesson:
        """Return the lesson that learns nothing from some blocks."""
        return replace(self, split=self.split.without(boxes))

    def task(self, network: nn.Module) -> SegmentationTask:
        """Return the training of ``network``, as it is now: it is to hold on to what it knows."""
        replays = self.show is not None and self.config.replay_share > 0
        holds_on = replays or self.config.start_share > 0
        before = deepcopy(network).eval() if holds_on else None
        return SegmentationTask(network, self.watched, self.config, before)

    def _config(self) -> TrainingConfig:
        """Return the config for drawing: of planes that are predicted in, where auto."""
        planes = self.inference.planes
        if self.config.planes != "auto" or planes == "auto" or len(planes) == len(Plane):
            return self.config
        return self.config.model_copy(update={"planes": planes})

    def _choose(self, score: Callable[[float], float]) -> float:
        return (
            self.threshold if self.threshold_is_chosen else choose_threshold(score, self.threshold)
        )

    def _scores(
        self, network: nn.Module, boxes: tuple[Box, ...], threshold: float
    ) -> list[BlockScore]:
        return [found.score(threshold) for found in self._predictions(network, boxes)]

    def _predictions(self, network: nn.Module, boxes: Sequence[Box]) -> list[ReviewedPrediction]:
        # Each block in the one plane that cuts what was reviewed into the fewest slices, in one
        # view: that compares two networks as fairly as all planes and views, and a slice that a
        # person corrected takes one forward pass, not one for each of its rows and columns.
        how = partial(in_thinnest_plane, zoom=self.inference.zoom_for())
        return predict_reviewed(network, self.read, self.overlay, boxes, how)


def choose_threshold(score: Callable[[float], float], before: float) -> float:
    """Choose the threshold that ``score`` is best at; ``before`` where none is any good.

    Training moves a network's probabilities, and three planes that agree only
    in part have a mean below each: thresholds well below 0.5 won the field's competition
    (DOMAIN.md). Where many are as good, the middle of them.
    """
    scores = {threshold: score(threshold) for threshold in THRESHOLDS}
    best = max(scores.values())
    good = [threshold for threshold, found in scores.items() if found >= best - _AS_GOOD]
    return round(fmean(good), 2) if best > 0 else before


def lesson_of(
    project: Project,
    volume: Volume,
    overlay: Overlay,
    checkpoint: Checkpoint,
    config: TrainingConfig | None,
    newest: Sequence[Box] | None = None,
) -> Lesson:
    """Make the lesson that the corrections in ``overlay`` are; ``config`` none: the project's.

    ``newest`` are boxes corrected since the checkpoint learned; none: nobody knows.
    """
    config = config or project.config.training
    read = reader_for(volume, checkpoint.card)
    return Lesson(
        config=config,
        overlay=overlay,
        read=CachedRead(read, Box.of(volume.shape)),
        split=split_blocks(overlay, config),
        threshold=project.threshold,
        threshold_is_chosen=project.config.threshold is not None,
        planes_are_chosen=project.config.inference.planes != "auto",
        inference=settled(
            project.config.inference, volume, checkpoint.card.model_copy(update={"weights": None})
        ),
        emphasis=_emphasis(project, newest),
        show=phantom_shower(checkpoint.card),
    )


def _emphasis(project: Project, newest: Sequence[Box] | None) -> Emphasis:
    """Say what is new since the network in use learned, and where its proposal was wrong."""
    proposal = project.open_proposal()
    if proposal is None:
        hard = hard_places(_nothing, _nothing, _NOWHERE, 0.5)
    else:
        probability, disagreement = proposal.probability, proposal.disagreement
        hard = hard_places(probability, disagreement, proposal.region, project.threshold)
    return Emphasis(in_boxes(newest) if newest is not None else None, hard)


def _nothing(box: Box) -> NDArray[np.uint8]:
    return np.zeros(box.shape, np.uint8)
