"""How long a prediction will still take, by the pixels that are left to predict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from napari_vessel.geometry import Box
from napari_vessel.inference import pixels_of
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._time_left import TimeLeft

if TYPE_CHECKING:
    from napari_vessel.workflows._blocks import BlockRun

__all__ = ["Clock"]


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
        self._before, self._count, self._ended = before, len(left), 0
        self._work = {block: pixels_of(block, run.bounds, run.config) for block in left}
        self._done = 0
        self._left = TimeLeft(sum(self._work.values()), now=now)

    def progress(self, block: Box, part: float) -> Progress:
        """Tell the progress when ``part`` (0 to 1) of a block is done."""
        done = self._done + part * self._work[block]
        left = self._left.at(done)
        blocks = self._before + self._ended + part
        return Progress(blocks, self._before + self._count, "blocks", "Predicting", left)

    def end(self, block: Box) -> None:
        """Count a block as done."""
        self._done += self._work[block]
        self._ended += 1
