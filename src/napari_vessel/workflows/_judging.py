"""Whether a trained network is better than the one in use, and what is missing to be sure."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint
from napari_vessel.project import Verdict
from napari_vessel.training import BlockScore, Decision, decide
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._leaving_out import LeftOut, leave_out
from napari_vessel.workflows._lesson import Lesson

_MOST_PLACES = 5  # that a person is told to review


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision with all that it rests on.

    Parameters
    ----------
    decision
        Whether to adopt.
    left_out
        Scores on blocks left out in turn; None where enough are held out, or too few reviewed.
    needed
        How many more held-out blocks it takes until adoption is not provisional.
    places
        Cells to review to that end, the nearest first.
    held_out
        Whether nobody learned from the blocks that decided.
    """

    decision: Decision
    left_out: LeftOut | None
    needed: int
    places: tuple[Box, ...]
    held_out: bool

    def verdict(self, *, reviewed: int, seconds: float) -> Verdict:
        """Return what is kept beside the card."""
        decision = self.decision
        return Verdict(
            adopted=decision.adopt,
            provisional=decision.provisional,
            reason=decision.reason,
            score=decision.candidate,
            score_of_parent=decision.incumbent,
            interval=decision.interval,
            cldice=decision.cldice,
            cldice_of_parent=decision.cldice_of_incumbent,
            blocks=decision.blocks,
            held_out=self.held_out,
            reviewed=reviewed,
            seconds=seconds,
        )


def judge(
    lesson: Lesson,
    checkpoint: Checkpoint,
    network: nn.Module,
    before: Sequence[BlockScore],
    *,
    seconds: float,
) -> Generator[Progress, None, Judgement]:
    """Compare a trained network with the one in use, on the same current blocks.

    Parameters
    ----------
    lesson
        What it learned from, and is judged by.
    checkpoint
        The network in use.
    network
        The trained one, in eval mode.
    before
        The scores of the one in use (``lesson.scores``).
    seconds
        That the training took: leaving blocks out takes a share of it.
    """
    yield Progress(1, 1, "steps", "Comparing with the network in use")
    threshold = lesson.best_threshold(network)
    split = lesson.split
    after = lesson.scores(network, threshold)
    decision = decide(after, before, lesson.config, held_out=split.held_out)
    left_out = None
    if decision.adopt and not split.held_out:
        device: torch.device = next(network.parameters()).device
        left_out = yield from leave_out(lesson, checkpoint, before, seconds=seconds, device=device)
    places = split.places_to_review(lesson.overlay.shape, min(split.needed, _MOST_PLACES))
    decision = _with_left_out(decision, left_out)
    decision = _with_missing(decision, split.needed, places)
    return Judgement(decision, left_out, split.needed, places, split.held_out)


def _with_left_out(decision: Decision, found: LeftOut | None) -> Decision:
    if found is None:
        return decision
    told = f"Dice {found.after:.3f} on {found.blocks} blocks left out in turn"
    if found.falls:
        reason = f"Kept the network in use: {told}, before {found.before:.3f}. {decision.reason}"
        return replace(decision, adopt=False, reason=reason.replace("Adopted: ", "Learned: "))
    return replace(decision, reason=f"{decision.reason} {told}, before {found.before:.3f}.")


def _with_missing(decision: Decision, needed: int, places: Sequence[Box]) -> Decision:
    """Say how many more blocks it takes, and where the nearest are."""
    if not decision.provisional:
        return decision
    if not places:
        told = (
            "Provisional: the volume is too small to hold blocks out; with smaller ones "
            "(training.validation_block in project.toml) it may do."
        )
    else:
        count = f"{needed} more block{'s' if needed > 1 else ''}"
        told = (
            f"Provisional: to judge for sure, review vessels in {count}, the nearest {places[0]}."
        )
    return replace(decision, reason=f"{decision.reason} {told}")
