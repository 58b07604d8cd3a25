"""Learn from what a person reviewed, and take the new network only if it is better."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from torch import nn

from napari_vessel.annotation import Corrections, Overlay
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import (
    Checkpoint,
    CheckpointCard,
    choose_device,
    library_versions,
    save_checkpoint,
)
from napari_vessel.project import Project
from napari_vessel.training import (
    BlockScore,
    CachedRead,
    Decision,
    EpochEnd,
    FitEnd,
    PatchSampler,
    ReviewedIndex,
    SegmentationTask,
    Split,
    TrainingConfig,
    decide,
    fit,
    mean_score,
    score_blocks,
    split_blocks,
)
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._events import Progress, Retrained
from napari_vessel.workflows._history import History
from napari_vessel.workflows._planes import resolved
from napari_vessel.workflows._reading import Reader, inverted, windowed_reader
from napari_vessel.workflows._requests import Retrain

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Lesson:
    """Everything that training and judging share."""

    config: TrainingConfig
    inference: InferenceConfig
    overlay: Overlay
    read: Reader
    split: Split
    threshold: float

    def scores(self, network: nn.Module) -> list[BlockScore]:
        """Score ``network`` on all blocks that are judged by, in all planes."""
        return self._scores(network, self.split.judged, self.inference)

    def watched(self, network: nn.Module) -> float:
        """Score ``network`` on some of them, in the quickest plane: enough to compare epochs."""
        boxes = self.split.watched(self.config.watched_blocks)
        return mean_score(self._scores(network, boxes, None))

    def _scores(
        self, network: nn.Module, boxes: tuple[Box, ...], inference: InferenceConfig | None
    ) -> list[BlockScore]:
        return score_blocks(
            network, self.read, self.overlay, boxes, inference, threshold=self.threshold
        )


def retrain(request: Retrain) -> Iterator[Any]:
    """Train from the checkpoint in use on the reviewed voxels.

    Whoever stops asking cancels it; then nothing is adopted.

    Yields
    ------
    Progress, StepEnd, EpochEnd, Retrained

    Raises
    ------
    NothingReviewedError
        There is nothing to learn from.
    """
    started = monotonic()
    project = Project.open(request.project)
    yield Progress(0, 1, "steps", "Reading the corrections")
    corrections = project.open_corrections(read_only=True)
    checkpoint = project.open_checkpoint()
    lesson = _lesson(project, corrections, checkpoint, request.config)
    index = ReviewedIndex(lesson.overlay, lesson.split, lesson.config.seed)
    yield Progress(0, 1, "steps", "Scoring the network in use")
    device = choose_device(project.config.inference.device)
    before = lesson.scores(checkpoint.load(device))
    network, history = checkpoint.load(device), History()
    task = SegmentationTask(network, lesson.watched, lesson.config)
    sampler = PatchSampler(index, lesson.overlay, lesson.read, lesson.config)
    for event in fit(task, sampler, lesson.config):
        history.add(event)
        if isinstance(event, FitEnd):
            break
        yield event
        yield _progress(lesson.config, event, monotonic() - started)
    yield Progress(1, 1, "steps", "Comparing with the network in use")
    decision = decide(lesson.scores(network), before, lesson.config, held_out=lesson.split.held_out)
    name = None
    if decision.adopt:
        card = _card(checkpoint, corrections, decision)
        name = _adopt(project, network, card, history)
    _log.info("Retrained: %s", decision.reason)
    yield Retrained(
        adopted=decision.adopt,
        provisional=decision.provisional,
        checkpoint=name,
        reason=decision.reason,
        score_before=decision.incumbent,
        score_after=decision.candidate,
        seconds=monotonic() - started,
    )


def _lesson(
    project: Project,
    corrections: Corrections,
    checkpoint: Checkpoint,
    config: TrainingConfig | None,
) -> _Lesson:
    volume = project.open_volume()
    config = config or project.config.training
    inference = resolved(project.config.inference, volume, checkpoint.card)
    read = windowed_reader(volume, volume.window(), invert=inverted(volume, checkpoint.card))
    return _Lesson(
        config=config,
        # One view judges two networks as fairly as eight, at an eighth of the time.
        inference=inference.model_copy(update={"views": "none"}),
        overlay=corrections.overlay,
        read=CachedRead(read, Box.of(volume.shape)),
        split=split_blocks(corrections.overlay, config),
        threshold=project.threshold,
    )


def _progress(config: TrainingConfig, event: Any, seconds: float) -> Progress:  # noqa: ANN401
    """Tell how far training is, by epochs or by time, whichever ends it first."""
    epochs = (event.epoch - (0 if isinstance(event, EpochEnd) else 1)) / config.epochs
    share = max(epochs, seconds / (60 * config.minutes) if config.minutes else 0.0)
    left = seconds * (1 - share) / share if 0 < share < 1 else None
    return Progress(min(share, 1.0), 1, "epochs", f"Training, epoch {event.epoch}", left)


def _card(checkpoint: Checkpoint, corrections: Corrections, decision: Decision) -> CheckpointCard:
    parent = checkpoint.card
    return parent.model_copy(
        update={
            "parent": checkpoint.id,
            "corrections": dict(corrections.position),
            "metrics": {"dice": decision.candidate, "dice_of_parent": decision.incumbent},
            "provisional": decision.provisional,
            "provenance": f"Trained on corrections, from {checkpoint.id}. {parent.provenance}",
            "versions": library_versions(),
            "created": CheckpointCard(voxel_size_um=parent.voxel_size_um).created,
            "sha256": "",
            "card_sha256": "",
        }
    )


def _adopt(project: Project, network: nn.Module, card: CheckpointCard, history: History) -> str:
    """Save the candidate, whole, and use it from now on."""
    name = project.new_id()
    folder: Path = project.checkpoints / name
    save_checkpoint(folder, network, card)
    write_atomically(folder / "history.jsonl", history.lines())
    project.update(checkpoint=name)
    return name
