"""Learn from what a person reviewed, and take the new network only if it is better."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import Any

from napari_vessel.networks import Checkpoint, choose_device
from napari_vessel.project import Project
from napari_vessel.training import Decision, FitEnd, decide, fit
from napari_vessel.workflows._adopting import adopt, card_of
from napari_vessel.workflows._events import Progress, Retrained
from napari_vessel.workflows._history import History
from napari_vessel.workflows._lesson import lesson_of
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Retrain
from napari_vessel.workflows._train_progress import training_progress

_log = logging.getLogger(__name__)


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
    project = Project.open(request.project, to_change=True)
    yield Progress(0, 1, "steps", "Reading the corrections")
    with closing(project.open_corrections(read_only=True)) as corrections:
        overlay, position = corrections.overlay, corrections.position
    volume, checkpoint = project.open_volume(), project.open_checkpoint()
    lesson = lesson_of(project, volume, overlay, checkpoint, request.config)
    sampler = lesson.sampler()
    yield Progress(0, 1, "steps", "Scoring the network in use")
    device, history = choose_device(project.config.inference.device), History()
    before, network = lesson.scores(checkpoint.load(device)), checkpoint.load(device)
    for event in fit(lesson.task(network), sampler, lesson.config):
        history.add(event)
        if not isinstance(event, FitEnd):
            yield event
            yield training_progress(lesson.config, event, monotonic() - started)
    yield Progress(1, 1, "steps", "Comparing with the network in use")
    after = lesson.scores(network, lesson.best_threshold(network))
    decision = decide(after, before, lesson.config, held_out=lesson.split.held_out)
    fusion = lesson.best_fusion(network) if decision.adopt else None
    decision = _unless_changed(decision, project, checkpoint)
    name, threshold = None, None
    if fusion and decision.adopt:
        name = adopt(project, network, card_of(checkpoint, decision, position, fusion), history)
        threshold = fusion.threshold
    _log.info("Retrained: %s", decision.reason)
    tell_missing(volume)
    yield _result(decision, name, threshold, monotonic() - started)


def _unless_changed(decision: Decision, project: Project, checkpoint: Checkpoint) -> Decision:
    """Adopt nothing that was compared with a network no longer in use."""
    now = project.open_checkpoint()
    if not decision.adopt or now.path == checkpoint.path:
        return decision
    reason = f"Kept {now.id}: it came into use while this one, of {checkpoint.id}, was training."
    return replace(decision, adopt=False, reason=reason)


def _result(
    decision: Decision, name: str | None, threshold: float | None, seconds: float
) -> Retrained:
    return Retrained(
        adopted=decision.adopt,
        provisional=decision.provisional,
        checkpoint=name,
        reason=decision.reason,
        score_before=decision.incumbent,
        score_after=decision.candidate,
        seconds=seconds,
        threshold=threshold,
    )
