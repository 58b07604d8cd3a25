"""Learn from what a person reviewed, and take the new network only if it is better."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import Any

from napari_vessel.errors import NothingReviewedError
from napari_vessel.networks import Checkpoint, choose_device
from napari_vessel.project import Project
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import Volume
from napari_vessel.workflows._audit_spared import spare_audit
from napari_vessel.workflows._checkpoints import checkpoint_in
from napari_vessel.workflows._corrections_read import read_corrections
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._judging import judge
from napari_vessel.workflows._lesson import Lesson, lesson_of
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._one_class import said_of_one_class
from napari_vessel.workflows._outcome import Outcome
from napari_vessel.workflows._requests import Retrain
from napari_vessel.workflows._retrain_run import RetrainRun

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
    volume, checkpoint = project.open_volume(), checkpoint_in(project)
    lesson, position = read_lesson(project, volume, checkpoint, request.config)
    if warning := said_of_one_class(lesson.overlay):
        _log.warning(warning)
        yield Progress(0, 1, "steps", warning)
    device = choose_device(project.config.inference.device)
    yield Progress(0, 1, "steps", "Scoring the network in use")
    before = lesson.scores(checkpoint.load(device))
    run = RetrainRun(project, checkpoint, position, lesson)
    with run.held():
        network, history = yield from run.learned(device, go_on=request.go_on)
    took = monotonic() - started
    found = yield from judge(lesson, checkpoint, network, before, seconds=took)
    outcome = Outcome(project, lesson, checkpoint, network, history, position, took)
    result = outcome.settle(found, take=request.take)
    run.note(result.checkpoint)
    _log.info("Retrained: %s", result.reason)
    tell_missing(volume)
    reason = f"{result.reason} {warning}".rstrip()
    yield replace(result, reason=reason, seconds=monotonic() - started)


def read_lesson(
    project: Project, volume: Volume, checkpoint: Checkpoint, config: TrainingConfig | None
) -> tuple[Lesson, dict[str, int]]:
    """Return what is to be learned, and the position of the journals that it was read at.

    Raises
    ------
    NothingReviewedError
        All that is reviewed is of the audit set.
    """
    learned = checkpoint.card.corrections
    with closing(read_corrections(project)) as corrections:
        overlay, position = corrections.overlay, corrections.position
        newest = None if learned is None else corrections.strokes.boxes_since(learned)
    reviewed = overlay.reviewed
    if not spare_audit(project, overlay).reviewed and reviewed:
        raise NothingReviewedError(
            "Only the audit set is reviewed, and nothing is learned from it: correct or accept a "
            "slice elsewhere."
        )
    return lesson_of(project, volume, overlay, checkpoint, config, newest), position
