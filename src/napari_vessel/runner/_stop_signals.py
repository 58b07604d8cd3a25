"""Hear at once that a process is to end, even while its main thread computes."""

from __future__ import annotations

import select
import signal
import socket
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, Self

__all__ = ["StopSignals"]

_ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)


class StopSignals:
    """Collects SIGTERM, SIGINT and SIGHUP instead of dying of them, while entered.

    Python's own handlers wait for the main thread to leave torch; the system writes each
    signal's number to a socket at once, and another thread can wait there. On another thread
    than the main one nothing is collected: only that one may handle signals.
    """

    def __enter__(self) -> Self:
        self._ear, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)
        self._before: dict[int, Any] = {}
        if current_thread() is main_thread():
            self._wakeup = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
            self._before = {number: signal.signal(number, _note) for number in _ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        if self._before:
            for number, before in self._before.items():
                signal.signal(number, before)
            signal.set_wakeup_fd(self._wakeup)
        self._ear.close()
        self._mouth.close()

    def heard(self, timeout: float) -> int | None:
        """Wait up to ``timeout`` seconds for a signal to end; return which one came, if one did."""
        ready, _, _ = select.select([self._ear], [], [], timeout)
        numbers = self._ear.recv(64) if ready else b""
        return next((number for number in numbers if number in _ENDING), None)


def _note(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: whoever waits at the socket has heard it."""
