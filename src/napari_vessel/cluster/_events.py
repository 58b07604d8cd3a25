"""What a cluster tells while it works. Frozen, without dask in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Answer", "SetAside", "Waiting"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T, R]):
    """An item was carried out on ``worker`` (its address)."""

    item: T
    result: R
    worker: str


@dataclass(frozen=True, slots=True)
class SetAside(Generic[T]):
    """An item failed wherever it was tried, and is not tried again.

    Attributes
    ----------
    item
        Which.
    reason
        Why, in one line.
    trace
        The last traceback, as the worker had it; empty where workers died without a word.
    workers
        Where it was tried, as far as is known.
    final
        Whether the error was one that trying elsewhere cannot mend.
    """

    item: T
    reason: str
    trace: str
    workers: tuple[str, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is new: so many workers are there, so many tasks are under way."""

    workers: int
    under_way: int
