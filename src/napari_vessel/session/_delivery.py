"""What arrives at a session, on its own thread: shown, held back, or too late."""

from __future__ import annotations

import logging

from napari_vessel.session._sentences import converted_sentence, progressing, sentence_of
from napari_vessel.session._state import SessionState
from napari_vessel.session._values import (
    Activity,
    ActivityName,
    ActivityState,
    Answer,
    Asked,
    Opened,
)
from napari_vessel.session._workspace import Workspace
from napari_vessel.training import EpochEnd, StepEnd
from napari_vessel.workflows import (
    BlockProposed,
    Clean,
    Cleaned,
    Converted,
    Exported,
    Foresee,
    Foreseen,
    Fused,
    Progress,
    Propose,
    Proposed,
    Retrained,
    SliceProposed,
)

_log = logging.getLogger(__name__)


class SessionDelivery(SessionState):
    """Takes the events of long work, and shows them to whoever follows."""

    def deliver(self, event: Asked | Answer | Opened) -> None:
        """Show what arrived, unless the person has moved on; never under the brush."""
        if isinstance(event, Opened):
            self._install(event)
        elif isinstance(event, Asked):
            self._begin(event)
        elif event.question is not self._questions.get(event.name):
            _log.info("A late answer to %s is not shown", event.name)
        elif self._must_wait(event):
            self._held.append(event)
        else:
            self._show_answer(event)

    def _must_wait(self, answer: Answer) -> bool:
        """Tell whether the stroke under way comes first: voxels, and what follows upon them."""
        if self._work is None or not self._work.in_stroke:
            return False
        follows = bool(self._held) and not isinstance(answer.event, Progress)
        return answer.probability is not None or follows

    def ended_by(self, opened: Opened) -> tuple[ActivityName, ...]:
        """Return the activities that make no sense any more once ``opened`` is shown.

        A prediction is of what was open and how that was read; a training goes on
        as long as its project stays; an export is of no concern to the view.
        """
        before = self.opened
        same = before is not None and before.place == opened.place
        return ("predict", "region") if same else ("predict", "region", "retrain")

    def failed(self, name: ActivityName, error: Exception) -> None:
        """Note that ``name`` failed, and tell it once.

        A forecast is asked for by no person: that there is none stands in its place.
        """
        _log.error("%s failed", name, exc_info=error)
        self._stop(name, "failed", str(error), error)
        if name != "forecast":
            self.events.failed.emit(error)

    def cancelled(self, name: ActivityName) -> None:
        """Note that ``name`` was cancelled."""
        whole = name in {"open", "region"} or isinstance(self._questions.get(name), Clean)
        left = "All is shown as before." if whole else "What was done until then is kept."
        self._stop(name, "cancelled", f"Cancelled. {left}")

    def stopped_for_now(self, name: ActivityName) -> None:
        """Note that ``name`` stopped for now: a proposal can be gone on with, also much later."""
        asked = self._questions.get(name)
        if not isinstance(asked, Propose):
            self.cancelled(name)
            return
        self._paused = asked
        self._stop(name, "paused", "Paused: what is done is kept and shown. Resume goes on there.")

    # -- an activity begins, goes on, ends -------------------------------------

    def _install(self, opened: Opened) -> None:
        ended = self.ended_by(opened)
        if self._work:
            self._work.close()
        self._work = Workspace(opened)
        self._held.clear()
        self._paused = None
        self.foreseen = None
        for name in ended:
            if self._questions.pop(name, None) is not None and self._running(name):
                self._show(Activity(name, "cancelled", "Ended: another view was opened."))
        self.save_state = "saved" if opened.project else "nothing"
        self._show(Activity("open", "done"))
        self.events.opened.emit()
        self._use_checkpoint(opened.checkpoint)

    def _begin(self, asked: Asked) -> None:
        self._questions[asked.name] = asked.question
        if asked.name in {"predict", "region"}:
            self._paused = None
        if isinstance(asked.question, Propose) and self._work and asked.question.box:
            self._work.view.await_box(asked.question.box)
        if asked.name == "retrain":
            self.events.curve.emit(None)
        self._show(Activity(asked.name, "running", asked.sentence))

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, Progress):
            self._show(progressing(answer.name, event))
        elif isinstance(event, StepEnd | EpochEnd):
            self.events.curve.emit(event)
        elif isinstance(event, SliceProposed):
            self._show_first_look(event)
        elif isinstance(event, BlockProposed):
            self._show_proposed(event, answer)
        elif isinstance(event, Fused):
            self._show_all(answer)
        elif isinstance(event, Foreseen):
            self._foresee(answer, event)
        elif isinstance(event, Cleaned):
            self._show_cleaned(answer, event)
        elif isinstance(event, Proposed | Retrained | Exported):
            self._finish(answer.name, event)
        elif isinstance(event, Converted):
            self._show(Activity(answer.name, "done", converted_sentence(event), 1.0))

    def _show_first_look(self, event: SliceProposed) -> None:
        if box := self._open_now().view.put_first_look(event.box, event.probability):
            self.events.shown.emit(box)

    def _show_proposed(self, event: BlockProposed, answer: Answer) -> None:
        work = self._open_now()
        box = event.box
        shown = work.view.put(box, answer.probability) if answer.probability is not None else None
        work.view.arrived(box)
        work.cleaned = False
        if answer.proposal:
            work.disagreement.show(answer.proposal)
        work.disagreement.arrived(box)
        self.events.disagreement.emit(None if answer.proposal else box)
        if shown:
            self.events.shown.emit(shown)

    def _show_all(self, answer: Answer) -> None:
        """Show what the proposal now in view holds, all of it."""
        work = self._open_now()
        if answer.probability is not None:
            work.view.replace(answer.probability)
            work.disagreement.show(answer.proposal)
            self.events.shown.emit(None)
            self.events.disagreement.emit(None)

    def _foresee(self, answer: Answer, event: Foreseen) -> None:
        asked = answer.question
        if isinstance(asked, Foresee):
            self.foreseen, self._kind = event, (asked.inference.device, asked.inference.precision)
            if event.pixels_per_second:
                self._rates[self._kind] = event.pixels_per_second
        self._show(Activity(answer.name, "done"))
        self.events.foreseen.emit(event)

    def _learn_rate(self, event: Proposed) -> None:
        """Take from what a prediction took how long the next will take."""
        timed = event.state == "complete" and not event.known and event.seconds > 0
        if self.foreseen and timed:
            self._rates[self._kind] = self.foreseen.network_pixels / event.seconds

    def _show_cleaned(self, answer: Answer, event: Cleaned) -> None:
        work = self._open_now()
        work.smallest_um3, work.cleaned = event.smallest_um3, event.everywhere
        self._show_all(answer)
        self.events.smallest.emit(event.smallest_um3)
        if isinstance(answer.question, Clean):  # else the prediction goes on
            self._show(Activity(answer.name, "done", sentence_of(event), 1.0))

    def _finish(self, name: ActivityName, event: Proposed | Retrained | Exported) -> None:
        if isinstance(event, Proposed):
            self._stop_waiting(complete=event.state == "complete")
            self._learn_rate(event)
        if isinstance(event, Retrained) and event.adopted and event.checkpoint:
            self._use_checkpoint(event.checkpoint)
            self._show_threshold(event.threshold)
        self._show(Activity(name, "done", sentence_of(event), 1.0))

    def _stop(
        self,
        name: ActivityName,
        state: ActivityState,
        sentence: str,
        error: Exception | None = None,
    ) -> None:
        self._questions.pop(name, None)
        if name == "predict" and self._work:
            self._stop_waiting(complete=False)
        self._show(Activity(name, state, sentence, error=error))

    def _stop_waiting(self, *, complete: bool) -> None:
        for box in self._open_now().view.stop_waiting(complete=complete):
            self.events.shown.emit(box)

    # -- told to those who follow ----------------------------------------------

    def _show(self, activity: Activity) -> None:
        self.activities[activity.name] = activity
        self.events.activity.emit(activity)

    def _running(self, name: ActivityName) -> bool:
        return self.activities[name].state == "running"

    def _show_threshold(self, threshold: float | None) -> None:
        if threshold is not None and self._work:
            self._work.view.threshold = threshold
            self.events.threshold.emit(threshold)
            self.events.shown.emit(None)

    def _use_checkpoint(self, name: str) -> None:
        self.checkpoint = name
        self.events.checkpoint.emit(name)
