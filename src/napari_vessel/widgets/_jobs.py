"""The session's long work, each on a worker thread; its events delivered on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from time import monotonic, sleep
from typing import Any

from qtpy.QtCore import (  # type: ignore[attr-defined]  # qtpy renames Signal
    QCoreApplication,
    QObject,
    Signal,
)

from napari_vessel.session import ActivityName, Opened, Session
from napari_vessel.widgets._worker import EventWorker

__all__ = ["Jobs"]

_CLOSE_SECONDS = 5.0


class Jobs(QObject):
    """Runs at most one job of each activity; what arrives after a cancel is not shown."""

    changed = Signal(str)  # the activity's name: a job of it began, or nothing of it runs any more

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._workers: dict[ActivityName, EventWorker] = {}
        self._pausing: set[ActivityName] = set()

    def running(self, name: ActivityName) -> bool:
        """Tell whether a job of activity ``name`` has begun and not ended."""
        return name in self._workers

    def start(
        self,
        name: ActivityName,
        make: Callable[[], Generator[Any, None, None]],
        then: Callable[[], None] | None = None,
    ) -> EventWorker | None:
        """Start a job; None where one of that name is still running.

        Parameters
        ----------
        name
            The activity.
        make
            Makes the session's generator; called on the worker's thread.
        then
            Called on the GUI thread if it came to its end: not after a failure, nor a cancel.
        """
        if name in self._workers:
            return None
        worker = EventWorker(make)
        self._workers[name] = worker
        worker.yielded.connect(partial(self._deliver, worker))
        if then is not None:
            worker.returned.connect(lambda _nothing: worker.abort_requested or then())
        worker.errored.connect(partial(self._failed, name, worker))
        worker.aborted.connect(partial(self._aborted, name))
        worker.finished.connect(partial(self._end, name))
        worker.start()
        self.changed.emit(name)
        return worker

    def cancel(self, name: ActivityName) -> None:
        """Ask a job to stop; it does after the event that is under way."""
        self._pausing.discard(name)
        if name in self._workers:
            self._workers[name].quit()

    def pause(self, name: ActivityName) -> None:
        """Ask a job to stop for now; it does after the event that is under way."""
        if name in self._workers:
            self._pausing.add(name)
            self._workers[name].quit()

    def close(self) -> None:
        """Stop all jobs and wait for their threads, a few seconds at most."""
        for worker in self._workers.values():
            worker.quit()
        deadline = monotonic() + _CLOSE_SECONDS
        while self._workers and monotonic() < deadline:
            sleep(0.02)
            QCoreApplication.sendPostedEvents()
        self._workers.clear()

    def _deliver(self, worker: EventWorker, event: Any) -> None:  # noqa: ANN401
        if not worker.abort_requested:
            ended = self._session.ended_by(event) if isinstance(event, Opened) else ()
            self._session.deliver(event)
            for name in ended:
                self.cancel(name)
        elif isinstance(event, Opened):
            event.corrections.close()  # nobody else holds its journal

    def _end(self, name: ActivityName) -> None:
        self._workers.pop(name, None)
        self._pausing.discard(name)
        self.changed.emit(name)

    def _failed(self, name: ActivityName, worker: EventWorker, error: Exception) -> None:
        if worker.abort_requested:
            self._aborted(name)  # what it met while ending is no news
        else:
            self._session.failed(name, error)

    def _aborted(self, name: ActivityName) -> None:
        session = self._session
        (session.stopped_for_now if name in self._pausing else session.cancelled)(name)
