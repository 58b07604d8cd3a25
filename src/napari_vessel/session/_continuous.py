"""When a project that trains by itself begins a round, and when it rests. No Qt, no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from napari_vessel.training import ContinuousConfig
from napari_vessel.workflows import Retrained

__all__ = ["Continuous", "ContinuousState", "Situation"]

ContinuousState = Literal["off", "waiting", "training", "held", "resting", "failed"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What goes on when it is asked whether a round may begin.

    Parameters
    ----------
    reviewed
        Voxels that a person reviewed.
    predicting
        Whether the machine is needed for a proposal that a person waits for.
    in_stroke
        Whether the mouse is down.
    training
        Whether a training runs already.
    """

    reviewed: int
    predicting: bool = False
    in_stroke: bool = False
    training: bool = False


class Continuous:
    """Trains whenever there is something new, until it brings no more; wakes at corrections.

    A round is one training and one comparison with the network in use. Rounds on the same
    corrections get longer and go on from one another; after some without a better network, or
    some time, it rests. Whoever follows asks :meth:`due` now and then, begins what it says, and
    tells how that ended.

    Parameters
    ----------
    config
        Lengths and patience.
    clock
        Seconds since some moment.
    """

    def __init__(
        self, config: ContinuousConfig | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self.config = config or ContinuousConfig()
        self.state: ContinuousState = "off"
        self._clock = clock
        self._why = ""
        self._begin_anew()

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return self.state not in {"off", "failed"}

    @property
    def rounds(self) -> int:
        """Rounds that ended since the last correction."""
        return self._rounds

    @property
    def lacks(self) -> bool:
        """Whether nothing of what is reviewed may be learned from."""
        return bool(self._lacking)

    @property
    def goes_on(self) -> bool:
        """Whether the next round goes on from the last one."""
        return self._trained

    @property
    def sentence(self) -> str:
        """Say what it does, or waits for."""
        return {
            "off": "",
            "waiting": self._lacking or "Trains as soon as something is corrected.",
            "training": f"Training, round {self._rounds + 1} on these corrections.",
            "held": "Training waits while you predict or paint.",
            "resting": f"Rests: {self._why}. It wakes when you correct something.",
            "failed": f"Stopped, as training failed {self._failures} times: {self._why}",
        }[self.state]

    def switch(self, *, on: bool) -> None:
        """Switch it on, to begin at once if anything is reviewed, or off."""
        self._begin_anew()
        self.state = "waiting" if on else "off"

    def news(self) -> None:
        """Note that something was corrected: it wakes, and is patient anew."""
        self._changed = self._clock()
        self._fresh, self._lacking = True, ""
        if self.state == "resting":
            self.state = "waiting"

    def due(self, now: Situation) -> float | None:
        """Return the minutes of the round to begin now; None where none is to."""
        if not self.on or self.state == "training" or now.training:
            return None
        if now.reviewed == 0 or self._lacking:
            self.state = "waiting"
            return None
        if not self._fresh and self._tired():
            self.state = "resting"
            return None
        if now.predicting or now.in_stroke:
            self.state = "held"
            return None
        if self._clock() - self._changed < self.config.settle_seconds:
            return None
        return self.config.minutes_of(0 if self._fresh else self._rounds)

    def begun(self) -> None:
        """Note that a round began."""
        if self._fresh:
            self._rounds, self._idle, self._gained = 0, 0, self._clock()
        self._fresh = False
        self.state = "training"

    def ended(self, result: Retrained) -> None:
        """Note what came of a round."""
        self._failures, self._trained = 0, True
        self._rounds += 1
        if result.adopted:
            self._idle, self._gained = 0, self._clock()
        else:
            self._idle += 1
        if self.on:
            self.state = "waiting"

    def nothing(self, why: str) -> None:
        """Note that a round had nothing to learn from: it waits for the next correction."""
        if not self._fresh:  # else something was corrected meanwhile
            self._lacking = f"Waits: {why}"
        self._fresh = True
        if self.on:
            self.state = "waiting"

    def failed(self, why: str) -> None:
        """Note that a round failed: it is tried again, but not for ever."""
        self._failures += 1
        self._why = why
        self._rounds += 1
        if self.on:
            gives_up = self._failures >= self.config.most_failures
            self.state = "failed" if gives_up else "waiting"

    # -- inside ----------------------------------------------------------------

    def _begin_anew(self) -> None:
        now = self._clock()
        self._rounds = self._idle = self._failures = 0
        self._fresh, self._trained = True, False
        self._lacking = ""
        self._changed, self._gained = now - self.config.settle_seconds, now

    def _tired(self) -> bool:
        """Tell whether it is no use to go on, and note why."""
        config = self.config
        if self._idle >= config.patience_rounds:
            self._why = f"{self._idle} rounds brought no better network"
            return True
        if self._clock() - self._gained >= 60 * config.patience_minutes:
            self._why = f"{config.patience_minutes:g} minutes brought no better network"
            return True
        return False
