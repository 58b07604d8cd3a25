"""What a training learns from and is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from napari_vessel.annotation import Overlay
from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint
from napari_vessel.project import Project
from napari_vessel.training import (
    BlockScore,
    CachedRead,
    PatchSampler,
    ReviewedIndex,
    SegmentationTask,
    Split,
    TrainingConfig,
    mean_score,
    score_blocks,
    split_blocks,
)
from napari_vessel.volumes import Volume
from napari_vessel.workflows._reading import Reader, inverted, windowed_reader


@dataclass(frozen=True)
class Lesson:
    """Everything that training and judging share."""

    config: TrainingConfig
    overlay: Overlay
    read: Reader
    split: Split
    threshold: float

    def scores(self, network: nn.Module) -> list[BlockScore]:
        """Score ``network`` on all blocks that are judged by."""
        return self._scores(network, self.split.judged)

    def watched(self, network: nn.Module) -> float:
        """Score ``network`` on some of them: enough to compare epochs."""
        return mean_score(self._scores(network, self.split.watched(self.config.watched_blocks)))

    def sampler(self) -> PatchSampler:
        """Return what draws patches to learn from.

        Raises
        ------
        NothingReviewedError
            There is nothing to learn from.
        """
        index = ReviewedIndex(self.overlay, self.split, self.config.seed)
        return PatchSampler(index, self.overlay, self.read, self.config)

    def task(self, network: nn.Module) -> SegmentationTask:
        """Return the training of ``network``."""
        return SegmentationTask(network, self.watched, self.config)

    def _scores(self, network: nn.Module, boxes: tuple[Box, ...]) -> list[BlockScore]:
        # Each block in the one plane that cuts what was reviewed into the fewest slices, in one
        # view: that compares two networks as fairly as all planes and views, and a slice that a
        # person corrected takes one forward pass, not one for each of its rows and columns.
        return score_blocks(network, self.read, self.overlay, boxes, threshold=self.threshold)


def lesson_of(
    project: Project,
    volume: Volume,
    overlay: Overlay,
    checkpoint: Checkpoint,
    config: TrainingConfig | None,
) -> Lesson:
    """Make the lesson that the corrections in ``overlay`` are; ``config`` none: the project's."""
    config = config or project.config.training
    read = windowed_reader(volume, volume.window(), invert=inverted(volume, checkpoint.card))
    return Lesson(
        config=config,
        overlay=overlay,
        read=CachedRead(read, Box.of(volume.shape)),
        split=split_blocks(overlay, config),
        threshold=project.threshold,
    )
