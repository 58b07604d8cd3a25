"""Continuous training: one switch, a pause, and what it is doing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_vessel.errors import NothingReviewedError
from napari_vessel.session import Activity, Continuous, Situation
from napari_vessel.training import TrainingConfig
from napari_vessel.widgets._section import Desk, Sentence, button
from napari_vessel.workflows import Retrained

__all__ = ["ContinuousRow"]

_LOOK_MS = 500
# A region that is predicted in so long is predicted anew by itself. Nothing of it can be accepted
# meanwhile, so it must not take long.
_QUICKLY_S = 20.0
_TIP = (
    "Train in the background whenever something new was corrected: short rounds at first, longer "
    "ones after, each compared with the network in use, which is replaced only by a better one. "
    "It rests when rounds bring no more, and wakes when you correct something."
)


class ContinuousRow(QWidget):
    """Begins rounds as the session's rule says.

    Parameters
    ----------
    desk
        What it acts on.
    settings
        Returns how to train; the rounds' length is the rule's.
    """

    taken = Signal()  # a round's network was taken into use

    def __init__(self, desk: Desk, settings: Callable[[], TrainingConfig]) -> None:
        super().__init__()
        self._desk, self._settings = desk, settings
        self.rule = Continuous()
        self._paused = False
        self._place: Path | None = None
        self.switch = QCheckBox("Train continuously")
        self.switch.setToolTip(_TIP)
        self.switch.toggled.connect(self._switched)
        self.pause = button(
            "Pause training", "Let a training rest where it is; again to go on.", self._pause
        )
        self.outcome = Sentence()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.switch, self.pause, self.outcome):
            column.addWidget(part)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        follow, events = desk.follower.follow, desk.session.events
        follow(events.corrections, self.rule.news)
        follow(events.activity, self._on_activity)
        follow(events.trained, self._on_trained)
        follow(events.opened, self._on_opened)
        desk.jobs.changed.connect(lambda _: self.update_state())
        self.update_state()

    def update_state(self) -> None:
        """Say what it does."""
        training = self._desk.jobs.running("retrain")
        self.switch.setEnabled(self._desk.session.opened is not None)
        self.pause.setVisible(training or self._paused)
        self.pause.setText("Go on training" if self._paused else "Pause training")
        paused = "Paused: what it learned so far stays in memory."
        self.outcome.say(paused if self._paused else self.rule.sentence)

    def look(self) -> None:
        """Begin a round, if it is time for one."""
        session, jobs = self._desk.session, self._desk.jobs
        now = Situation(
            reviewed=session.reviewed,
            predicting=jobs.running("predict"),
            in_stroke=session.in_stroke,
            training=jobs.running("retrain"),
        )
        minutes = None if self._paused else self.rule.due(now)
        if minutes is not None:
            go_on = self.rule.goes_on
            config = self._settings().model_copy(update={"minutes": minutes})
            self.rule.begun()
            jobs.start("retrain", lambda: session.retrain(config, go_on=go_on, by_itself=True))
        self.update_state()

    # -- what happened ---------------------------------------------------------

    def _on_activity(self, activity: Activity) -> None:
        if activity.name != "retrain" or self.rule.state != "training":
            return
        if isinstance(activity.error, NothingReviewedError):
            self.rule.nothing(str(activity.error))
        elif activity.state == "failed":
            self.rule.failed(activity.sentence)
            if not self.rule.on:
                self._timer.stop()
                self._show_switch(on=False)
        elif activity.state == "cancelled" and self._place == self._open_place():
            # Else it ends as another project is opened, of which nobody said anything yet.
            self.switch.setChecked(False)  # a person who cancels wants no next round
        self.update_state()

    def _on_trained(self, result: Retrained) -> None:
        if self.rule.state == "training":
            self.rule.ended(result)
            if result.adopted:
                self._show_network()
        self.update_state()

    def _show_network(self) -> None:
        """Show what the new network says: where one looks, and all where that is fast."""
        self.taken.emit()
        session, jobs, focus = self._desk.session, self._desk.jobs, self._desk.link.focus()
        fast = session.predicted_in_s is not None and session.predicted_in_s <= _QUICKLY_S
        if fast and not jobs.running("predict"):
            jobs.start("predict", lambda: session.predict(focus))

    def _on_opened(self) -> None:
        place = self._open_place()
        if place != self._place:  # another project, not another region of it
            self._place = place
            self._set_paused(paused=False)
            self._show_switch(on=self._desk.session.trains_continuously)
            self._follow_switch(on=self.switch.isChecked())
        self.update_state()

    def _open_place(self) -> Path | None:
        opened = self._desk.session.opened
        return opened.place if opened else None

    # -- asking ----------------------------------------------------------------

    def _switched(self, on: bool) -> None:
        self._desk.session.remember_continuous(on=on)
        self._follow_switch(on=on)

    def _follow_switch(self, *, on: bool) -> None:
        self.rule.switch(on=on)
        if on:
            self._timer.start()
            self.look()
        else:
            self._timer.stop()
        self.update_state()

    def _show_switch(self, *, on: bool) -> None:
        self.switch.blockSignals(True)
        self.switch.setChecked(on)
        self.switch.blockSignals(False)

    def _pause(self) -> None:
        self._set_paused(paused=not self._paused)
        self.update_state()

    def _set_paused(self, *, paused: bool) -> None:
        if paused != self._paused:
            self._paused = paused
            self._desk.session.pause_training(paused=paused)
