"""Stands beside a job at work: keeps its record, and hears when it is no longer wanted."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import ExitStack, suppress
from threading import Event, RLock, Thread
from typing import Any, Literal, Self

from napari_vessel.errors import WriteError
from napari_vessel.project import LISTED_FAILURES as LISTED
from napari_vessel.project import FailedBlock, JobRecord, JobState, JobStatus
from napari_vessel.workflows import BlockFailed, JobBegun, Progress, Proposed

from ._stop_signals import StopSignals

__all__ = ["Attendant", "Why"]

_log = logging.getLogger(__name__)

Why = Literal["pause", "cancel", "end"]
_TICK_S, _TOLD_S, _HEARTBEAT_S = 0.2, 1.0, 10.0
# How long a step may take to come to its end: one batch of tiles is a second at most. What is
# done is on the disk at any time, so a step that hangs is left standing.
_PATIENCE_S = {"end": 1.4, "pause": 20.0, "cancel": 20.0}
_INTERRUPTED = 130  # what shells expect after Ctrl-C
_LEFT: dict[Why, JobState] = {"pause": "paused", "cancel": "stopped", "end": "stopped"}
_SENTENCES: dict[JobState, str] = {
    "paused": "Paused. What is done is kept.",
    "stopped": "Stopped. What is done is kept.",
    "cancelled": "Cancelled. What was done is deleted.",
}


class Attendant:
    """Watches on a thread of its own while the main thread works.

    Parameters
    ----------
    record
        Kept up to date, at most once a second; None: only signals are heard.
    lifeline
        Standard input's end is the viewer's end: the job ends with it, unless it goes on.
    """

    def __init__(self, record: JobRecord | None, *, lifeline: bool = False) -> None:
        self._record, self._lifeline = record, lifeline
        before = record.told if record else JobStatus()
        self._status = before.model_copy(
            update={"state": "running", "pid": os.getpid(), "started": time.time()}
            | {"host": JobStatus().host, "seconds_left": None, "what": "Starting"}
        )
        self._lock, self._over, self._open = RLock(), Event(), ExitStack()
        self._stop: Why | None = None
        self._interrupted = False
        self._deadline = self._told = 0.0
        self._changed = True

    def __enter__(self) -> Self:
        self._signals = self._open.enter_context(StopSignals())
        self._tell()
        self._thread = Thread(target=self._watch, name="job attendant", daemon=True)
        self._thread.start()
        if self._lifeline:
            Thread(target=self._await_viewer, name="job lifeline", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._open.close()

    @property
    def stop(self) -> Why | None:
        """Why the job is to stop now, if it is."""
        return self._stop

    @property
    def interrupted(self) -> bool:
        """Whether it was Ctrl-C that ends the job."""
        return self._interrupted

    @property
    def status(self) -> JobStatus:
        """How far the job is."""
        return self._status

    def say(self, state: JobState, what: str) -> None:
        """Tell a state at once, whole: also the last one."""
        with self._lock:
            self._set(state=state, what=what, seconds_left=None)
            self._tell()

    def say_left(self, state: JobState) -> None:
        """Tell that the job was left before its end."""
        self.say(state, _SENTENCES[state])

    def note(self, event: Any) -> None:  # noqa: ANN401  any workflow's event
        """Take what an event of the job tells."""
        with self._lock:
            if isinstance(event, Progress):
                self._progress(event)
            elif isinstance(event, JobBegun):
                self._set(total=event.blocks, done=event.done)
                self._set(failed=(), failed_blocks=0)  # they are tried again
                if self._record:
                    self._record.keep_recipe(event.recipe)
            elif isinstance(event, BlockFailed):
                self._set_failed((*self._status.failed, _failed(event)), more=1)
            elif isinstance(event, Proposed):
                self._ended(event)

    # -- what is told ----------------------------------------------------------

    def _progress(self, event: Progress) -> None:
        if event.unit == "blocks" and event.total == self._status.total:
            done = max(event.done, self._status.done)  # writing counts anew, from the start
            self._set(done=done, what=event.what, seconds_left=event.seconds_left)
        else:
            self._set(what=event.what, seconds_left=event.seconds_left)

    def _ended(self, event: Proposed) -> None:
        done = event.blocks - len(event.failed)
        self._set(done=done, total=event.blocks)
        self._set_failed(tuple(map(_failed, event.failed)))
        self._status = self._status.model_copy(update={"failed_blocks": len(event.failed)})
        if event.state == "complete":
            missing = event.missing_chunks
            holes = f" {missing} chunks were missing and taken as their fill value."
            self.say("complete", "Complete." + holes * bool(missing))
        else:
            failed = f"{len(event.failed)} block{'s' * (len(event.failed) > 1)} failed"
            self.say("partial", f"Partial {done}/{event.blocks}: {failed}; resume to try again.")

    def _set_failed(self, failed: tuple[FailedBlock, ...], more: int = 0) -> None:
        self._set(failed=failed[:LISTED], failed_blocks=self._status.failed_blocks + more)

    def _set(self, **changes: object) -> None:
        self._status = self._status.model_copy(update=changes)
        self._changed = True

    def _tell(self) -> None:
        """Write the status; a full disk is told by the work itself, not by its record."""
        with self._lock:
            self._told, self._changed = time.monotonic(), False
            if self._record:
                try:
                    now = {"heartbeat": time.time()}
                    self._record.write_status(self._status.model_copy(update=now))
                except WriteError as error:
                    _log.warning("How far the job is cannot be kept: %s", error)

    # -- on the attendant's thread ---------------------------------------------

    def _watch(self) -> None:
        while not self._over.is_set():
            if (number := self._signals.heard(_TICK_S)) is not None:
                self._interrupted |= number == signal.SIGINT
                self._ask_to_stop("end", again=self._stop == "end")
            self._look_for_wishes()
            if self._stop and time.monotonic() > self._deadline:
                self._leave_standing()
            age = time.monotonic() - self._told
            if age > _HEARTBEAT_S or (self._changed and age > _TOLD_S):
                self._tell()

    def _look_for_wishes(self) -> None:
        wish = self._record.control.wish if self._record else "run"
        if self._stop is None and wish != "run":
            self._ask_to_stop(wish)

    def _ask_to_stop(self, why: Why, *, again: bool = False) -> None:
        self._stop = why
        self._deadline = time.monotonic() + (0 if again else _PATIENCE_S[why])

    def _leave_standing(self) -> None:
        """End the process under a step that does not come to its end."""
        if self._over.is_set() or self._stop is None:
            return
        with self._lock:
            self.say_left(_LEFT[self._stop])
            with suppress(OSError):  # not sys.stderr, which the main thread may hold
                os.write(2, f"{self._status.what} Run it again to go on.\n".encode())
            os._exit(_INTERRUPTED if self._interrupted else 1)

    def _await_viewer(self) -> None:
        with suppress(OSError):
            while os.read(0, 1):  # not sys.stdin, whose lock would outlive this thread
                pass
        if self._record and not self._record.control.goes_on and self._stop is None:
            self._ask_to_stop("end")


def _failed(event: BlockFailed) -> FailedBlock:
    return FailedBlock(box=str(event.box), reason=event.reason)
