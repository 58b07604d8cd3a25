"""The one bridge from a generator of events to Qt."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
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

    def work(self) -> None:
        """Relay events until the generator ends or someone quits."""
        with closing(self._start()) as events:
            for event in events:
                self.yielded.emit(event)
                if self.abort_requested:
                    break
        if self.abort_requested:
            self.aborted.emit()
