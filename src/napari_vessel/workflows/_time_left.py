"""How long something will still take, by how much of it is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

__all__ = ["TimeLeft"]

_WINDOW = 0.25  # of the time so far: its speed counts, as the machine may be slower by now
_LEAST_SECONDS = 20.0  # of such a window


class TimeLeft:
    """Turns how much of the work is done into seconds left.

    Parameters
    ----------
    total : float
        All of the work, in any unit.
    done : float
        What of it was done before.
    now : callable
        The time, in seconds.
    """

    def __init__(
        self, total: float, done: float = 0.0, now: Callable[[], float] = monotonic
    ) -> None:
        self._total, self._now = total, now
        self._seen: deque[tuple[float, float]] = deque([(now(), done)])
        self._started = self._seen[0][0]

    def at(self, done: float) -> float | None:
        """Return the seconds left when ``done`` of the work is; None where nobody can tell."""
        now = self._now()
        window = max(_WINDOW * (now - self._started), _LEAST_SECONDS)
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - window:
            self._seen.popleft()
        (then, had), fresh = self._seen[0], self._seen[-1][1]
        return (now - then) * (self._total - fresh) / (fresh - had) if fresh > had else None
