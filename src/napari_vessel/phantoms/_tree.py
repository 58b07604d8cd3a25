"""Grow a branching tree that fills an organ and keeps Murray's law."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import acos, ceil, sqrt

import numpy as np

from napari_vessel.phantoms._organ import Floats, Organ

_SHORTENING = 0.82  # length of a generation over that of the one before


@dataclass(frozen=True, slots=True)
class TreeSpec:
    """How to grow: radii and lengths in µm, ``asymmetry`` and ``tortuosity`` in 0…1."""

    generations: int
    trunk_radius_um: float
    least_radius_um: float
    trunk_length_um: float
    asymmetry: float
    tortuosity: float
    finest_um: float
    most_branches: int = 2000
    candidates: int = 24  # ways to turn a branching about its parent: the freest is taken


@dataclass(frozen=True, slots=True)
class Branch:
    """A tube of one radius between two branchings.

    Attributes
    ----------
    points_um
        ``(n, 3)`` points of the centreline, zyx, from the hilum outwards.
    radius_um
        The same all along.
    parent
        Index of the branch it springs from; -1 for the trunk.
    generation
        0 for the trunk.
    squash
        Shortest over round radius of the cross section half-way; 1 is round.
        Towards the ends a squashed branch is rounder.
    flat_along
        Unit vector along which it is squashed.
    """

    points_um: Floats
    radius_um: float
    parent: int
    generation: int
    squash: float = 1.0
    flat_along: tuple[float, float, float] = (1.0, 0.0, 0.0)

    @property
    def length_um(self) -> float:
        """Length of the centreline."""
        return float(np.linalg.norm(np.diff(self.points_um, axis=0), axis=1).sum())

    @property
    def squashes(self) -> Floats:
        """Shortest over round radius of every piece between two points."""
        middle = (np.arange(len(self.points_um) - 1) + 0.5) / (len(self.points_um) - 1)
        return np.asarray(1 - (1 - self.squash) * np.sqrt(np.sin(np.pi * middle)))

    @property
    def direction(self) -> Floats:
        """Unit vector from start to end."""
        return _unit(self.points_um[-1] - self.points_um[0])


@dataclass(frozen=True, slots=True)
class Tree:
    """Branches, parents before daughters."""

    branches: tuple[Branch, ...]

    @property
    def length_um(self) -> float:
        """Length of all centrelines."""
        return sum(branch.length_um for branch in self.branches)

    def daughters(self, index: int) -> tuple[Branch, ...]:
        """Return what springs from branch ``index``: two branches, or none."""
        return tuple(branch for branch in self.branches if branch.parent == index)


def grow_tree(
    organ: Organ,
    start_um: Floats,
    spec: TreeSpec,
    rng: np.random.Generator,
    *,
    towards_um: Floats | None = None,
) -> Tree:
    """Grow breadth first from ``start_um``, every branching into the freest directions.

    The trunk leads to the organ's middle, or to ``towards_um``.
    """
    grower = _Grower(organ, spec, rng)
    target = organ.centre_um if towards_um is None else towards_um
    inwards = _unit(target - start_um, otherwise=-organ.hilum)
    grower.add(start_um, inwards, spec.trunk_radius_um, parent=-1)
    queue = deque([0])
    while queue:
        queue.extend(grower.split(queue.popleft()))
    return Tree(tuple(grower.branches))


class _Grower:
    def __init__(self, organ: Organ, spec: TreeSpec, rng: np.random.Generator) -> None:
        self.organ, self.spec, self.rng = organ, spec, rng
        self.branches: list[Branch] = []
        self._taken: list[Floats] = []
        self._seen = np.empty((0, 3))

    def add(self, start: Floats, direction: Floats, radius: float, *, parent: int) -> int:
        """Grow one branch and return its index."""
        generation = self.branches[parent].generation + 1 if parent >= 0 else 0
        length = self._fitting(start, direction, self._length(generation))
        points = self._wound(start, direction, length, radius)
        self.branches.append(Branch(points, radius, parent, generation))
        self._taken.append(points[1:])
        return len(self.branches) - 1

    def split(self, index: int) -> list[int]:
        """Let a branch end in two daughters; return their indices, or nothing."""
        parent = self.branches[index]
        radii = self._daughter_radii(parent.radius_um)
        if parent.generation + 1 >= self.spec.generations:
            return []
        if min(radii) < self.spec.least_radius_um:
            return []
        if len(self.branches) + 2 > self.spec.most_branches:
            return []
        start = parent.points_um[-1]
        if self.organ.unseen_um(start) > 3 * self._length_of(parent.generation + 1):
            return []  # its daughters would hardly reach what is shown
        pair = self._freest(parent, radii, start)
        return [self.add(start, d, r, parent=index) for d, r in zip(pair, radii, strict=True)]

    def _daughter_radii(self, radius: float) -> tuple[float, float]:
        """Share the flow; Murray's law, r0³ = r1³ + r2³, then gives the radii."""
        share = self.rng.uniform(0.5, 0.5 + 0.42 * self.spec.asymmetry)
        return radius * share ** (1 / 3), radius * (1 - share) ** (1 / 3)

    def _length(self, generation: int) -> float:
        return self._length_of(generation) * float(self.rng.lognormal(0.0, 0.25))

    def _length_of(self, generation: int) -> float:
        return float(self.spec.trunk_length_um * _SHORTENING**generation)

    def _fitting(self, start: Floats, direction: Floats, length: float) -> float:
        """Shorten a branch that would leave the organ; at most to two fifths."""
        for share in (1.0, 0.8, 0.6):
            if self.organ.holds(start + share * length * direction):
                return share * length
        return 0.4 * length

    def _freest(
        self, parent: Branch, radii: tuple[float, float], start: Floats
    ) -> tuple[Floats, Floats]:
        """Of several turns about the parent, take the one that leads furthest from all else."""
        length = self._length_of(parent.generation + 1)
        pairs = [self._turned(parent, radii) for _ in range(self.spec.candidates)]
        ends = start + length * np.array(pairs)  # (candidates, 2, 3)
        inside = self.organ.confined(ends, margin_um=parent.radius_um)
        away = self._away(inside, start)
        score = (away - 2 * np.linalg.norm(ends - inside, axis=-1)).sum(axis=1)
        return pairs[int(score.argmax())]

    def _away(self, points: Floats, start: Floats) -> Floats:
        """Distance of ``points`` to all that is taken.

        The start is taken: what lies twice as far from it as they do is never the nearest.
        """
        if self._taken:
            self._seen = np.concatenate([self._seen, *self._taken])
            self._taken = []
        reach = float(np.linalg.norm(points - start, axis=-1).max())
        near = (np.abs(self._seen - start) <= 2 * reach + 1e-6).all(axis=1)
        apart = points[..., None, :] - self._seen[near]
        return np.asarray(np.linalg.norm(apart, axis=-1).min(axis=-1))

    def _turned(self, parent: Branch, radii: tuple[float, float]) -> tuple[Floats, Floats]:
        """Two directions at Murray's angles, somewhat varied, in a random plane."""
        forwards = parent.direction
        sideways = across(forwards, self.rng)
        angles = murray_angles(parent.radius_um, *radii) * self.rng.uniform(0.6, 2.0, size=2)
        first, second = (
            _unit(np.cos(a) * forwards + sign * np.sin(a) * sideways)
            for a, sign in zip(angles, (1.0, -1.0), strict=True)
        )
        return first, second

    def _wound(self, start: Floats, direction: Floats, length: float, radius: float) -> Floats:
        """Wind a centreline about its straight course; the ends stay where they are."""
        step = max(radius, 2 * self.spec.finest_um)
        points = wound(start, direction, length, (self.spec.tortuosity, step), self.rng)
        confined = self.organ.confined(points, margin_um=radius)
        confined[0] = start
        return confined


