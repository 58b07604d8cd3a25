"""The compute process's loop: several generators, one thread, turn by turn."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic
from typing import Any

from napari_vessel.inference import listen, note_time_away

from ._failures import packed_error, trace_of
from ._messages import (
    Beat,
    Cancel,
    Ended,
    Event,
    Failed,
    Pause,
    Ready,
    Shutdown,
    Start,
    pack,
    unpack,
)
from ._registry import events_of, load
from ._shares import Shares

__all__ = ["Server"]

_BEAT_S = 1.0


class _Interrupted(GeneratorExit):
    """The job whose turn it is is no longer wanted: to its workflow as if it were closed."""


@dataclass(slots=True)
class _Job:
    """A workflow under way, and when it last had its turn."""

    number: int
    workflow: str
    events: Iterator[Any]
    priority: float
    turn: int = 0
    cancelled: bool = False  # in the middle of its turn
    left: float | None = None  # when its last turn ended
    away: float = 0.0  # seconds that it has waited for others, or was paused


class Server:
    """Serves one viewer over one connection until it leaves.

    A job of higher priority is served between two events of another, and between two batches
    in the middle of a long one (see ``breathe``); there a cancelled one ends, and one whose
    workflow is paused waits, while all others are served.

    Parameters
    ----------
    connection
        To the viewer.
    registry
        ``module:attribute`` of the workflows.
    warm_up
        What to import while there is nothing else to do.
    shares
        What of the machine jobs may have.
    """

    def __init__(
        self,
        connection: Connection,
        registry: str,
        warm_up: list[str],
        shares: Shares | None = None,
    ) -> None:
        self._connection = connection
        self._registry = registry
        self._shares = shares or Shares()
        # Numbers below zero are no job of the viewer's, which passes their news over.
        self._jobs = {
            number: _Job(number, f"warm up {where}", _imported(where), float("-inf"), number)
            for number, where in enumerate(warm_up, -len(warm_up))
        }
        self._turn = 0
        self._at_work: list[_Job] = []  # each served in the middle of the one before
        self._paused: set[str] = set()
        self._leaving = False
        self._sending, self._over = Lock(), Flag()
        self._began = monotonic()

    def serve(self) -> None:
        """Work until the viewer says so, or is no more."""
        beating = Thread(target=self._beat, name="heartbeat", daemon=True)
        try:
            self._send(Ready())
            beating.start()
            listen(self._breathe)
            while self._listen(wait=True):
                self._advance()
        except EOFError:
            sys.stderr.write("The viewer is gone: the compute process ends.\n")
        finally:
            listen(None)
            self._over.set()
            for job in self._jobs.values():
                self._close(job)

    def _listen(self, *, wait: bool) -> bool:
        """Take in what has arrived; with nothing to do, wait for it. False: leave."""
        while not self._leaving and self._connection.poll(self._patience(wait=wait)):
            message = self._receive()
            if isinstance(message, Shutdown):
                self._leaving = True
            elif isinstance(message, Start):
                self._begin(message)
            elif isinstance(message, Pause):
                (self._paused.add if message.paused else self._paused.discard)(message.workflow)
            elif isinstance(message, Cancel) and message.job in self._jobs:
                self._cancel(self._jobs[message.job])
        return not self._leaving

    def _patience(self, *, wait: bool) -> float | None:
        """Return how long to wait for a message: for ever where there is nothing to do."""
        if not wait or self._next() is not None:
            return 0
        return None if all(map(self._is_held, self._at_work[-1:])) else 0

    def _is_held(self, job: _Job) -> bool:
        """Tell whether a job that is at work is to rest in the middle of its turn."""
        return job.workflow in self._paused and not job.cancelled

    def _next(self) -> _Job | None:
        """Return the job of highest priority; of equal ones, the one that waited longest.

        In the middle of another job's turn only what is more urgent than that, or any if it rests.
        """
        busy = [job for job in self._at_work[-1:] if not self._is_held(job)]
        above = busy[0].priority if busy else None
        ready = [
            job
            for job in self._jobs.values()
            if job.workflow not in self._paused
            and job not in self._at_work
            and (above is None or job.priority > above)
        ]
        return max(ready, key=lambda job: (job.priority, -job.turn), default=None)

    def _begin(self, start: Start) -> None:
        """Take a job on; whatever is wrong with it shows in its first turn."""
        events = _unpacked_events(self._registry, start)
        self._jobs[start.job] = _Job(start.job, start.workflow, events, start.priority)

    def _advance(self) -> bool:
        """Give the next job a turn, if there is one."""
        job = self._next()
        if job is None:
            return False
        self._turn += 1
        job.turn = self._turn
        self._at_work.append(job)
        message: Event | Ended | None = None
        try:
            message = self._stepped(job)
        except _Interrupted:
            if self._leaving:  # it did not end: whoever closes the process tells why
                return False
            message = Ended(job.number)
        except BaseException as error:  # noqa: BLE001  the process outlives any workflow
            self._fail(job, error)
        finally:
            self._at_work.pop()
        if not isinstance(message, Event):
            self._end(job)  # here the error is gone, and with it the frames that held memory
        if message is None:
            return True
        self._send(message)
        if job.cancelled and isinstance(message, Event):  # it heard of it too late in its turn
            job.cancelled = False
            self._cancel(job)
        return True

    def _stepped(self, job: _Job) -> Event | Ended:
        """Ask a job for its next event."""
        self._shares.give(job.priority)
        self._began = monotonic()
        job.away += self._began - job.left if job.left is not None else 0.0
        note_time_away(job.away)
        try:
            return Event(job.number, pack(next(job.events)))
        except StopIteration:
            return Ended(job.number)
        finally:
            job.left = monotonic()

    def _breathe(self) -> None:
        """In the middle of a turn: hear what there is, and serve what is more urgent.

        Here a job that is paused rests.

        Raises
        ------
        _Interrupted
            The job at work is no longer wanted.
        """
        job = self._at_work[-1]
        began, now = self._began, monotonic()
        try:
            while (
                self._listen(wait=True)
                and not job.cancelled
                and (self._advance() or self._is_held(job))
            ):
                pass
        except EOFError:  # the loop itself meets it again
            self._leaving = True
        self._shares.give(job.priority)
        away = monotonic() - now
        self._began = began + away  # a step that rested, or let others go first, is no long one
        job.away += away
        note_time_away(job.away)
        if job.cancelled or self._leaving:
            raise _Interrupted

    def _cancel(self, job: _Job) -> None:
        """Close a job's generator and say how that went; one in its turn ends at a breath."""
        if job in self._at_work:
            job.cancelled = True
            return
        error = self._close(job)
        self._end(job)
        if error is None:
            self._send(Ended(job.number))
        else:
            self._send(Failed(job.number, packed_error(job.workflow, error), trace_of(error)))

    def _fail(self, job: _Job, error: BaseException) -> None:
        """End a job that raised, or whose event cannot be sent."""
        trace = trace_of(error)
        sys.stderr.write(f"The workflow {job.workflow!r} failed.\n{trace}")
        self._close(job)
        self._jobs.pop(job.number, None)
        self._send(Failed(job.number, packed_error(job.workflow, error), trace))

    def _end(self, job: _Job) -> None:
        """Forget a job, and give back what it held."""
        self._jobs.pop(job.number, None)
        job.events = iter(())
        self._shares.take_back()

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
            with self._sending:
                self._connection.send_bytes(pack(message))
        except OSError as error:
            raise EOFError from error

    def _beat(self) -> None:
        """Tell the viewer that the process lives, on a thread of its own."""
        with suppress(EOFError, ValueError):  # the loop meets it too
            while not self._over.wait(_BEAT_S):
                busy = any(not self._is_held(job) for job in self._at_work[-1:])
                self._send(Beat(monotonic() - self._began if busy else 0.0))


def _unpacked_events(registry: str, start: Start) -> Iterator[Any]:
    yield from events_of(registry, start.workflow, unpack(start.request))


def _imported(where: str) -> Iterator[Any]:
    """Import something and yield nothing."""
    load(where)
    yield from ()
