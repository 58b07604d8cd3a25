"""Where a training starts, and what its result is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import torch
from torch import nn

from napari_vessel.geometry import Plane
from napari_vessel.networks import (
    Checkpoint,
    CheckpointCard,
    build_network,
    check_fits,
    library_versions,
    prepare,
)
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._train_config import Start, TrainRun
from napari_vessel.workflows._train_lesson import TrainLesson
from napari_vessel.workflows._train_open import Opened, polarity_of, voxel_size_of
from napari_vessel.workflows._train_pseudo import unlabelled


@dataclass(frozen=True)
class Origin:
    """The network as training finds it."""

    network: nn.Module
    card: CheckpointCard  # of what it becomes, without scores
    parent: Checkpoint | None


def origin_of(
    config: TrainRun, opened: list[Opened], device: torch.device, *, fresh: bool
) -> Origin:
    """Make the network, or load the one to start from.

    Where it is not ``fresh`` the weights of an interrupted run follow, so nothing is downloaded.
    """
    planes = config.training.plane_choices
    if isinstance(config.network, Start):
        parent = checkpoint_of(config.network.start)
        # Its voxel size stays: every volume is shown at it, in training as in a prediction.
        card = parent.card.model_copy(update={"planes": planes, "parent": parent.id})
        return Origin(parent.load(device), card, parent)
    made = CheckpointCard(
        network=config.network,
        polarity=polarity_of(opened),
        voxel_size_um=voxel_size_of(opened, rescale=config.rescale).zyx,
        planes=planes,
    )
    check_fits(made, channels=1)
    torch.manual_seed(config.training.seed)
    here = config.network if fresh else config.network.model_copy(update={"pretrained": False})
    return Origin(prepare(build_network(here), device), made, None)


def card_of_run(
    origin: Origin, lesson: TrainLesson, threshold: float, metrics: dict[str, float]
) -> CheckpointCard:
    """Describe the trained network."""
    return origin.card.model_copy(
        update={
            "planes": _planes(lesson),
            "weights": None,
            "corrections": None,
            "metrics": metrics,
            "provisional": not lesson.held_out,
            "threshold": threshold,
            "provenance": _provenance(origin, lesson),
            "versions": library_versions(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": "",
            "card_sha256": "",
        }
    )


def _planes(lesson: TrainLesson) -> tuple[Plane, ...]:
    """Return the planes that patches were cut in, of any volume learned from."""
    planes = lesson.config.training.planes
    if planes != "auto":
        return planes
    learned = [subject for subject in lesson.subjects if subject.split.train]
    return tuple(plane for plane in Plane if any(plane in s.planes for s in learned))


def _provenance(origin: Origin, lesson: TrainLesson) -> str:
    """Name what it was trained on, in words and without the machine's paths."""

    def told(role: str) -> str:
        entries = [subject.surveyed.opened for subject in lesson.subjects]
        named = (f"{o.name} (reviewed: {_text(o)})" for o in entries if o.entry.role == role)
        return ", ".join(named)

    text = f"Trained on labelled volumes: {told('train')}."
    if judged := told("validation"):
        text += f" Judged by: {judged}."
    if pseudo := unlabelled(lesson):
        names = ", ".join(subject.name for subject in pseudo)
        teacher = checkpoint_of(lesson.config.pseudo.checkpoint).id if lesson.config.pseudo else ""
        text += f" Unlabelled voxels of {names}: pseudo-labels of {teacher}."
    if origin.parent:
        text += f" Started from {origin.parent.id}. {origin.parent.card.provenance}"
    return text


def _text(opened: Opened) -> str:
    reviewed = opened.entry.reviewed
    return reviewed if isinstance(reviewed, str) else "; ".join(reviewed)
