"""The simulated person of ``correcting.py``: always the movement that mends most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label
from scipy.signal import convolve

from napari_vessel.morphology import (
    belonging,
    filled,
    grown,
    interpolated,
    likeness_at,
    smoothed,
    surroundings,
)

RADII = (0, 1, 2, 4, 7)
_REACH_UM, _CUBE = 10.0, (1.0, 1.0, 1.0)
_EVERYWHERE = np.ones((3, 3, 3))
_PIECES = 6  # the worst ones alone are looked at
_VALUES = (6, 13, 20, 31, 46, 64, 90, 160, 200, 230)  # of a slider
_TOLERANCE, _DEPTH = 0.3, 2  # the tool's defaults


Slices = tuple[slice, ...]


@dataclass(frozen=True)
class Movement:
    """What a tool would do: where it writes what, and what that takes."""

    tool: str
    at: Slices  # what of the patch the next two are of
    where: np.ndarray
    value: np.ndarray | bool
    movements: int
    seconds: float
    slice: int | None = None


def disc(radius: int) -> np.ndarray:
    """Return a disc as napari's brush covers it."""
    span = np.arange(-radius, radius + 1)
    return span[:, None] ** 2 + span[None] ** 2 <= (radius + 0.5) ** 2


class Person:
    """Corrects ``shown`` towards ``truth``; with the plain brush, or with all there is."""

    def __init__(
        self,
        image: np.ndarray,
        truth: np.ndarray,
        probability: np.ndarray,
        shown: np.ndarray,
        *,
        quick: bool,
    ) -> None:
        self.image, self.truth, self.probability = image, truth, probability
        self.shown, self.quick = shown.copy(), quick
        self.painted = np.zeros_like(shown)
        self.movements, self.seconds = 0, 0.0
        self.used: Counter[str] = Counter()
        self._strokes: dict[int, list[Movement]] = {}
        self._hand: tuple[str, int | None] = ("", None)

    @property
    def dice(self) -> float:
        """Dice of what is shown."""
        both = np.count_nonzero(self.shown & self.truth)
        return 2 * both / max(np.count_nonzero(self.shown) + np.count_nonzero(self.truth), 1)

    def act(self) -> bool:
        """Make the best movement there is; tell whether there was one that mends anything."""
        best = max(self._all(), key=self._worth, default=None)
        if best is None or self._worth(best) <= 0:
            return False
        changed = best.where & (self.shown[best.at] != best.value)
        self.shown[best.at] = np.where(best.where, best.value, self.shown[best.at])
        self.painted[best.at] |= best.where
        self.movements += best.movements
        self.seconds += best.seconds
        self.seconds += 1.0 * (best.tool != self._hand[0]) + 0.6 * (best.slice != self._hand[1])
        self._hand = (best.tool, best.slice)
        self.used[best.tool.split()[0]] += best.movements
        for index in np.flatnonzero(changed.any(axis=(1, 2))) + (best.at[0].start or 0):
            for near in range(index - _DEPTH, index + _DEPTH + 1):
                self._strokes.pop(near, None)
        return True

    def _worth(self, movement: Movement) -> float:
        changed = movement.where & (self.shown[movement.at] != movement.value)
        right = int(np.count_nonzero(changed & (self.truth[movement.at] == movement.value)))
        return (2 * right - int(np.count_nonzero(changed))) / movement.movements

    def _all(self) -> Iterator[Movement]:
        for index in range(len(self.truth)):
            if index not in self._strokes:
                self._strokes[index] = list(self._in_slice(index))
            yield from self._strokes[index]
        if self.quick:
            yield from self._on_pieces()
            yield from self._on_boxes()
            yield from self._between()

    # -- brushes ---------------------------------------------------------------

    def _in_slice(self, index: int) -> Iterator[Movement]:
        for value in (True, False):
            if not np.any((self.truth[index] == value) & (self.shown[index] != value)):
                continue
            for radius in RADII:
                path, count = self._path(index, radius, value)
                yield self._stroke(f"brush {radius} {value}", index, path, count, value)
        if self.quick and np.any(self.truth[index] & ~self.shown[index]):
            for radius in RADII[2:]:
                yield self._vessel_stroke(index, radius)

    def _stroke(self, tool: str, index: int, path: np.ndarray, count: int, value: bool) -> Movement:
        at = (slice(index, index + 1), slice(None), slice(None))
        return Movement(tool, at, path[None], value, 1, 1.5 + 0.05 * count, index)

    def _path(self, index: int, radius: int, value: bool) -> tuple[np.ndarray, int]:
        """Lay discs, each the best that touches the last one, as long as they mend more."""
        truth, shown = self.truth[index], self.shown[index]
        at = _box_of((truth == value) & (shown != value), radius + 1)
        worth = np.where(shown == value, 0, np.where(truth == value, 1, -1))[at].astype(np.float32)
        brush, rows = disc(radius).astype(np.float32), np.indices(worth.shape)
        path, last, count = np.zeros(worth.shape, bool), None, 0
        while count < 200:
            gains = np.round(convolve(worth, brush, mode="same"))
            if last is not None:
                far = np.hypot(rows[0] - last[0], rows[1] - last[1]) > 2 * radius + 1.5
                gains[far] = 0
            best = np.unravel_index(np.argmax(gains), gains.shape)
            if gains[best] <= 0:
                break
            last, count = (int(best[0]), int(best[1])), count + 1
            stamp = _stamp(worth.shape, last, radius)
            path |= stamp
            worth[stamp] = 0
        whole = np.zeros(truth.shape, bool)
        whole[at] = path
        return whole, count

    def _vessel_stroke(self, index: int, radius: int) -> Movement:
        """Drag the vessel brush along what is missing, from its thickest place on."""
        low = max(0, index - _DEPTH)
        slab = slice(low, index + _DEPTH + 1)
        image, probability = self.image[slab], self.probability[slab]
        truth, shown = self.truth[slab], self.shown[slab]
        missing = self.truth[index] & ~self.shown[index]
        start = _thickest(missing)
        like = likeness_at(image[index - low], probability[index - low], start)
        path, last, count = np.zeros(truth.shape, bool), start, 0
        while count < 60:
            ball, core = _ball(truth.shape, (index - low, int(last[0]), int(last[1])), radius)
            at = tuple(slice(max(0, c - radius), c + radius + 1) for c in map(int, last))
            window = (slice(None), *at)
            took = np.zeros_like(path)
            took[window] = belonging(
                image[window], probability[window], ball[window], core[window], like, _TOLERANCE
            )
            new = took & ~path & ~shown
            if 2 * np.count_nonzero(new & truth) <= np.count_nonzero(new):
                break
            path, count = path | took, count + 1
            rest = np.argwhere(missing & ~path[index - low])
            if not len(rest):
                break
            far = np.abs(np.hypot(*(rest - last).T) - radius)
            if far.min() > radius + 1.5:
                break
            row, column = rest[np.argmin(far)].tolist()
            last = (row, column)
        at = (slab, slice(None), slice(None))
        return Movement(f"vessel-brush {radius}", at, path, True, 1, 1.5 + 0.05 * count, index)

    # -- pieces, boxes, slices -------------------------------------------------

    def _on_pieces(self) -> Iterator[Movement]:
        labels, _ = label(self.shown, _EVERYWHERE)
        wrong = self.shown != self.truth
        near_wrong = distance_transform_edt(~wrong) <= 2 if wrong.any() else wrong
        touched = np.bincount(labels[near_wrong], minlength=labels.max() + 1)
        touched[0] = 0
        places = find_objects(labels)
        for number in np.argsort(touched)[::-1][:_PIECES]:
            if touched[number] == 0:
                break
            at = _around(places[number - 1], 12, self.truth.shape)
            yield from self._on_piece(at, labels[at] == number)

    def _on_piece(self, at: Slices, piece: np.ndarray) -> Iterator[Movement]:
        shown, probability, painted = self.shown[at], self.probability[at], self.painted[at]
        yield Movement("reject", at, piece, False, 1, 1.2)
        near = surroundings(piece, shown & ~piece, _REACH_UM, _CUBE) & ~painted
        larger = grown(probability, piece, near)
        if larger is not None:
            yield Movement("grow", at, larger[0], True, 1, 1.2)
        yield Movement("fill", at, filled(piece, 0, 400), True, 1, 1.2)
        smooth = smoothed(piece, _CUBE)
        yield Movement("smooth", at, piece | smooth, smooth | (shown & ~piece), 1, 1.2)
        for value in _VALUES:
            found = probability >= value
            yield Movement("threshold", at, near & (found | shown), found, 2, 3.2)

    def _on_boxes(self) -> Iterator[Movement]:
        """Draw boxes around what is wrong together, or around everything."""
        wrong = self.shown != self.truth
        labels, _ = label(distance_transform_edt(~wrong) <= 3, _EVERYWHERE)
        sizes = np.bincount(labels[wrong], minlength=labels.max() + 1)
        places = find_objects(labels)
        worst = [places[n - 1] for n in np.argsort(sizes)[::-1][:_PIECES] if n and sizes[n]]
        for at in (_around(None, 0, wrong.shape), *worst):
            shown, free = self.shown[at], ~self.painted[at]
            for value in _VALUES:
                found = self.probability[at] >= value
                yield Movement("threshold", at, (found | shown) & free, found, 2, 4.0)

    def _between(self) -> Iterator[Movement]:
        """Paint the first and the last slice of what is missing, and fill between."""
        missing = self.truth & ~self.shown
        labels, _ = label(missing, _EVERYWHERE)
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        for number in np.argsort(sizes)[::-1][:_PIECES]:
            if sizes[number] < 20:
                break
            used = np.flatnonzero((labels == number).any(axis=(1, 2)))
            for first, last in ((used[0], used[-1]), (used[0], used[len(used) // 2])):
                if last - first >= 3:
                    yield self._filled_between(int(first), int(last))

    def _filled_between(self, first: int, last: int) -> Movement:
        where = np.zeros_like(self.truth)
        for index in (first, last):
            paths = [m for m in self._strokes[index] if m.tool.startswith("brush")]
            best = max((m for m in paths if m.value is True), key=self._worth)
            where[index] = best.where[0]
        one, other = (self._outline(where[i], i) for i in (first, last))
        inside = slice(first + 1, last)
        if one.any() and other.any():
            erased = self.painted[inside] & ~self.shown[inside]
            where[inside] = interpolated(one, other, last - first - 1) & ~erased
        at = _around(None, 0, where.shape)
        return Movement("between", at, where, True, 3, 2 * 1.5 + 0.6 + 0.5)

    def _outline(self, painted: np.ndarray, index: int) -> np.ndarray:
        labels, _ = label(self.shown[index] | painted, np.ones((3, 3)))
        return np.isin(labels, np.setdiff1d(labels[painted], [0]))


def _box_of(mask: np.ndarray, margin: int) -> Slices:
    spans = [np.flatnonzero(mask.any(axis=1 - axis)) for axis in range(2)]
    return tuple(slice(max(0, int(span[0]) - margin), int(span[-1]) + margin + 1) for span in spans)


def _around(place: Slices | None, margin: int, shape: tuple[int, ...]) -> Slices:
    if place is None:
        return tuple(slice(0, n) for n in shape)
    return tuple(
        slice(max(0, s.start - margin), min(n, s.stop + margin))
        for s, n in zip(place, shape, strict=True)
    )


def _thickest(mask: np.ndarray) -> tuple[int, int]:
    at = _box_of(mask, 1)
    deep = distance_transform_edt(mask[at])
    row, column = np.unravel_index(np.argmax(deep), deep.shape)
    return int(row) + at[0].start, int(column) + at[1].start


def _stamp(shape: tuple[int, ...], at: tuple[int, int], radius: int) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - at[0]) ** 2 + (columns - at[1]) ** 2 <= (radius + 0.5) ** 2


def _ball(
    shape: tuple[int, ...], at: tuple[int, int, int], radius: int
) -> tuple[np.ndarray, np.ndarray]:
    slices, rows, columns = (
        (np.arange(n) - c).reshape([-1 if a == axis else 1 for a in range(3)])
        for axis, (n, c) in enumerate(zip(shape, at, strict=True))
    )
    flat = rows**2 + columns**2
    core = (slices == 0) & (flat <= (radius / 2 + 0.5) ** 2)
    return slices**2 + flat <= (radius + 0.5) ** 2, core
