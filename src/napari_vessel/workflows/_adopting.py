"""Keep a trained network: saved whole, with where it came from, before it is named in use."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from torch import nn

from napari_vessel.errors import VesselError
from napari_vessel.networks import Checkpoint, CheckpointCard, library_versions, save_checkpoint
from napari_vessel.project import (
    Project,
    Verdict,
    kept_checkpoints,
    prune_checkpoints,
    write_verdict,
)
from napari_vessel.training import Decision
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._fusion import Fusion
from napari_vessel.workflows._history import History

_log = logging.getLogger(__name__)


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


def keep(
    project: Project,
    network: nn.Module,
    card: CheckpointCard,
    history: History,
    verdict: Verdict | None = None,
) -> str:
    """Save a network with its curve and the verdict on it, not in use yet; return its name."""
    name = project.new_id()
    folder = project.checkpoints / name
    save_checkpoint(folder, network, card)
    write_atomically(folder / "history.jsonl", history.lines())
    if verdict is not None:
        write_verdict(folder, verdict)
    return name


def keep_rejected(
    project: Project, network: nn.Module, card: CheckpointCard, history: History, verdict: Verdict
) -> str | None:
    """Keep a network that was not taken, within the budget; None where there is no room.

    That a person can look at it is no reason for a training to fail.
    """
    try:
        name = keep(project, network, card, history, verdict)
        pruned = prune_checkpoints(project)
    except VesselError as error:
        _log.warning("The network that was not taken is not kept: %s", error)
        return None
    if pruned.ids:
        _log.info("Deleted %s (%d bytes), not taken", ", ".join(pruned.ids), pruned.bytes)
    return None if name in pruned.ids else name


def kept_as(project: Project, sha256: str) -> str | None:
    """Return the network of the project that has these weights; None where none does."""
    same = (
        one.id
        for one in kept_checkpoints(project)
        if one.usable and one.card is not None and one.card.sha256 == sha256
    )
    return next(same, None)


def adopt(project: Project, network: nn.Module, card: CheckpointCard, history: History) -> str:
    """Save the candidate and its curve, and use it from now on; return its name."""
    name = keep(project, network, card, history)
    project.update(checkpoint=name)
    return name
