"""Train a classifier of patches or objects, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any, cast

import torch

import napari_vessel
from napari_vessel.networks import (
    Classifier,
    build_classifier,
    choose_device,
    choose_precision,
    prepare,
    standardise,
    trainable_parameters,
)
from napari_vessel.training import (
    ClassBatches,
    ClassificationTask,
    EpochEnd,
    FitMemory,
    LoadImages,
    StepEnd,
)
from napari_vessel.workflows._classify_card import Ending, published
from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._classify_events import ClassifyPlanned, ClassifyTrained
from napari_vessel.workflows._classify_history import ClassHistory
from napari_vessel.workflows._classify_open import (
    Lesson,
    batches_of,
    digest_of,
    lesson_of,
    loaded,
)
from napari_vessel.workflows._classify_requests import ClassifyTrain
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._train_config import Start
from napari_vessel.workflows._train_folder import TrainFolder
from napari_vessel.workflows._train_learner import Learner

_MEASURED = 512  # images that mean and deviation are taken of


def train_classifier(request: ClassifyTrain) -> Iterator[Any]:
    """Train a classifier on the samples of ``request.config`` into a checkpoint.

    What is done lies in ``OUT.run/``: whoever stops asking, or is killed, can go on from there
    with ``resume`` and the same recipe, and ends where an uninterrupted run does.

    Yields
    ------
    Progress, ClassifyPlanned, ClassEpoch, ClassifyTrained

    Raises
    ------
    SamplesError, CallerError
        The samples cannot be learned from, or do not fit the network.
    OutputExistsError, ExportError, ProjectError
        Something stands at ``out``, or an unfinished run that is not gone on with.
    ProjectBusyError
        Another run trains into ``out``.
    """
    started, folder = monotonic(), TrainFolder(request.out)
    folder.refuse(overwrite=request.overwrite)
    device = choose_device(request.device)
    yield Progress(0, 1, "samples", "Opening the data set")
    may_go_on = request.resume and folder.state.exists()
    kept = folder.path / "split.csv"
    lesson = lesson_of(request.config, kept if may_go_on and kept.exists() else None)
    recipe = _recipe(request.config, lesson)
    folder.check(recipe, resume=request.resume, overwrite=request.overwrite)
    with folder.held():
        resumed = folder.check(recipe, resume=request.resume, overwrite=request.overwrite)
        if not resumed:
            folder.begin(recipe)
            lesson.split.write(kept)
        state = folder.load() if resumed else None
        yield from _trained(request, lesson, device, state, started)


def _trained(
    request: ClassifyTrain,
    lesson: Lesson,
    device: torch.device,
    state: dict[str, Any] | None,
    started: float,
) -> Iterator[Any]:
    """Read the images, train, and publish the checkpoint."""
    folder = TrainFolder(request.out)
    load = yield from loaded(lesson.data, lesson.known)
    learned, judged = batches_of(lesson, load)
    network = _network(lesson, load, device, fresh=state is None)
    task = _task(lesson, network, judged, learned, state)
    yield _plan(lesson, network, task, learned, resumed=state is not None)
    history, training = ClassHistory(task), lesson.config.training
    learner = Learner(task, learned, training, folder, FitMemory(), history, len(learned))
    if state is None:
        yield Progress(0, 1, "epochs", "Scoring the network before training")
    else:
        learner.restore(state)
    ended = yield from _told(learner)
    yield Progress(0, 1, "samples", "Judging by the samples set aside")
    ending = Ending(ended, history, task.precision)
    scores = published(request, lesson, network, load, ending)
    yield ClassifyTrained(
        checkpoint=folder.out,
        classes=lesson.network.classes,
        score=ended.score,
        score_at_start=ended.start,
        scores=scores,
        epochs=learner.memory.epoch,
        best_epoch=ended.epoch,
        steps=learner.memory.step,
        reason=ended.reason,
        seconds=monotonic() - started,
    )


def _told(learner: Learner[ClassHistory]) -> Any:  # noqa: ANN401  a generator that returns FitEnd
    """Train, telling of epochs as a classifier's curves."""
    events = learner.learn()
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return end.value
        if isinstance(event, EpochEnd):
            yield learner.history.epochs[-1]
        elif not isinstance(event, StepEnd):
            yield event


def _recipe(config: ClassifyRun, lesson: Lesson) -> dict[str, Any]:
    """Describe what a state belongs to; time limit and device can change on the way."""
    recipe = config.model_dump(mode="json", exclude={"training": {"minutes"}, "data": True})
    if lesson.parent:
        recipe["network"] = {"start": lesson.parent.card.sha256}
    data = config.data.model_dump(mode="json")
    more = {"samples": digest_of(lesson), "code": napari_vessel.__version__}
    return recipe | {"data": data} | more


def _network(lesson: Lesson, load: LoadImages, device: torch.device, *, fresh: bool) -> Classifier:
    """Make the network, or load the one to start from."""
    if lesson.parent:
        return cast("Classifier", lesson.parent.load(device))
    torch.manual_seed(lesson.config.training.seed)
    # Weights of an interrupted run follow, so there is nothing to download.
    config = lesson.network if fresh else lesson.network.model_copy(update={"pretrained": False})
    network = build_classifier(config)
    some = lesson.part("train")
    some = some[:: -(-len(some) // _MEASURED)]
    images = load(some)
    standardise(network, images.mean((0, 2, 3)).tolist(), images.std((0, 2, 3)).tolist())
    prepare(network, device)
    return network


def _task(
    lesson: Lesson,
    network: Classifier,
    judged: ClassBatches,
    learned: ClassBatches,
    state: dict[str, Any] | None,
) -> ClassificationTask:
    """Make the task; its arithmetic is settled once, and stays through interruptions."""
    training = lesson.config.training
    device = next(network.parameters()).device
    wish = training.precision if state is None else str(state.get("precision"))
    found = choose_precision(device, wish, network)
    settled = training.model_copy(update={"precision": "fp32" if found == "fp16" else found})
    return ClassificationTask(network, settled, judged, learned.truth())


def _plan(
    lesson: Lesson,
    network: Classifier,
    task: ClassificationTask,
    learned: ClassBatches,
    *,
    resumed: bool,
) -> ClassifyPlanned:
    config, training = lesson.network, lesson.config.training
    made = lesson.config.network
    told = made.start if isinstance(made, Start) else config.backbone
    return ClassifyPlanned(
        classes=config.classes,
        samples=lesson.counts(),
        groups=lesson.groups(),
        network=f"{told}, {config.in_channels} × {config.size} × {config.size}",
        parameters=sum(weight.numel() for weight in network.parameters()),
        trained_parameters=sum(weight.numel() for weight in trainable_parameters(network)),
        steps=training.epochs * len(learned),
        device=f"{next(network.parameters()).device} ({task.precision})",
        minutes=training.minutes,
        resumed=resumed,
        warnings=lesson.split.notes,
    )
