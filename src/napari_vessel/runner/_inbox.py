"""The news of one job, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from napari_vessel.errors import ComputeError, VesselError

from ._messages import Ended, Event, Failed, unpack

__all__ = ["HEARTBEAT_S", "Gone", "Heartbeat", "Inbox"]

HEARTBEAT_S = 0.25


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """No news of the job, which goes on.

    For ``silent_s`` seconds its process has given no sign of life: it hangs, or the machine
    is overloaded. The step that is under way lasts ``step_s`` so far.
    """

    silent_s: float = 0.0
    step_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """The process ended: why, and what it printed last."""

    reason: str
    output: str


class Inbox:
    """What the compute process says about one job; ``pulse`` tells how the process is."""

    def __init__(self, pulse: Callable[[], Heartbeat] = Heartbeat) -> None:
        self._pulse = pulse
        self._news: SimpleQueue[object] = SimpleQueue()
        self.over = False

    def put(self, message: object) -> None:
        """Add a message; any thread may."""
        self._news.put(message)

    def events(self) -> Iterator[Any]:
        """Yield events until the job is over; raise the error that ended it.

        While the job says nothing a :class:`Heartbeat` comes now and then, so
        that whoever relays events can stop asking at once.
        """
        while not self.over:
            try:
                message = self._news.get(timeout=HEARTBEAT_S)
            except Empty:
                yield self._pulse()
                continue
            if isinstance(message, Event):
                yield unpack(message.event)
            else:
                self._end(message)

    def settle(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds for a cancelled job to end.

        Raises
        ------
        VesselError
            What the workflow raised instead of ending.
        """
        deadline = time.monotonic() + timeout
        while not self.over:
            try:
                message = self._news.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return
            if isinstance(message, Gone):
                self.over = True  # which is what was asked for
            elif not isinstance(message, Event):
                self._end(message)

    def _end(self, message: object) -> None:
        """Take the last message of a job; raise what it brings."""
        self.over = True
        if isinstance(message, Failed):
            raise _with_note(unpack(message.error), "In the compute process:", message.trace)
        if isinstance(message, Gone):
            error = ComputeError(message.reason)
            raise _with_note(error, "It printed last:", message.output)
        if not isinstance(message, Ended):
            text = f"The compute process sent {message!r}, which means nothing here."
            raise ComputeError(text)


def _with_note(error: VesselError, title: str, text: str) -> VesselError:
    """Add what a report needs and a message does not."""
    if text:
        error.add_note(f"{title}\n{text}")
    return error