def wound(
    start: Floats,
    direction: Floats,
    length: float,
    course: tuple[float, float],
    rng: np.random.Generator,
) -> Floats:
    """Points of a centreline that winds about its straight course; its ends lie on it.

    ``course`` is tortuosity and the distance of points, in µm.
    """
    tortuosity, step = course
    pieces = int(np.clip(ceil(length / step), 1, 24))
    t = np.linspace(0, 1, pieces + 1)[:, None]
    points = start + t * length * direction
    for waves in (1, 2, 3):
        size = tortuosity * length * rng.normal() * 0.16 / waves
        points = points + size * np.sin(np.pi * waves * t) * across(direction, rng)
    return np.asarray(points)


def murray_angles(parent: float, first: float, second: float) -> Floats:
    """Angles, in radians, of least work between a parent and its daughters.

    Source: C. D. Murray, J. Gen. Physiol. 9 (1926) 835.

    >>> murray_angles(1.0, 0.5 ** (1 / 3), 0.5 ** (1 / 3)).round(3).tolist()
    [0.654, 0.654]
    """
    one = (parent**4 + first**4 - second**4) / (2 * parent**2 * first**2)
    two = (parent**4 + second**4 - first**4) / (2 * parent**2 * second**2)
    return np.array([acos(min(max(one, -1.0), 1.0)), acos(min(max(two, -1.0), 1.0))])


def _unit(vector: Floats, *, otherwise: Floats | None = None) -> Floats:
    length = sqrt(vector.dot(vector))
    if length < 1e-9:
        return np.array([0.0, 0.0, 1.0]) if otherwise is None else otherwise
    return np.asarray(vector / length)


def across(direction: Floats, rng: np.random.Generator) -> Floats:
    """Return a random unit vector at right angles to ``direction``."""
    vector = rng.normal(size=3)
    return _unit(vector - (vector @ direction) * direction)
