"""The compute process's loop: several generators, one thread, turn by turn."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ._failures import packed_error, trace_of
from ._messages import Cancel, Ended, Event, Failed, Ready, Shutdown, Start, pack, unpack
from ._registry import events_of, load

__all__ = ["Server"]


@dataclass(slots=True)
class _Job:
    """A workflow under way, and when it last had its turn."""

    number: int
    workflow: str
    events: Iterator[Any]
    priority: float
    turn: int = 0


class Server:
    """Serves one viewer over one connection until it leaves.

    Parameters
    ----------
    connection
        To the viewer.
    registry
        ``module:attribute`` of the workflows.
    warm_up
        What to import while there is nothing else to do.
    """

    def __init__(self, connection: Connection, registry: str, warm_up: list[str]) -> None:
        self._connection = connection
        self._registry = registry
        # Numbers below zero are no job of the viewer's, which passes their news over.
        self._jobs = {
            number: _Job(number, f"warm up {where}", _imported(where), float("-inf"), number)
            for number, where in enumerate(warm_up, -len(warm_up))
        }
        self._turn = 0

    def serve(self) -> None:
        """Work until the viewer says so, or is no more."""
        try:
            self._send(Ready())
            while self._listen():
                self._advance()
        except EOFError:
            sys.stderr.write("The viewer is gone: the compute process ends.\n")
        finally:
            for job in self._jobs.values():
                self._close(job)

    def _listen(self) -> bool:
        """Take in what has arrived; with no job, wait for one. False: leave."""
        while self._connection.poll(0 if self._jobs else None):
            message = self._receive()
            if isinstance(message, Shutdown):
                return False
            if isinstance(message, Start):
                self._begin(message)
            elif isinstance(message, Cancel) and message.job in self._jobs:
                self._cancel(self._jobs.pop(message.job))
        return True

    def _begin(self, start: Start) -> None:
        """Take a job on; whatever is wrong with it shows in its first turn."""
        events = _unpacked_events(self._registry, start)
        self._jobs[start.job] = _Job(start.job, start.workflow, events, start.priority)

    def _advance(self) -> None:
        """Give the job of highest priority a turn; of equal ones, who waited longest."""
        job = max(self._jobs.values(), key=lambda job: (job.priority, -job.turn))
        self._turn += 1
        job.turn = self._turn
        try:
            message: Event | Ended = Event(job.number, pack(next(job.events)))
        except StopIteration:
            message = Ended(job.number)
        except BaseException as error:  # noqa: BLE001  the process outlives any workflow
            self._fail(job, error)
            return
        if isinstance(message, Ended):
            del self._jobs[job.number]
        self._send(message)

    def _cancel(self, job: _Job) -> None:
        """Close a job's generator and say how that went."""
        error = self._close(job)
        if error is None:
            self._send(Ended(job.number))
        else:
            self._send(Failed(job.number, packed_error(job.workflow, error), trace_of(error)))

    def _fail(self, job: _Job, error: BaseException) -> None:
        """End a job that raised, or whose event cannot be sent."""
        del self._jobs[job.number]
        trace = trace_of(error)
        sys.stderr.write(f"The workflow {job.workflow!r} failed.\n{trace}")
        self._close(job)
        self._send(Failed(job.number, packed_error(job.workflow, error), trace))

    @staticmethod
    def _close(job: _Job) -> BaseException | None:
        """Run a generator's ``finally`` blocks; return what they raised."""
        try:
            if isinstance(job.events, Generator):
                job.events.close()
        except BaseException as error:  # noqa: BLE001  the process outlives any workflow
            sys.stderr.write(f"Closing {job.workflow!r} failed.\n{trace_of(error)}")
            return error
        return None

    def _receive(self) -> object:
        """Read one message; EOFError: the viewer is gone."""
        try:
            return unpack(self._connection.recv_bytes())
        except OSError as error:
            raise EOFError from error

    def _send(self, message: object) -> None:
        """Write one message; EOFError: the viewer is gone."""
        try:
            self._connection.send_bytes(pack(message))
        except OSError as error:
            raise EOFError from error


def _unpacked_events(registry: str, start: Start) -> Iterator[Any]:
    yield from events_of(registry, start.workflow, unpack(start.request))


def _imported(where: str) -> Iterator[Any]:
    """Import something and yield nothing."""
    load(where)
    yield from ()
