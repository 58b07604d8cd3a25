"""A mesh of capillaries: many thin vessels of like calibre that branch and meet again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_vessel.phantoms._organ import Floats
from napari_vessel.phantoms._tree import Branch, wound

_MOST_NODES = 300  # bounds the time; a wider mesh is made where more would be needed
_NEIGHBOURS = 2  # each node is joined to so many, and to those that choose it


def grow_mesh(
    extent_um: Floats,
    ends_um: Floats,
    *,
    spacing_um: float,
    radius_um: float,
    rng: np.random.Generator,
) -> list[Branch]:
    """Join random places in a volume, and ``ends_um`` (of arteries), to their neighbours.

    Radii vary by a quarter; loops are many. Branches have no parent.
    """
    room = extent_um + 2 * spacing_um
    count = int(np.clip(np.prod(room) / spacing_um**3, 4, _MOST_NODES))
    nodes = rng.uniform(0, 1, size=(count, 3)) * room - spacing_um
    nodes = np.concatenate([nodes, ends_um]) if len(ends_um) else nodes
    branches = []
    for first, second in _edges(nodes):
        start, along = nodes[first], nodes[second] - nodes[first]
        length = max(float(np.linalg.norm(along)), 1e-6)
        radius = radius_um * float(rng.lognormal(0, 0.25))
        points = wound(start, along / length, length, (rng.uniform(0.2, 1.3), 3 * radius), rng)
        branches.append(Branch(points, radius, -1, 0))
    return branches


def _edges(nodes: Floats) -> NDArray[np.int64]:
    """Pairs of neighbours, each once, ``(n, 2)``."""
    wanted = min(_NEIGHBOURS + 1, len(nodes))
    _, near = cKDTree(nodes).query(nodes, k=wanted)
    pairs = [(i, j) for i, row in enumerate(np.atleast_2d(near)) for j in row if i != j]
    return np.unique(np.sort(np.array(pairs, np.int64).reshape(-1, 2), axis=1), axis=0)
