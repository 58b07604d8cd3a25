"""Work on a job to its end, or until it is no longer wanted."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from napari_vessel.errors import VesselError
from napari_vessel.project import JobRecord, JobState
from napari_vessel.workflows import Progress, discard_unfinished

from ._attendant import Attendant

__all__ = ["JobStopped", "work_on"]

_log = logging.getLogger(__name__)
_POLL_S = 0.3


@dataclass(frozen=True, slots=True)
class JobStopped:
    """A job was left before its end, as was asked; ``interrupted``: by Ctrl-C."""

    state: JobState
    sentence: str
    interrupted: bool = False


def work_on(
    record: JobRecord | None,
    make: Callable[[], Generator[Any, None, None]],
    *,
    in_turn: bool = False,
    lifeline: bool = False,
) -> Iterator[Any]:
    """Relay the events of a job's workflow, keeping its record and obeying what is asked.

    A wish to pause or cancel, SIGTERM and Ctrl-C end it after the event that is under way,
    and :class:`JobStopped` is the last event. What is done stays on the disk, but for a cancel.

    Parameters
    ----------
    record
        None: only signals are obeyed.
    make
        Makes the workflow's generator.
    in_turn
        Wait until no other job of this person's works on this machine.
    lifeline
        End when standard input does, unless the job goes on without its viewer.

    Raises
    ------
    ProjectBusyError
        Another process works on the job.
    """
    if record is None:
        with Attendant(None) as attendant:
            yield from _relayed(attendant, make)
            if attendant.stop and attendant.status.state == "running":
                yield _left(attendant, "stopped")
        return
    with record.held(), Attendant(record, lifeline=lifeline) as attendant:
        try:
            with _Turn(attendant, wanted=in_turn) as turn:
                yield from turn.awaited()
                yield from _relayed(attendant, make)
            if attendant.stop and attendant.status.state in ("running", "waiting"):
                yield _stopped(attendant, record)
        except GeneratorExit:
            attendant.say_left("stopped")
            raise
        except BaseException as error:
            if error.__cause__ or not isinstance(error, VesselError):
                _log.error("The job failed", exc_info=error)  # where, for a report
            attendant.say("failed", _text(error))
            raise


def _relayed(attendant: Attendant, make: Callable[[], Generator[Any, None, None]]) -> Iterator[Any]:
    if attendant.stop:
        return
    with closing(make()) as events:
        for event in events:
            attendant.note(event)
            yield event
            if attendant.stop:
                return


def _stopped(attendant: Attendant, record: JobRecord) -> JobStopped:
    if attendant.stop == "cancel":
        discard_unfinished(record.out)
        return _left(attendant, "cancelled")
    return _left(attendant, "paused" if attendant.stop == "pause" else "stopped")


def _left(attendant: Attendant, state: JobState) -> JobStopped:
    attendant.say_left(state)
    return JobStopped(state, attendant.status.what, attendant.interrupted)


class _Turn:
    """The right to work, one job of a person's at a time on a machine: memory is for one."""

    def __init__(self, attendant: Attendant, *, wanted: bool) -> None:
        self._attendant, self._wanted = attendant, wanted
        folder = Path(platformdirs.user_data_dir("napari-vessel"))
        self._lock = FileLock(folder / f".job-turn-{socket.gethostname()}.lock")

    def __enter__(self) -> _Turn:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def awaited(self) -> Iterator[Progress]:
        """Wait for the turn, or for the wish to stop."""
        if not self._wanted:
            return
        Path(self._lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        told = False
        while not self._attendant.stop:
            try:
                self._lock.acquire(timeout=_POLL_S)
            except Timeout:
                if not told:
                    what = "Waiting for another job on this machine to end"
                    self._attendant.say("waiting", what)
                    yield Progress(0, 1, "blocks", what)
                told = True
            else:
                self._attendant.say("running", "Starting")
                return


def _text(error: BaseException) -> str:
    if isinstance(error, VesselError):
        return f"Failed: {error}"
    return f"Failed on an unforeseen error: {type(error).__name__}: {error}. See log.txt."
