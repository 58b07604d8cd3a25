"""Train a network from labelled volumes, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

from torch import nn

from napari_vessel.errors import ProjectBusyError
from napari_vessel.networks import choose_device, choose_precision, save_checkpoint
from napari_vessel.training import FitEnd, FitMemory, SegmentationTask
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._events import Progress, Trained
from napari_vessel.workflows._history import History
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Train
from napari_vessel.workflows._train_folder import TrainFolder
from napari_vessel.workflows._train_learner import Learner
from napari_vessel.workflows._train_lesson import TrainLesson, lesson_of
from napari_vessel.workflows._train_open import open_all, survey_volume
from napari_vessel.workflows._train_origin import Origin, card_of_run, origin_of
from napari_vessel.workflows._train_plan import plan_of, recipe_of_run
from napari_vessel.workflows._train_pseudo import predict_unlabelled, unlabelled
from napari_vessel.workflows._train_sampler import sampler_of


def train(request: Train) -> Iterator[Any]:
    """Train on the labelled volumes of ``request.config`` into a checkpoint.

    What is done lies in ``OUT.run/``: whoever stops asking, or is killed, can
    go on from there with ``resume`` and the same recipe.

    Yields
    ------
    Progress, Planned, StepEnd, EpochEnd, Trained

    Raises
    ------
    LabelsError
        Labels are missing, of another shape, or say nothing.
    CallerError
        The volumes do not go together.
    OutputExistsError, ExportError, ProjectError
        Something stands at ``out``, or an unfinished run that is not gone on with.
    CheckpointError
        Pretrained weights for a new network cannot be had.
    ProjectBusyError
        Another run trains into ``out``.
    """
    started, config, folder = monotonic(), request.config, TrainFolder(request.out)
    folder.refuse(overwrite=request.overwrite)
    device = choose_device(request.device)
    yield Progress(0, 1, "volumes", "Opening the volumes")
    opened = open_all(config)
    recipe = recipe_of_run(config, opened)
    goes_on = folder.check(recipe, resume=request.resume, overwrite=request.overwrite)
    origin = origin_of(config, opened, device, fresh=not goes_on)
    surveys = []
    for volume in opened:
        surveys.append((yield from survey_volume(volume, config)))  # noqa: PERF401  a generator
    lesson = lesson_of(config, surveys, origin.card)
    with folder.held():
        resumed = folder.check(recipe, resume=request.resume, overwrite=request.overwrite)
        if goes_on and not resumed:  # the network has no weights to begin with
            raise ProjectBusyError(f"Another run has ended the training in {folder.path} just now.")
        if not resumed:
            folder.begin(recipe)
        yield from _trained(request, origin, lesson, folder.load() if resumed else None, started)
    for volume in opened:
        tell_missing(volume.image)


def _trained(
    request: Train,
    origin: Origin,
    lesson: TrainLesson,
    state: dict[str, Any] | None,
    started: float,
) -> Iterator[Any]:
    """Plan, predict pseudo-labels, train, and publish the checkpoint."""
    folder, network = TrainFolder(request.out), origin.network
    task = _task(lesson, network, state)
    yield plan_of(lesson, network, task, state)
    probabilities = {}
    for subject in unlabelled(lesson):
        pseudo = lesson.config.pseudo
        if pseudo:
            probabilities[subject.name] = yield from predict_unlabelled(
                subject, pseudo, folder.pseudo, request.device
            )
    sampler = yield from sampler_of(lesson, probabilities)
    config = lesson.config.training
    steps = config.steps_per_epoch
    learner = Learner(task, sampler, config, folder, FitMemory(), History(), steps)
    if state is None:
        yield Progress(0, 1, "epochs", "Scoring the network before training")
    else:
        learner.restore(state)
    ended = yield from learner.learn()
    yield from _published(folder, origin, lesson, learner, ended, started)


def _published(
    folder: TrainFolder,
    origin: Origin,
    lesson: TrainLesson,
    learner: Learner[History],
    ended: FitEnd,
    started: float,
) -> Iterator[Progress | Trained]:
    """Judge the network and publish it with its card and curve."""
    network = origin.network
    yield Progress(0, 1, "blocks", "Choosing the threshold")
    threshold = lesson.best_threshold(network)
    dice = yield from lesson.score(network, threshold)
    card = card_of_run(origin, lesson, threshold, {"dice": dice, "dice_at_start": ended.start})
    made = folder.fresh()
    save_checkpoint(made, network, card)
    write_atomically(made / folder.history.name, learner.history.lines())
    folder.publish(made)
    yield Trained(
        checkpoint=folder.out,
        dice=dice,
        dice_at_start=ended.start,
        threshold=threshold,
        provisional=card.provisional,
        epochs=learner.memory.epoch,
        best_epoch=ended.epoch,
        steps=learner.memory.step,
        reason=ended.reason,
        seconds=monotonic() - started,
    )


def _task(
    lesson: TrainLesson, network: nn.Module, state: dict[str, Any] | None
) -> SegmentationTask:
    """Make the task; its arithmetic is settled once, and stays through interruptions."""
    training = lesson.config.training
    device = next(network.parameters()).device
    wish = training.precision if state is None else str(state.get("precision"))
    found = choose_precision(device, wish, network)
    settled = training.model_copy(update={"precision": "fp32" if found == "fp16" else found})
    return SegmentationTask(network, lesson.watched, settled)
