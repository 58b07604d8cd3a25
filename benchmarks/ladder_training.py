"""A training as it stands after some seconds: the product's own, seen at several moments.

Each snapshot is the network that training would have ended with, had its time been over
then: the best state so far by the reviewed blocks, the present one included. Time is that
of the thread that trains, so that a loaded machine does not cheat; what only the ladder
asks (scoring a snapshot, predicting with it) does not count.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from time import thread_time
from typing import Any

from torch import nn

from napari_vessel.project import Project
from napari_vessel.training import (
    EpochEnd,
    FitEnd,
    SegmentationTask,
    StepEnd,
    TrainingConfig,
    fit,
)
from napari_vessel.workflows import Progress
from napari_vessel.workflows._adopting import adopt, card_of
from napari_vessel.workflows._history import History
from napari_vessel.workflows._judging import Judgement, judge
from napari_vessel.workflows._lesson import Lesson, lesson_of


class Clock:
    """Seconds of this thread since the clock was first read, less the pauses."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._paused = 0.0

    def __call__(self) -> float:
        """Return the seconds; the first time 0."""
        if self._start is None:
            self._start, self._paused = thread_time(), 0.0
        return thread_time() - self._start - self._paused

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count what happens here."""
        before = thread_time()
        try:
            yield
        finally:
            self._paused += thread_time() - before


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The network that training ends with after ``seconds``; ``mark`` none: its own end."""

    mark: float | None
    seconds: float
    network: nn.Module
    told: dict[str, Any]


class _Best:
    """The best network so far, as ``fit`` judges."""

    def __init__(self, task: SegmentationTask) -> None:
        self._task, self._losses = task, list[float]()
        self._rank = (_finite(task.validate()), float("-inf"))
        self._weights = deepcopy(task.network.state_dict())

    def follow(self, event: StepEnd | EpochEnd) -> None:
        """Keep what ``fit`` keeps."""
        if isinstance(event, StepEnd):
            self._losses.append(event.loss)
            return
        if event.best:
            self._rank = (event.score, -event.loss)
            self._weights = deepcopy(self._task.network.state_dict())
        self._losses.clear()

    def network(self) -> nn.Module:
        """Return a copy of the network that would be kept if training ended now."""
        copy = deepcopy(self._task.network).eval()
        loss = fmean(self._losses) if self._losses else float("inf")
        if not self._losses or (_finite(self._task.validate()), -loss) <= self._rank:
            copy.load_state_dict(self._weights)
        return copy


class Training:
    """The training of a project's checkpoint on its corrections.

    Parameters
    ----------
    project
        With corrections.
    config
        Of the training; ``minutes`` is time of this thread.
    """

    def __init__(self, project: Project, config: TrainingConfig) -> None:
        self.project, self.parent = project, project.open_checkpoint()
        with closing(project.open_corrections(read_only=True)) as corrections:
            overlay, self._position = corrections.overlay, corrections.position
        volume = project.open_volume()
        self.lesson: Lesson = lesson_of(project, volume, overlay, self.parent, config)

    def snapshots(self, marks: tuple[float, ...]) -> Iterator[Snapshot]:
        """Train; yield the network as it stands at each of ``marks`` (s), and at the end."""
        network, clock, left = self.parent.load("cpu"), Clock(), sorted(marks)
        task = self.lesson.task(network)
        best = _Best(task)
        told: dict[str, Any] = {"steps": 0}
        for event in fit(task, self.lesson.sampler(), self.lesson.config, clock=clock):
            seconds = clock()
            if isinstance(event, FitEnd):
                told |= {"end": event.reason, "epoch": event.epoch, "train_score": event.score}
                for mark in left:  # ended before: it stays as it is
                    yield Snapshot(mark, seconds, network, told)
                yield Snapshot(None, seconds, network, told)
                return
            told["steps"] += isinstance(event, StepEnd)
            with clock.paused():
                best.follow(event)
                while left and seconds >= left[0]:
                    yield Snapshot(left.pop(0), seconds, best.network(), told)

    def settle(self, snapshot: Snapshot, *, judged: bool) -> bool:
        """Take a trained network into use as ``retrain`` does; tell whether it was.

        Its planes, weights and threshold are chosen by the reviewed voxels. ``judged``: only if
        it is better there than its parent.
        """
        lesson, network = self.lesson, snapshot.network
        before = lesson.scores(self.parent.load("cpu"))
        found = _ended(judge(lesson, self.parent, network, before, seconds=snapshot.seconds))
        if judged and not found.decision.adopt:
            return False
        left_out = found.left_out.in_planes if found.left_out else ()
        fusion = lesson.best_fusion(network, left_out)
        card = card_of(self.parent, found.decision, self._position, fusion)
        adopt(self.project, network, card, History())
        return True

    def back(self) -> None:
        """Take the parent into use again."""
        self.project.update(checkpoint=self.parent.id)


def _ended(judging: Generator[Progress, None, Judgement]) -> Judgement:
    """Return what a judging comes to."""
    while True:
        try:
            next(judging)
        except StopIteration as end:
            found: Judgement = end.value
            return found


def _finite(score: float) -> float:
    return score if isfinite(score) else 0.0
