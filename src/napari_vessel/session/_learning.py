"""Learning from corrections while a person goes on: trainings, light updates, the process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from math import inf
from time import monotonic, sleep
from typing import Any

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import Project, read_verdict, use_checkpoint, write_verdict
from napari_vessel.runner import Heartbeat, Runner
from napari_vessel.session._compute_state import ComputeState, compute_state
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._light_sentences import light_sentence, nothing_near
from napari_vessel.session._quick_look import QuickUpdates
from napari_vessel.session._values import Activity, ActivityName, Answer, Asked, Opened
from napari_vessel.training import LightConfig, StepEnd, TrainingConfig
from napari_vessel.workflows import (
    BlockProposed,
    Exported,
    Focus,
    Light,
    LightEnded,
    LightProposed,
    Progress,
    Propose,
    Proposed,
    Retrain,
    Retrained,
)

__all__ = ["SessionLearning"]

Learning = Generator[Asked | Answer, None, None]

_LOOK_S = 0.05  # how often is looked whether a stroke has ended
# Below 0 nobody waits for it: it has a core less, and everything else goes first.
_TRAINING, _LIGHT = -1, 2


class SessionLearning(SessionHand):
    """Trains, improves the slices around at once, and takes networks into use between strokes."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.compute = ComputeState()
        self.predicted_in_s: float | None = None  # the whole region, last
        self._quick: QuickUpdates | None = None

    # -- long: generators for a worker's thread --------------------------------

    def retrain(
        self,
        config: TrainingConfig | None = None,
        *,
        go_on: bool = False,
        by_itself: bool = False,
    ) -> Learning:
        """Train on what was reviewed; the network is taken only if it is better.

        And only while no stroke is under way, and all that was painted is in the journal.
        ``go_on``: from where the last training came to the end of its time. ``by_itself``: no
        person asked for it, so that it is no failure where there is nothing to learn from yet.
        """
        project = self._kept_project()
        request = Retrain(project.path, config, take=False, go_on=go_on)
        yield Asked("retrain", request, "Waiting for the compute process …")
        try:
            with closing(self.runner.run("retrain", request, priority=_TRAINING)) as events:
                for event in seldom(events):
                    if isinstance(event, Retrained) and event.adopted and not event.taken:
                        yield from self._between_strokes(request)
                        yield Answer("retrain", request, _taken(project, event))
                    else:
                        yield Answer("retrain", request, event)
        except NothingReviewedError as error:
            if not by_itself:
                raise
            yield Answer("retrain", request, error)

    def light(
        self,
        plane: Plane,
        index: int,
        focus: Focus | None = None,
        config: LightConfig | None = None,
    ) -> Learning:
        """Improve the slices around slice ``index`` (volume voxels) within seconds.

        What it shows is provisional, see :attr:`provisional`, and lies below all corrections.
        """
        project, point = self._kept_project(), focus.voxel if focus else None
        request = Light(project.path, plane, index, point, config or LightConfig())
        yield Asked("light", request, "Waiting for the compute process …")
        try:
            with closing(self.runner.run("light", request, priority=_LIGHT)) as events:
                for event in events:
                    yield Answer("light", request, event)
        except NothingReviewedError:  # no failure: a person asked for a slice, not for an update
            yield Answer("light", request, nothing_near(request))

    # -- at once ---------------------------------------------------------------

    @property
    def in_stroke(self) -> bool:
        """Whether the mouse is down, painting."""
        return self._work is not None and self._work.in_stroke

    @property
    def provisional(self) -> tuple[Box, ...]:
        """The slices (volume voxels) that show a light update, not a proposal of the network."""
        updates = self._updates()
        return updates.boxes if updates else ()

    def withdraw_light(self) -> None:
        """Show the proposal as it was before light updates."""
        updates = self._updates()
        if updates is not None:
            for box in updates.withdraw():
                self.events.shown.emit(box)
            self.events.provisional.emit()

    def accept_slice(self, plane: Plane, index: int) -> Box:
        """Mark a slice as reviewed; see :meth:`SessionHand.accept_slice`."""
        box = super().accept_slice(plane, index)
        self.events.accepted.emit(plane, index)
        return box

    def pause_training(self, *, paused: bool) -> None:
        """Let a training rest where it is, or go on; also those that are begun later."""
        self.runner.pause("retrain", paused=paused)

    @property
    def trains_continuously(self) -> bool:
        """Whether the open project is to train by itself, as a person last said."""
        return self.project is not None and self.project.config.train_continuously

    def remember_continuous(self, *, on: bool) -> None:
        """Keep with the project whether it trains by itself."""
        if self._work is not None:
            self._work.remember(train_continuously=on)

    def restart_compute(self) -> None:
        """End a compute process that hangs; what runs in it fails, and can be asked for again."""
        self.runner.restart()
        self._note(ComputeState())

    # -- inside ----------------------------------------------------------------

    def _between_strokes(self, request: Retrain) -> Learning:
        """Wait, on the worker's thread, until no stroke is under way and all are journalled."""
        while self.in_stroke:
            told = Progress(1, 1, "steps", "Better: taken into use when your stroke ends")
            yield Answer("retrain", request, told)
            sleep(_LOOK_S)
        self._flush()

    def _must_wait(self, answer: Answer) -> bool:
        """Tell whether the stroke under way comes first, also before another threshold."""
        changes = isinstance(answer.event, Retrained | LightProposed)
        return super()._must_wait(answer) or (changes and self.in_stroke)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, Heartbeat):
            self._note(compute_state(event, self._patience()))
            return
        self._note(ComputeState())
        if isinstance(event, LightProposed):
            self._show_light(event)
        elif isinstance(event, NothingReviewedError):
            self._show(Activity(answer.name, "done", str(event), error=event))
        elif isinstance(event, LightEnded):
            self._show(Activity("light", "done", light_sentence(event), 1.0))
        else:
            super()._show_answer(answer)

    def _begin(self, asked: Asked) -> None:
        """Begin, and say so where another program took a network into use meanwhile."""
        project = self.project if asked.name in {"predict", "retrain"} else None
        now = project.config.checkpoint if project else self.checkpoint
        if now == self.checkpoint:
            super()._begin(asked)
            return
        told = f"{now} is in use now: it was taken beside this window. {asked.sentence}"
        super()._begin(replace(asked, sentence=told))
        self._use_checkpoint(now)
        if project is not None and project.config.threshold is None:
            self._show_threshold(project.threshold)

    def _finish(self, name: ActivityName, event: Proposed | Retrained | Exported) -> None:
        asked = self._questions.get(name)
        if isinstance(event, Proposed) and isinstance(asked, Propose) and not event.known:
            whole = asked.box is None or asked.box == self.region
            self.predicted_in_s = event.seconds if whole else self.predicted_in_s
        super()._finish(name, event)
        if isinstance(event, Retrained):
            self.events.trained.emit(event)

    def _show_light(self, event: LightProposed) -> None:
        updates = self._updates()
        box = None
        if updates is not None:
            box = updates.put(event.box, event.probability, event.weight)
        if box is not None:
            self.events.shown.emit(box)
            self.events.provisional.emit()

    def _show_proposed(self, event: BlockProposed, answer: Answer) -> None:
        super()._show_proposed(event, answer)
        if answer.probability is not None:  # else nothing else is shown there now
            self._gave_way(event.box)

    def _show_all(self, answer: Answer) -> None:
        super()._show_all(answer)
        if answer.probability is not None:
            self._gave_way(None)

    def _gave_way(self, box: Box | None) -> None:
        updates = self._updates()
        if updates is not None and updates.arrived(box):
            self.events.provisional.emit()

    def _install(self, opened: Opened) -> None:
        self._quick, self.predicted_in_s = None, None
        super()._install(opened)
        self.events.provisional.emit()

    def _updates(self) -> QuickUpdates | None:
        """Return the light updates over what is in view now."""
        if self._work is None:
            return None
        if self._quick is None or self._quick.view is not self._work.view:
            self._quick = QuickUpdates(self._work.view)
        return self._quick

    def _note(self, state: ComputeState) -> None:
        if state != self.compute:
            self.compute = state
            self.events.compute.emit(state)

    def _patience(self) -> float:
        found: Any = getattr(self.runner, "silence_s", float("inf"))
        return float(found)


def seldom(
    events: Iterator[Any], least_s: float = 0.1, clock: Callable[[], float] = monotonic
) -> Iterator[Any]:
    """Yield events, of steps and progress a few a second: a fast device tells hundreds."""
    told: dict[type, float] = {}
    for event in events:
        kind, now = type(event), clock()
        if kind in {StepEnd, Progress}:
            if now - told.get(kind, -inf) < least_s:
                continue
            told[kind] = now
        yield event


def _taken(project: Project, event: Retrained) -> Retrained:
    """Take the network of ``event`` into use, unless another one came into use meanwhile."""
    if event.checkpoint is None:
        return event
    if use_checkpoint(project, event.checkpoint, instead_of=event.parent) is not None:
        return replace(event, taken=True)
    reason = f"Kept {project.config.checkpoint}: it came into use while this one was training."
    folder = project.checkpoints / event.checkpoint
    if (verdict := read_verdict(folder)) is not None:
        write_verdict(folder, verdict.model_copy(update={"adopted": False, "reason": reason}))
    return replace(event, adopted=False, checkpoint=None, rejected=event.checkpoint, reason=reason)
