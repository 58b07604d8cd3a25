"""Strokes of ``correcting.py``: paths of discs, the best start and the best next each time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from scipy.ndimage import find_objects, label, maximum_filter

RADII = (0, 1, 2, 4, 7)
_EVERYWHERE = np.ones((3, 3, 3))
_LONGEST = 400  # discs

Slices = tuple[slice, ...]


@dataclass(frozen=True)
class Stroke:
    """One press of the mouse: where it covers, and what that mends."""

    at: Slices
    where: np.ndarray
    value: bool
    gain: int
    discs: int
    slices: int
    radius: int
    axis: int


@dataclass
class _Cluster:
    """Wrong voxels that lie together; its best stroke once somebody asked for it."""

    at: Slices
    mask: np.ndarray
    value: bool
    radius: int
    bound: int
    stroke: Stroke | None = None


@dataclass
class Strokes:
    """The best stroke to mend ``shown``, kept up to date as it changes.

    ``axes``: across which slices it may be made; ``through``: whether it may go on into the
    next slice. A stroke is looked for only as long as it might be the best one.
    """

    truth: np.ndarray
    shown: np.ndarray
    axes: tuple[int, ...]
    through: bool
    _heap: list[tuple[int, int, _Cluster]] = field(default_factory=list)
    _alive: set[int] = field(default_factory=set)
    _number: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.changed(tuple(slice(0, n) for n in self.truth.shape))

    def best(self) -> Stroke | None:
        """Return the stroke that mends most; None where none mends anything."""
        while self._heap:
            _, number, cluster = self._heap[0]
            if number not in self._alive:
                heapq.heappop(self._heap)
                continue
            if cluster.stroke is not None:
                return cluster.stroke if cluster.stroke.gain > 0 else None
            cluster.stroke = self._stroke_of(cluster)
            heapq.heapreplace(self._heap, (-cluster.stroke.gain, number, cluster))
        return None

    def changed(self, at: Slices) -> None:
        """Look anew at what lies together in ``at`` and around it."""
        self._heap = [each for each in self._heap if each[1] in self._alive]
        heapq.heapify(self._heap)
        for value in (True, False):
            wrong = (self.truth == value) & (self.shown != value)
            for radius in RADII:
                self._look(wrong, at, value, radius)

    def _look(self, wrong: np.ndarray, at: Slices, value: bool, radius: int) -> None:
        at, grew = _wider(at, radius + 2, wrong.shape), True
        while grew:  # whatever reaches into it is made anew as a whole
            grew = False
            for _, number, cluster in self._heap:
                same = (cluster.value, cluster.radius) == (value, radius)
                if same and number in self._alive and _meet(cluster.at, at):
                    self._alive.discard(number)
                    wider = _union(at, cluster.at)
                    grew, at = grew or wider != at, wider
        here = wrong[at]
        if not here.any():
            return
        near = maximum_filter(here, size=3) if radius else here
        labels, _ = label(near, _EVERYWHERE)
        for k, place in enumerate(find_objects(labels), 1):
            local = tuple(
                slice(a.start + p.start, a.start + p.stop) for a, p in zip(at, place, strict=True)
            )
            wide = _wider(local, radius + 1, wrong.shape)
            mask = np.zeros([s.stop - s.start for s in wide], bool)
            mask[_inside(local, wide)] = labels[place] == k
            bound = int(np.count_nonzero(wrong[wide]))
            number = next(self._number)
            self._alive.add(number)
            heapq.heappush(self._heap, (-bound, number, _Cluster(wide, mask, value, radius, bound)))

    def _stroke_of(self, cluster: _Cluster) -> Stroke:
        truth, shown, value = self.truth[cluster.at], self.shown[cluster.at], cluster.value
        worth = np.where(shown == value, 0, np.where(truth == value, 1, -1)).astype(np.int16)
        found = [self._along(cluster, worth, axis) for axis in self.axes]
        return max(found, key=lambda stroke: stroke.gain)

    def _along(self, cluster: _Cluster, worth: np.ndarray, axis: int) -> Stroke:
        turned, mask = np.moveaxis(worth, axis, 0), np.moveaxis(cluster.mask, axis, 0)
        gains = disc_sums(turned, cluster.radius)
        starts = (mask & (gains > 0)).any(axis=(1, 2))
        if self.through or not starts.any():
            spans = [slice(0, len(turned))]
        else:
            spans = [slice(i, i + 1) for i in np.flatnonzero(starts)]
        paths = [(s, path(turned[s], mask[s], cluster.radius, gains[s])) for s in spans]
        span, (covered, discs, gain) = max(paths, key=lambda each: each[1][2])
        where = np.zeros(turned.shape, bool)
        where[span] = covered
        used = int(np.count_nonzero(where.any(axis=(1, 2))))
        return Stroke(
            cluster.at, np.moveaxis(where, 0, axis), cluster.value, gain, discs, used,
            cluster.radius, axis,
        )  # fmt: skip


def path(
    worth: np.ndarray, mask: np.ndarray, radius: int, gains: np.ndarray | None = None
) -> tuple[np.ndarray, int, int]:
    """Lay discs, each the best that touches the last one, as long as they mend more.

    ``worth`` (slices, rows, columns) is 1 where a disc mends, -1 where it harms; the first disc
    lies in ``mask``. Of discs that mend as much that with the fewest wrong voxels beside it is
    taken: a chain is followed from its end. A disc touches one in its slice or the next.

    ``gains``: what :func:`disc_sums` makes of ``worth``, where it is known.

    Returns where it covered, of how many discs it is, and what it mended less what it harmed.
    """
    worth = worth.copy()
    gains = disc_sums(worth, radius) if gains is None else gains.copy()
    covered, discs, total = np.zeros(worth.shape, bool), 0, 0
    reach = 2 * radius + 1
    window, touching = tuple(slice(0, n) for n in worth.shape), mask
    while discs < _LONGEST:
        here = np.where(touching, gains[window], 0)
        top = int(here.max(initial=0))
        if top <= 0:
            break
        ends = np.argwhere(here == top) + [s.start for s in window]
        last = min(ends.tolist(), key=lambda at: _beside(worth, at) if radius == 0 else 0)
        discs, total = discs + 1, total + top
        _stamp(worth, covered, last, radius)
        _renew(gains, worth, last, radius)
        window = _around(last, (1, reach, reach), worth.shape)
        rows, columns = np.ogrid[window[1], window[2]]
        near = (rows - last[1]) ** 2 + (columns - last[2]) ** 2 <= (2 * radius + 1.5) ** 2
        touching = np.broadcast_to(near, [s.stop - s.start for s in window])
    return covered, discs, total


def disc_sums(worth: np.ndarray, radius: int) -> np.ndarray:
    """Sum ``worth`` (slices, rows, columns) under a disc of napari's brush around each voxel."""
    if radius == 0:
        return worth.copy()
    rows, columns = worth.shape[1:]
    padded = np.pad(worth, ((0, 0), (radius, radius), (radius + 1, radius)))
    along = padded.cumsum(axis=2, dtype=np.int32)
    sums = np.zeros(worth.shape, np.int32)
    for row in range(-radius, radius + 1):
        half = int(((radius + 0.5) ** 2 - row**2) ** 0.5)
        line = along[:, row + radius : row + radius + rows]
        right, left = radius + 1 + half, radius - half
        sums += line[:, :, right : right + columns] - line[:, :, left : left + columns]
    return sums


