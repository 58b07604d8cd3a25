"""How long a prediction will still take, by the pixels that are left to predict."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from napari_vessel.geometry import Box
from napari_vessel.inference import pixels_of
from napari_vessel.workflows._events import Progress

if TYPE_CHECKING:
    from napari_vessel.workflows._blocks import BlockRun

__all__ = ["Clock"]

_WINDOW = 0.25  # of the time so far: its speed counts, as the machine may be slower by now
_LEAST_SECONDS = 20.0  # of such a window


class Clock:
    """Turns how much of the work is done into progress and time left.

    Parameters
    ----------
    run
        What is predicted.
    before : int
        Blocks that are done already.
    left : sequence of Box
        Those that are not.
    now : callable
        The time, in seconds.
    """

    def __init__(
        self, run: BlockRun, before: int, left: Sequence[Box], now: Callable[[], float] = monotonic
    ) -> None:
        self._before, self._count, self._ended, self._now = before, len(left), 0, now
        self._work = {block: pixels_of(block, run.bounds, run.config) for block in left}
        self._total, self._done = sum(self._work.values()), 0
        self._seen: deque[tuple[float, float]] = deque([(now(), 0.0)])
        self._started = self._seen[0][0]

    def progress(self, block: Box, part: float) -> Progress:
        """Tell the progress when ``part`` (0 to 1) of a block is done."""
        done = self._done + part * self._work[block]
        left = self._seconds_left(done)
        blocks = self._before + self._ended + part
        return Progress(blocks, self._before + self._count, "blocks", "Predicting", left)

    def end(self, block: Box) -> None:
        """Count a block as done."""
        self._done += self._work[block]
        self._ended += 1

    def _seconds_left(self, done: float) -> float | None:
        now = self._now()
        window = max(_WINDOW * (now - self._started), _LEAST_SECONDS)
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - window:
            self._seen.popleft()
        (then, had), fresh = self._seen[0], self._seen[-1][1]
        return (now - then) * (self._total - fresh) / (fresh - had) if fresh > had else None
