"""The next places of the list, predicted while a person is at another and nothing else is."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QCheckBox

from napari_vessel.geometry import Box
from napari_vessel.session import ActivityName
from napari_vessel.widgets._section import Desk

__all__ = ["QueueAhead"]

_REST_MS = 2500  # without anything new before a place is predicted
_OTHERS: tuple[ActivityName, ...] = ("predict", "region", "open", "queue")


class QueueAhead(QObject):
    """Predicts a place at a time with the network in use, where its proposal is of another.

    Parameters
    ----------
    desk
        What is open, and its jobs.
    switch
        Whether a person wants it.
    """

    def __init__(self, desk: Desk, switch: QCheckBox, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._switch = desk, switch
        self._asked: set[tuple[str, Box]] = set()  # once by each network, whatever came of it
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.predict)
        switch.toggled.connect(lambda _on: self.later())
        desk.jobs.changed.connect(self._on_jobs)
        desk.follower.follow(desk.session.events.opened, self._asked.clear)
        desk.link.closing.append(self._timer.stop)

    def later(self) -> None:
        """Predict a place once nothing new has come for a while."""
        self._timer.start(_REST_MS)

    def predict(self) -> None:
        """Predict one of the next places, if the network in use has not and nothing else is.

        Who does not follow the list waits for nothing there; a prediction that is paused stays so.
        """
        session, jobs = self._desk.session, self._desk.jobs
        busy = any(jobs.running(name) for name in _OTHERS) or session.paused_at is not None
        if session.place is None or busy or not self._switch.isChecked():
            return
        box = self._next()
        if box is not None:
            self._asked.add((session.checkpoint, box))
            session.outdated = ()
            focus = self._desk.link.focus()
            jobs.start("predict", lambda: session.predict(focus, box))

    def _next(self) -> Box | None:
        """Return the first place, in the region, that was not asked for yet."""
        session = self._desk.session
        clipped = (box.intersection(session.region) for box in session.outdated)
        return next((b for b in clipped if b and (session.checkpoint, b) not in self._asked), None)

    def _on_jobs(self, name: str) -> None:
        if name in ("predict", "region"):
            self.later()
