"""What a training learns from and is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from torch import nn

from napari_vessel.annotation import Overlay
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import Checkpoint
from napari_vessel.project import Project
from napari_vessel.training import (
    BlockScore,
    CachedRead,
    PatchSampler,
    ReviewedIndex,
    ReviewedPrediction,
    SegmentationTask,
    Split,
    TrainingConfig,
    in_thinnest_plane,
    mean_score,
    predict_reviewed,
    split_blocks,
)
from napari_vessel.volumes import Volume
from napari_vessel.workflows._fusion import Fusion, best_fusion, cores
from napari_vessel.workflows._reading import Reader, polarity_used, windowed_reader
from napari_vessel.workflows._settling import settled

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7)
_AS_GOOD = 0.01  # of Dice: less is chance


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

    def scores(self, network: nn.Module, threshold: float | None = None) -> list[BlockScore]:
        """Score ``network`` on all blocks that are judged by, by default at the one in use."""
        return self._scores(network, self.split.judged, threshold or self.threshold)

    def watched(self, network: nn.Module, threshold: float | None = None) -> float:
        """Score ``network`` on some of them: enough to compare epochs, or thresholds."""
        boxes = self.split.watched(self.config.watched_blocks)
        return mean_score(self._scores(network, boxes, threshold or self.threshold))

    def best_threshold(self, network: nn.Module) -> float:
        """Choose the threshold to score a trained network at; a person's own choice stays."""
        found = self._predictions(network, self.split.watched(self.config.watched_blocks))
        return self._choose(lambda at: mean_score([one.score(at) for one in found]))

    def best_fusion(self, network: nn.Module) -> Fusion:
        """Choose planes, weights and threshold of a trained network's proposals.

        Each plane is predicted once, on a part of the watched blocks. While too few of
        them are held out, planes and weights stay as geometry says: in the plane of the slices
        that it learned from, a network is right there.
        """
        parts = cores(self.overlay, self.split.watched(self.config.watched_blocks))
        inference = self.inference.model_copy(update={"views": "none"})
        found = predict_reviewed(network, self.read, self.overlay, parts, inference)
        fixed = self.planes_are_chosen or not self.split.held_out
        return best_fusion(found, inference, self._choose, fixed=fixed)

    def sampler(self) -> PatchSampler:
        """Return what draws patches to learn from.

        Raises
        ------
        NothingReviewedError
            There is nothing to learn from.
        """
        index = ReviewedIndex(self.overlay, self.split, self.config.seed)
        zoom = self.inference.zoom_for()
        return PatchSampler(index, self.overlay, self.read, self._config(), zoom=zoom)

    def task(self, network: nn.Module) -> SegmentationTask:
        """Return the training of ``network``."""
        return SegmentationTask(network, self.watched, self.config)

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

    def _predictions(self, network: nn.Module, boxes: tuple[Box, ...]) -> list[ReviewedPrediction]:
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
) -> Lesson:
    """Make the lesson that the corrections in ``overlay`` are; ``config`` none: the project's."""
    config = config or project.config.training
    read = windowed_reader(
        volume, volume.window(), checkpoint.card, polarity_used(volume, checkpoint.card)
    )
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
    )
