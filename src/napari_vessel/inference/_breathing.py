"""Between two batches or blocks: let whoever runs this process do what is more urgent, or end this.

A long step, as scoring a network on many blocks, would else keep the compute process from a
prediction that a person waits for, and from hearing that it is no longer wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from time import monotonic

__all__ = ["breathe", "listen", "note_time_away", "working_time"]

_listener: tuple[int, Callable[[], None]] | None = None
_away_s = 0.0


def breathe() -> None:
    """Call whoever listens on this thread; it may raise to end what is under way."""
    if _listener is not None and _listener[0] == get_ident():
        _listener[1]()


def listen(listener: Callable[[], None] | None) -> None:
    """Let ``listener`` be called between two batches on this thread; None: nobody is."""
    global _listener  # noqa: PLW0603  one compute process, one loop
    _listener = None if listener is None else (get_ident(), listener)


def note_time_away(seconds: float) -> None:
    """Note for how long, in all, what is now at work has waited for others."""
    global _away_s  # noqa: PLW0603  one compute process, one loop
    _away_s = seconds


def working_time() -> float:
    """Return seconds since some moment, less those that others were served or it was paused."""
    return monotonic() - _away_s
