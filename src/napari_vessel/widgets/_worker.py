"""The one bridge from a generator of events to Qt."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from threading import Thread
from typing import Any

from napari.qt.threading import GeneratorWorkerSignals, WorkerBase

__all__ = ["EventWorker"]


class EventWorker(WorkerBase):  # type: ignore[misc]  # napari ships no types
    """Run a generator on a thread; every error reaches ``errored``.

    napari's own generator worker swallows every ``RuntimeError``: neither
    ``errored`` nor ``finished`` is emitted. Here ``yielded`` brings each event,
    then exactly one of ``returned``, ``aborted`` and ``errored``, then
    ``finished``. To quit is to stop asking: after the event that is under way
    the generator is closed, on its own thread.

    Parameters
    ----------
    start
        Makes the generator. Called on the worker's thread.
    """

    def __init__(self, start: Callable[[], Generator[Any, None, None]]) -> None:
        super().__init__(SignalsClass=GeneratorWorkerSignals)
        self._start = start

    def start(self) -> None:
        """Work on a thread of its own that no end waits for.

        Qt's thread pool, which superqt takes, is waited for when napari ends: for ever, if a
        server hangs and a generator never yields.
        """
        self._worker_set.add(self)
        self._finished.connect(self._set_discard)
        Thread(target=self.run, name="napari-vessel worker", daemon=True).start()

    def work(self) -> None:
        """Relay events until the generator ends or someone quits."""
        with closing(self._start()) as events:
            for event in events:
                self.yielded.emit(event)
                if self.abort_requested:
                    break
        if self.abort_requested:
            self.aborted.emit()

    def run(self) -> None:
        """Work, and tell how it ended; called on a thread of its own.

        superqt's own catches warnings meanwhile, which is process-wide: a long
        job would swallow the viewer's warnings, and two that overlap leave
        ``warnings.showwarning`` with one that is gone.
        """
        self.started.emit()
        self._running = True
        try:
            self.work()
            if not self.abort_requested:
                self.returned.emit(None)
        except Exception as error:  # noqa: BLE001  whatever it is, a person must hear of it
            self.errored.emit(error)
        self._running = False
        self.finished.emit()
        self._finished.emit(self)
