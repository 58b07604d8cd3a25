"""The quick tools of ``correcting.py``'s person: what each would do where most is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label

from _correcting_person import Movement
from _correcting_strokes import Slices, path
from napari_vessel.morphology import (
    belonging,
    bridged,
    filled,
    grown,
    interpolated,
    likeness_at,
    lumen_likelihood,
    reached_from,
    smoothed,
    surroundings,
)
from napari_vessel.volumes import least_vessel

if TYPE_CHECKING:
    from _correcting_person import Person

_REACH, _CUBE = 10, (1.0, 1.0, 1.0)
_FARTHER = 3  # times the reach, where Fit wall is clicked on nothing
_EVERYWHERE = np.ones((3, 3, 3))
_PIECES = 6  # the worst ones alone are looked at
_STEPS = np.array([least_vessel(step / 100) for step in range(1, 101)])  # of a slider
_TOLERANCE, _DEPTH = 0.3, 2  # the vessel brush's defaults
_CLICK, _SLIDER, _BOX, _SLICE = 1.2, 2.0, 2.0, 0.6  # seconds


def offers(person: Person) -> Iterator[Movement]:
    """Yield what the tools would do now."""
    yield from _on_pieces(person)
    yield from _on_boxes(person)
    yield from _on_missing(person)
    yield from _vessel_strokes(person)


# -- what is shown -----------------------------------------------------------------------


def _on_pieces(person: Person) -> Iterator[Movement]:
    labels, _ = label(person.shown, _EVERYWHERE)
    wrong = person.shown != person.truth
    near_wrong = distance_transform_edt(~wrong) <= 2 if wrong.any() else wrong
    touched = np.bincount(labels[near_wrong], minlength=labels.max() + 1)
    touched[0] = 0
    places = find_objects(labels)
    for number in np.argsort(touched)[::-1][:_PIECES]:
        if touched[number] == 0:
            break
        at = _around(places[number - 1], _REACH + 2, wrong.shape)
        yield from _on_piece(person, at, labels[at] == number)


def _on_piece(person: Person, at: Slices, piece: np.ndarray) -> Iterator[Movement]:
    shown, probability, free = person.shown[at], person.probability[at], ~person.painted[at]
    yield Movement("reject", at, piece, False, 1, _CLICK)
    near = surroundings(piece, shown & ~piece, float(_REACH), _CUBE)
    larger = grown(probability, piece, near & free)
    if larger is not None:
        yield Movement("grow", at, larger[0], True, 1, _CLICK)
    holes = filled(piece, 0, 400) & ~shown & free
    yield Movement("fill", at, holes, True, 1, _CLICK)
    smooth = smoothed(piece, _CUBE)
    yield Movement("smooth", at, (piece | smooth) & ~(shown & ~piece), smooth, 1, _CLICK)
    yield _at_best_level(person, "threshold", at, near, probability, _CLICK)
    yield _fitted(person, at, piece, near)


def _fitted(person: Person, at: Slices, known: np.ndarray, near: np.ndarray) -> Movement:
    """Fit a wall as the session's tool does, and move the slider to its best."""
    shown, probability = person.shown[at], person.probability[at]
    likelihood = lumen_likelihood(person.image[at], probability, known, _CUBE)
    others = shown & ~known
    passed = np.where(others, 255, np.where(near, likelihood, 0)).astype(np.uint8)
    reached = np.minimum(reached_from(passed, known), likelihood)
    return _at_best_level(person, "wall", at, near, reached, _CLICK)


def _on_boxes(person: Person) -> Iterator[Movement]:
    """Draw boxes around what is wrong together, or around everything."""
    wrong = person.shown != person.truth
    labels, _ = label(distance_transform_edt(~wrong) <= 3, _EVERYWHERE)
    sizes = np.bincount(labels[wrong], minlength=labels.max() + 1)
    places = find_objects(labels)
    worst = [places[n - 1] for n in np.argsort(sizes)[::-1][:_PIECES] if n and sizes[n]]
    for at in (_around(None, 0, wrong.shape), *worst):
        everywhere = np.ones(wrong[at].shape, bool)
        yield _at_best_level(person, "threshold", at, everywhere, person.probability[at], _BOX)


