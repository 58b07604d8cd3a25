"""A clock that never goes back: the order of every stroke of every viewer.

A hybrid logical clock (Kulkarni et al., 2014): the wall clock where it moves
on, a counter where it stands still or jumps back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, order=True, slots=True)
class Stamp:
    """When and where a row was written; stamps are totally ordered.

    Attributes
    ----------
    milliseconds, counter
        The hybrid logical clock: since 1970 (UTC), then counted.
    session
        Hexadecimal id of the viewer that wrote the row, and of its journal.
    sequence
        The row's number in that journal, from 1.
    """

    milliseconds: int
    counter: int
    session: str
    sequence: int

    def as_list(self) -> list[int | str]:
        """Return the fields, for JSON."""
        return [self.milliseconds, self.counter, self.session, self.sequence]

    @classmethod
    def of(cls, fields: Sequence[int | str]) -> Self:
        """Read what :meth:`as_list` gave."""
        milliseconds, counter, session, sequence = fields
        return cls(int(milliseconds), int(counter), str(session), int(sequence))


def wall_milliseconds() -> int:
    """Return the wall clock, in ms since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


class HybridClock:
    """Give stamps that only grow, whatever the wall clock does.

    Parameters
    ----------
    session
        Id of the viewer.
    now
        The wall clock, in ms.
    """

    def __init__(self, session: str, now: Callable[[], int] = wall_milliseconds) -> None:
        self.session = session
        self._now = now
        self._last = (0, 0)
        self._sequence = 0

    def observe(self, stamp: Stamp) -> None:
        """Let every later stamp be greater than ``stamp``."""
        self._last = max(self._last, (stamp.milliseconds, stamp.counter))

    def tick(self) -> Stamp:
        """Return the stamp of this session's next row."""
        milliseconds, counter = self._last
        now = self._now()
        self._last = (now, 0) if now > milliseconds else (milliseconds, counter + 1)
        self._sequence += 1
        return Stamp(*self._last, self.session, self._sequence)
