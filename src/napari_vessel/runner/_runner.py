"""Run workflows in one resident child process."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Generator
from threading import Lock
from typing import Any

from napari_vessel.errors import ComputeError

from ._compute import ComputeProcess
from ._config import RunnerConfig
from ._messages import Cancel, Pause, Start, pack

__all__ = ["ProcessRunner"]


class ProcessRunner:
    """Runs workflows in a compute process that stays, one per viewer.

    The process holds torch and the networks, at a lower priority than the
    viewer, and serves several workflows turn by turn. If it dies, every
    workflow in it fails with a :class:`~napari_vessel.errors.ComputeError` and
    the next one starts a new process. It ends with the runner, with the
    interpreter, and with the viewer however that ends.

    Parameters
    ----------
    config
        Defaults suit a viewer.
    """

    def __init__(self, config: RunnerConfig | None = None) -> None:
        self._config = config or RunnerConfig()
        self._lock = Lock()
        self._numbers = itertools.count()
        self._process: ComputeProcess | None = None
        self._end: weakref.finalize[[], ProcessRunner] | None = None
        self._closed = False
        self._paused: set[str] = set()
        self._pausing = Lock()

    def start(self) -> None:
        """Start the compute process, which then warms up; returns at once.

        Raises
        ------
        ComputeError
            The process cannot be started, or the runner is closed.
        """
        self._running()

    def run(
        self, workflow: str, request: object, *, priority: int = 0
    ) -> Generator[Any, None, None]:
        """Run a workflow in the compute process; see :meth:`Runner.run`.

        The workflow does not wait until its events are taken; a slow consumer
        lags behind it.

        Raises
        ------
        ComputeError
            Also if the process dies or the runner is closed meanwhile.
        """
        payload = pack(request)
        process, job = self._running(), next(self._numbers)
        process.await_answer()
        with self._pausing:
            if workflow in self._paused:  # it may be a new process
                process.send(Pause(workflow, paused=True))
            inbox = process.open_job(Start(job, workflow, payload, priority))
        try:
            yield from inbox.events()
        finally:
            try:
                if not inbox.over:
                    process.send(Cancel(job))
                    inbox.settle(self._config.cancel_wait_s)
            finally:
                process.forget_job(job)

    def close(self) -> None:
        """End the compute process for good; what still runs in it fails."""
        with self._lock:
            self._closed = True
            end, self._end = self._end, None
        if end is not None:
            end()

    def pause(self, workflow: str, *, paused: bool = True) -> None:
        """Give jobs of ``workflow`` no turn from now on, or again; see :meth:`Runner.pause`."""
        with self._pausing:
            (self._paused.add if paused else self._paused.discard)(workflow)
            process = self._process
            if process is not None and process.alive:
                process.send(Pause(workflow, paused))

    def restart(self) -> None:
        """End a compute process that hangs; what runs in it fails, the next job starts a new one.

        Returns at once.
        """
        process = self._process
        if process is not None and process.alive:
            process.kill("was restarted")

    @property
    def silence_s(self) -> float:
        """Seconds without a sign of life until a person should be told."""
        return self._config.silence_s

    @property
    def alive(self) -> bool:
        """Whether a compute process runs."""
        process = self._process
        return process is not None and process.alive

    @property
    def pid(self) -> int | None:
        """The compute process's number, for reports; None without one."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def _running(self) -> ComputeProcess:
        """Return the process that runs, or a new one."""
        with self._lock:
            if self._closed:
                message = "The viewer's compute process was closed: open a new viewer."
                raise ComputeError(message)
            if self._process is None or not self._process.alive:
                if self._end is not None:
                    self._end.detach()  # that one is dead
                self._process = ComputeProcess(self._config)
                # At exit too. It must not hold the runner, or the runner would never go.
                self._end = weakref.finalize(self, self._process.close)
            return self._process