def _at_best_level(
    person: Person, tool: str, at: Slices, where: np.ndarray, values: np.ndarray, seconds: float
) -> Movement:
    """Move a slider to where most is right: a place, then the slider."""
    free, truth = where & ~person.painted[at], person.truth[at]
    vessel, other = (np.bincount(values[free & side], minlength=257) for side in (truth, ~truth))
    right = vessel.sum() - np.cumsum(vessel) + vessel + np.cumsum(other) - other
    level = _STEPS[np.argmax(right[_STEPS])]
    found = values >= level
    changed = free & (found | person.proposed[at])
    return Movement(tool, at, changed, found, 2, seconds + _SLIDER)


# -- what is missing ---------------------------------------------------------------------


def _on_missing(person: Person) -> Iterator[Movement]:
    missing = person.truth & ~person.shown
    labels, _ = label(missing, _EVERYWHERE)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    places = find_objects(labels)
    for number in np.argsort(sizes)[::-1][:_PIECES]:
        if sizes[number] < 5:
            break
        piece = labels[places[number - 1]] == number
        voxels = np.argwhere(piece) + [s.start for s in places[number - 1]]
        yield _joined(person, voxels)
        yield from _fitted_from(person, places[number - 1], piece)
        used = np.unique(voxels[:, 0])
        for first, last in ((used[0], used[-1]), (used[0], used[len(used) // 2])):
            if last - first >= 3:
                between = _filled_between(person, int(first), int(last))
                if between is not None:
                    yield between


def _joined(person: Person, voxels: np.ndarray) -> Movement:
    """Click both ends of what is missing."""
    middle = voxels - voxels.mean(axis=0)
    along = middle @ np.linalg.svd(middle, full_matrices=False)[2][0]
    ends = [voxels[np.argmin(along)], voxels[np.argmax(along)]]
    place = tuple(slice(a, b + 1) for a, b in zip(*np.sort(ends, axis=0), strict=True))
    at = _around(place, 12, person.truth.shape)
    one, other = (tuple(int(c - s.start) for c, s in zip(end, at, strict=True)) for end in ends)
    tube = bridged(person.probability[at], person.shown[at], (one, other), _CUBE)
    return Movement("join", at, tube, True, 2, 2 * _CLICK)


def _fitted_from(person: Person, place: Slices, piece: np.ndarray) -> Iterator[Movement]:
    """Click the middle of what is missing."""
    deep = np.argwhere((d := distance_transform_edt(np.pad(piece, 1))) == d.max())[0] - 1
    seed = tuple(int(d + s.start) for d, s in zip(deep, place, strict=True))
    beside = _around(tuple(slice(c, c + 1) for c in seed), 2, person.truth.shape)
    if person.shown[beside].any() or person.painted[seed]:
        return  # a click there means the piece that is shown
    at = _around(tuple(slice(c, c + 1) for c in seed), _FARTHER * _REACH + 2, person.truth.shape)
    known = np.zeros(person.truth[at].shape, bool)
    inner = _around(tuple(slice(c, c + 1) for c in seed), 1, person.truth.shape)
    known[
        tuple(slice(i.start - a.start, i.stop - a.start) for i, a in zip(inner, at, strict=True))
    ] = True
    near = surroundings(known, person.shown[at] & ~known, float(_FARTHER * _REACH), _CUBE)
    yield _fitted(person, at, known, near)


def _filled_between(person: Person, first: int, last: int) -> Movement | None:
    """Paint the first and the last slice of what is missing, and fill between."""
    where = np.zeros_like(person.truth)
    for index in (first, last):
        where[index] = _painted(person, index)
    one, other = (_outline(person, where[i], i) for i in (first, last))
    if not (one.any() and other.any()):
        return None
    inside = slice(first + 1, last)
    erased = person.painted[inside] & ~person.shown[inside]
    where[inside] = interpolated(one, other, last - first - 1) & ~erased
    at = _around(None, 0, where.shape)
    return Movement("between", at, where, True, 3, 2 * 1.5 + _SLICE + 0.5)


def _painted(person: Person, index: int) -> np.ndarray:
    """Return the best stroke of radius 1 in a slice."""
    truth, shown = person.truth[index], person.shown[index]
    worth = np.where(shown, 0, np.where(truth, 1, -1)).astype(np.int16)[None]
    covered, _, _ = path(worth, np.ones(worth.shape, bool), 1)
    return covered[0]


def _outline(person: Person, painted: np.ndarray, index: int) -> np.ndarray:
    labels, _ = label(person.shown[index] | painted, np.ones((3, 3)))
    return np.isin(labels, np.setdiff1d(labels[painted], [0]))


# -- the vessel brush --------------------------------------------------------------------


def _vessel_strokes(person: Person) -> Iterator[Movement]:
    missing = np.count_nonzero(person.truth & ~person.shown, axis=(1, 2))
    for index in np.argsort(missing)[::-1][: _PIECES // 2].tolist():
        for radius in (2, 4) if missing[index] else ():
            yield _vessel_stroke(person, index, radius)


def _vessel_stroke(person: Person, index: int, radius: int) -> Movement:
    """Drag the vessel brush along what is missing, from its thickest place on."""
    low = max(0, index - _DEPTH)
    slab = slice(low, index + _DEPTH + 1)
    truth, shown = person.truth[slab], person.shown[slab]
    missing = person.truth[index] & ~person.shown[index]
    deep = distance_transform_edt(missing)
    last = np.array(np.unravel_index(np.argmax(deep), deep.shape))
    like = likeness_at(person.image[index], person.probability[index], (int(last[0]), int(last[1])))
    covered, count = np.zeros(truth.shape, bool), 0
    while count < 60:
        took = _taken(person, slab, (index - low, int(last[0]), int(last[1])), radius, like)
        new = took & ~covered & ~shown
        if 2 * np.count_nonzero(new & truth) <= np.count_nonzero(new):
            break
        covered, count = covered | took, count + 1
        rest = np.argwhere(missing & ~covered[index - low])
        far = np.abs(np.hypot(*(rest - last).T) - radius)
        if not len(rest) or far.min() > radius + 1.5:
            break
        last = rest[np.argmin(far)]
    at = (slab, slice(0, truth.shape[1]), slice(0, truth.shape[2]))
    return Movement(f"vessel-brush {radius}", at, covered, True, 1, 1.5 + 0.05 * count)


def _taken(person: Person, slab: slice, at: tuple[int, int, int], radius: int, like) -> np.ndarray:  # noqa: ANN001
    window = (slab, *(slice(max(0, c - radius), c + radius + 1) for c in at[1:]))
    shape = person.truth[window].shape
    rows, columns = np.ogrid[
        window[1].start : window[1].start + shape[1], window[2].start : window[2].start + shape[2]
    ]
    flat = (rows - at[1]) ** 2 + (columns - at[2]) ** 2
    slices = (np.arange(shape[0]) - at[0])[:, None, None]
    ball = slices**2 + flat <= (radius + 0.5) ** 2
    core = (slices == 0) & (flat <= (radius / 2 + 0.5) ** 2)
    took = np.zeros(person.truth[slab].shape, bool)
    took[(slice(None), *window[1:])] = belonging(
        person.image[window], person.probability[window], ball, core, like, _TOLERANCE
    )
    return took


def _around(place: Slices | None, margin: int, shape: tuple[int, ...]) -> Slices:
    if place is None:
        return tuple(slice(0, n) for n in shape)
    return tuple(
        slice(max(0, s.start - margin), min(n, s.stop + margin))
        for s, n in zip(place, shape, strict=True)
    )
