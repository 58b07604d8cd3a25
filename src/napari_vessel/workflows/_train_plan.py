"""What a training is going to do, and the recipe that it goes on with."""

from __future__ import annotations

from typing import Any

from torch import nn

import napari_vessel
from napari_vessel.networks import NetworkConfig
from napari_vessel.training import SegmentationTask
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._events import Planned, PlannedVolume
from napari_vessel.workflows._train_config import Start, TrainRun
from napari_vessel.workflows._train_lesson import Subject, TrainLesson
from napari_vessel.workflows._train_open import Opened
from napari_vessel.workflows._train_pseudo import unlabelled


def recipe_of_run(config: TrainRun, opened: list[Opened]) -> dict[str, Any]:
    """Describe what a state belongs to; time limit and device can change on the way."""
    recipe = config.model_dump(mode="json", exclude={"training": {"minutes"}})
    for entry, volume in zip(recipe["volume"], opened, strict=True):
        entry |= {"image": volume.image.fingerprint, "labels": volume.labels.fingerprint}
    if isinstance(config.network, Start):
        recipe["network"] = {"start": checkpoint_of(config.network.start).card.sha256}
    if config.pseudo:
        recipe["pseudo"] |= {"checkpoint": checkpoint_of(config.pseudo.checkpoint).card.sha256}
    return recipe | {"code": napari_vessel.__version__}


def plan_of(
    lesson: TrainLesson,
    network: nn.Module,
    task: SegmentationTask,
    state: dict[str, Any] | None,
) -> Planned:
    config = lesson.config
    made = config.network
    text = f"from {made.start}" if isinstance(made, Start) else _network_text(made)
    return Planned(
        volumes=tuple(_planned(subject, lesson) for subject in lesson.subjects),
        network=text,
        parameters=sum(weight.numel() for weight in network.parameters()),
        steps=config.training.epochs * config.training.steps_per_epoch,
        device=f"{next(network.parameters()).device} ({task.precision})",
        minutes=config.training.minutes,
        held_out=lesson.held_out,
        resumed=state is not None,
    )


def _planned(subject: Subject, lesson: TrainLesson) -> PlannedVolume:
    opened, found = subject.surveyed.opened, subject.surveyed.found
    return PlannedVolume(
        name=opened.name,
        role=opened.entry.role,
        shape=opened.image.shape,
        voxel_size=opened.image.voxel_size,
        reviewed_voxels=found.reviewed_voxels,
        vessel_voxels=found.vessel_voxels,
        looked_at=found.share,
        blocks_learned=len(subject.split.train),
        blocks_held_out=len(subject.split.validation),
        pseudo=subject in unlabelled(lesson),
    )


def _network_text(network: NetworkConfig) -> str:
    return f"{network.architecture} on {network.encoder}"