def _beside(worth: np.ndarray, at: list[int]) -> int:
    return int(np.count_nonzero(worth[_around(at, (1, 1, 1), worth.shape)] > 0))


def _stamp(worth: np.ndarray, covered: np.ndarray, at: list[int], radius: int) -> None:
    window = _around(at, (0, radius, radius), worth.shape)
    rows, columns = np.ogrid[window[1], window[2]]
    stamp = ((rows - at[1]) ** 2 + (columns - at[2]) ** 2 <= (radius + 0.5) ** 2)[None]
    covered[window] |= stamp
    worth[window][stamp] = 0


def _renew(gains: np.ndarray, worth: np.ndarray, at: list[int], radius: int) -> None:
    inner = _around(at, (0, 2 * radius, 2 * radius), worth.shape)
    outer = _around(at, (0, 3 * radius, 3 * radius), worth.shape)
    gains[inner] = disc_sums(worth[outer], radius)[_inside(inner, outer)]


def _around(at: list[int], reach: tuple[int, int, int], shape: tuple[int, ...]) -> Slices:
    return tuple(
        slice(max(0, c - r), min(n, c + r + 1)) for c, r, n in zip(at, reach, shape, strict=True)
    )


def _wider(at: Slices, by: int, shape: tuple[int, ...]) -> Slices:
    return tuple(
        slice(max(0, s.start - by), min(n, s.stop + by)) for s, n in zip(at, shape, strict=True)
    )


def _inside(inner: Slices, outer: Slices) -> Slices:
    return tuple(
        slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True)
    )


def _meet(one: Slices, other: Slices) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def _union(one: Slices, other: Slices) -> Slices:
    return tuple(
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
