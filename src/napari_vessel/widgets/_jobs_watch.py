"""Looks after a session's jobs beside the GUI thread: they lie on the disk, which may be slow."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any

from qtpy.QtCore import (  # type: ignore[attr-defined]  # qtpy renames Signal
    QCoreApplication,
    QObject,
    Signal,
)

from napari_vessel.errors import VesselError
from napari_vessel.session import Job, Session
from napari_vessel.widgets._worker import EventWorker

__all__ = ["JobsWatch"]

_POLL_S = 0.7
_CLOSE_S = 3.0


class JobsWatch(QObject):
    """Does what is asked, one after the other, and lists the jobs now and then.

    Signals arrive on the GUI thread.
    """

    listed = Signal(object)  # tuple[Job, ...], where it changed
    done = Signal(str)  # what was asked is done, as a sentence
    failed = Signal(object)  # the error of what was asked

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._wanted: SimpleQueue[tuple[Callable[[], object], str] | None] = SimpleQueue()
        self._workers: list[EventWorker] = []
        self._closed = False
        self._run(self._look, self._deliver)

    def ask(self, act: Callable[[], object], told: str) -> None:
        """Do ``act`` on the watch's thread, list the jobs, and say ``told``."""
        self._wanted.put((act, told))

    def aside(
        self, make: Callable[[], Generator[Any, None, None]], take: Callable[[Any], None]
    ) -> None:
        """Relay the events of something longer to ``take``, on a worker of its own."""
        self._run(make, take)

    def close(self) -> None:
        """Stop looking; waits a moment for what is under way, never for long."""
        self._closed = True
        for worker in self._workers:
            worker.quit()
        self._wanted.put(None)
        deadline = monotonic() + _CLOSE_S
        while self._workers and monotonic() < deadline:
            sleep(0.01)
            QCoreApplication.sendPostedEvents()

    def _run(
        self, make: Callable[[], Generator[Any, None, None]], take: Callable[[Any], None]
    ) -> None:
        worker = EventWorker(make)
        self._workers.append(worker)
        worker.yielded.connect(partial(self._relay, take))
        worker.errored.connect(self._fail)
        worker.finished.connect(partial(self._workers.remove, worker))
        worker.start()

    def _relay(self, take: Callable[[Any], None], event: object) -> None:
        if not self._closed:
            take(event)

    def _deliver(self, event: object) -> None:
        if isinstance(event, tuple):
            self.listed.emit(event)
        elif isinstance(event, Exception):
            self._fail(event)
        elif isinstance(event, str):
            self.done.emit(event)

    def _fail(self, error: Exception) -> None:
        if not self._closed:
            self.failed.emit(error)

    # -- on the watch's thread -------------------------------------------------

    def _look(self) -> Generator[object, None, None]:
        """Yield lists of jobs, sentences and errors; None where there is no news."""
        shown: tuple[Job, ...] | None = None
        trouble = ""
        while True:
            yield self._act()
            try:
                jobs = self._session.jobs()
            except (VesselError, OSError) as error:
                yield error if str(error) != trouble else None  # once, not every second
                trouble = str(error)
                continue
            trouble = ""
            if jobs != shown:
                shown = jobs
                yield jobs

    def _act(self) -> object:
        try:
            wanted = self._wanted.get(timeout=_POLL_S)
        except Empty:
            return None
        if wanted is None:
            return None
        act, told = wanted
        try:
            act()
        except (VesselError, OSError) as error:
            return error
        return told
