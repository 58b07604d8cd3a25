"""The simulated person of ``correcting.py``: always the movement that mends most."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from _correcting_strokes import Slices, Stroke, Strokes

_AGAIN = 5  # strokes between two looks at what the other tools would do


@dataclass(frozen=True)
class Hand:
    """What a person paints with, and how.

    ``axes``: across which planes; ``through``: whether a stroke goes on into the next slice;
    ``tools``: whether there are others than the brush.
    """

    axes: tuple[int, ...] = (0,)
    through: bool = False
    tools: bool = False


@dataclass(frozen=True)
class Movement:
    """What a tool would do: where it writes what, and what that takes."""

    tool: str
    at: Slices  # what of the patch the next two are of
    where: np.ndarray
    value: np.ndarray | bool
    movements: int
    seconds: float


class Person:
    """Corrects ``shown`` towards ``truth``; with the brush, or with all there is."""

    def __init__(
        self,
        image: np.ndarray,
        truth: np.ndarray,
        probability: np.ndarray,
        shown: np.ndarray,
        hand: Hand,
    ) -> None:
        self.image, self.truth, self.probability = image, truth, probability
        self.proposed, self.shown, self.hand = shown, shown.copy(), hand
        self.painted = np.zeros_like(shown)
        self.movements, self.seconds = 0, 0.0
        self.used: Counter[str] = Counter()
        self._strokes = Strokes(truth, self.shown, hand.axes, hand.through)
        self._offers: list[Movement] = []
        self._since = _AGAIN
        self._last = ""

    @property
    def dice(self) -> float:
        """Dice of what is shown."""
        both = np.count_nonzero(self.shown & self.truth)
        return 2 * both / max(np.count_nonzero(self.shown) + np.count_nonzero(self.truth), 1)

    def act(self) -> bool:
        """Make the best movement there is; tell whether there was one that mends anything."""
        best = max(self._choices(), key=self._worth, default=None)
        if best is None or self._worth(best) <= 0:
            return False
        brush = best.tool.startswith("brush")
        self._since = self._since + 1 if brush else _AGAIN
        self.shown[best.at] = np.where(best.where, best.value, self.shown[best.at])
        self.painted[best.at] |= best.where
        self.movements += best.movements
        self.seconds += best.seconds + 1.0 * (best.tool != self._last)
        self._last = best.tool
        self.used[best.tool.split()[0]] += best.movements
        self._strokes.changed(_tight(best.at, best.where))
        return True

    def _worth(self, movement: Movement) -> float:
        changed = movement.where & (self.shown[movement.at] != movement.value)
        right = int(np.count_nonzero(changed & (self.truth[movement.at] == movement.value)))
        return (2 * right - int(np.count_nonzero(changed))) / movement.movements

    def _choices(self) -> list[Movement]:
        if self.hand.tools and self._since >= _AGAIN:
            from _correcting_tools import offers

            self._offers, self._since = list(offers(self)), 0
        stroke = self._strokes.best()
        return [*self._offers, *([_movement(stroke)] if stroke else [])]


def _movement(stroke: Stroke) -> Movement:
    name = f"brush {stroke.radius} {stroke.value} {stroke.axis}"
    seconds = 1.5 + 0.05 * stroke.discs + 0.6 * stroke.slices
    return Movement(name, stroke.at, stroke.where, stroke.value, 1, seconds)


def _tight(at: Slices, where: np.ndarray) -> Slices:
    spans = []
    for axis, part in enumerate(at):
        used = np.flatnonzero(where.any(axis=tuple(a for a in range(3) if a != axis)))
        first = part.start or 0
        spans.append(slice(first + int(used[0]), first + int(used[-1]) + 1))
    return tuple(spans)
