"""Take a candidate into use: saved whole, with where it came from, before it is named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from torch import nn

from napari_vessel.networks import Checkpoint, CheckpointCard, library_versions, save_checkpoint
from napari_vessel.project import Project
from napari_vessel.training import Decision
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._fusion import Fusion
from napari_vessel.workflows._history import History


def card_of(
    parent: Checkpoint, decision: Decision, corrections: Mapping[str, int], fusion: Fusion
) -> CheckpointCard:
    """Describe the candidate: its parent's card, with what is new."""
    return parent.card.model_copy(
        update={
            "parent": parent.id,
            "corrections": dict(corrections),
            "metrics": {"dice": decision.candidate, "dice_of_parent": decision.incumbent},
            "provisional": decision.provisional,
            "threshold": fusion.threshold,
            "weights": fusion.weights,
            "provenance": f"Trained on corrections, from {parent.id}. {parent.card.provenance}",
            "versions": library_versions(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": "",
            "card_sha256": "",
        }
    )


def adopt(project: Project, network: nn.Module, card: CheckpointCard, history: History) -> str:
    """Save the candidate and its curve, and use it from now on; return its name."""
    name = project.new_id()
    folder = project.checkpoints / name
    save_checkpoint(folder, network, card)
    write_atomically(folder / "history.jsonl", history.lines())
    project.update(checkpoint=name)
    return name
