"""When a person worked, by the times of what they painted: pauses left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation._rows import RowTable
from napari_vessel.geometry import Box, Plane

__all__ = ["IDLE_S", "Review", "Timeline", "timeline_of"]

IDLE_S = 60.0
"""Seconds without a stroke that still count as looking; of a longer pause only so much counts."""

_REVIEWS = ("accept", "import")


@dataclass(frozen=True, slots=True)
class Review:
    """A slice that a person marked as reviewed.

    Attributes
    ----------
    seconds
        Work on it: since the one before it, pauses left out.
    at
        When, in seconds since 1970 (UTC).
    worked_s
        All work until then, in seconds.
    """

    at: float
    plane: Plane
    box: Box
    seconds: float
    worked_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The times of all rows of the journals, in order.

    Attributes
    ----------
    times
        Seconds since 1970 (UTC), ascending.
    reviews
        Slices that were marked as reviewed, in order.
    """

    times: NDArray[np.float64]
    reviews: tuple[Review, ...]

    @property
    def worked_s(self) -> float:
        """Seconds of work in all."""
        return float(_work(self.times)[-1]) if len(self.times) else 0.0

    def worked_until(self, at: float) -> float:
        """Return the seconds of work before a moment (seconds since 1970)."""
        before = int(np.searchsorted(self.times, at, side="right"))
        if not before:
            return 0.0
        since = min(max(at - float(self.times[before - 1]), 0.0), IDLE_S)
        return float(_work(self.times)[before - 1]) + (since if before < len(self.times) else 0.0)


def timeline_of(table: RowTable, counts: Callable[[int], bool]) -> Timeline:
    """Return when what was painted, of the rows of all journals.

    Viewers at work at the same time count once each second, not twice. ``counts`` tells
    whether a stroke does, or was undone or muted: then it is work, but no review.
    """
    times = table.milliseconds() / 1000
    order = np.argsort(times, kind="stable")
    work = _work(times[order])
    reviews: list[Review] = []
    last, seen = 0.0, set[int]()
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    for row in sorted(table.made_with(_REVIEWS).tolist(), key=places.__getitem__):
        stroke = table.stroke_of(row)
        if stroke in seen or not counts(stroke):
            continue
        seen.add(stroke)
        box = _union(table, stroke)
        plane = _plane_of(box)
        if plane is not None:
            done = float(work[places[row]])
            reviews.append(Review(float(times[row]), plane, box, done - last, done))
            last = done
    return Timeline(times[order], tuple(reviews))


def _work(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds of work up to each of ascending times."""
    gaps = np.minimum(np.diff(times, prepend=times[:1]), IDLE_S)
    work: NDArray[np.float64] = np.cumsum(gaps)
    return work


def _union(table: RowTable, stroke: int) -> Box:
    boxes = [table.box(row) for row in table.rows_of(stroke).tolist()]
    low = np.min([box.start for box in boxes], axis=0).tolist()
    high = np.max([box.stop for box in boxes], axis=0).tolist()
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def _plane_of(box: Box) -> Plane | None:
    """Return the plane of a box that is one slice; None where it is none, or a single voxel."""
    thin = [axis for axis, edge in enumerate(box.shape) if edge == 1]
    return Plane.of_normal(thin[0]) if len(thin) == 1 else None
