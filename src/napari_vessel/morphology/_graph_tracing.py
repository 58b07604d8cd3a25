"""Branches traced along the voxels of a skeleton, from node to node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Traced", "traced"]

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """A skeleton's voxels as nodes and branches.

    Attributes
    ----------
    node : ndarray (n,)
        The node that each voxel belongs to; -1 for those along a branch.
    count
        How many nodes there are.
    ends : list of (int, int)
        The two nodes of each branch.
    paths : list of list of int
        The voxels along each branch, in their order, without those of its nodes.
    """

    node: _Ints
    count: int
    ends: list[tuple[int, int]]
    paths: list[list[int]]


def traced(count: int, pairs: _Ints) -> Traced:
    """Trace the branches of a skeleton of ``count`` voxels of which ``pairs`` (m, 2) touch.

    Voxels that touch one other end a branch. Those that touch three or more, and each
    other, are one junction; a ring without any begins at one of its voxels.
    """
    first, neighbours = _adjacency(count, pairs)
    degree = np.diff(first)
    node, nodes = _nodes(count, pairs, degree)
    walk = _Walk(first.tolist(), neighbours.tolist(), node)
    for voxel in np.flatnonzero(node >= 0).tolist():
        walk.leave(voxel)
    for voxel in np.flatnonzero((node < 0) & ~walk.visited).tolist():
        nodes = walk.begin_ring(voxel, nodes)
    return Traced(walk.node, nodes, walk.ends, walk.paths)


class _Walk:
    """Walks along all branches, each once."""

    def __init__(self, first: list[int], neighbours: list[int], node: _Ints) -> None:
        self.node = node.copy()
        self.visited = np.zeros(len(node), bool)
        self.ends: list[tuple[int, int]] = []
        self.paths: list[list[int]] = []
        self._first, self._neighbours = first, neighbours
        self._nodes: list[int] = node.tolist()
        self._seen = bytearray(len(node))

    def leave(self, voxel: int) -> None:
        """Walk along every branch that leaves a node by one of its voxels."""
        own = self._nodes[voxel]
        for step in self._around(voxel):
            other = self._nodes[step]
            if other < 0:
                if not self._seen[step]:
                    self._follow(voxel, step)
            elif other > own:  # two nodes that touch: a branch without voxels of its own
                self._add(own, other, [])

    def begin_ring(self, voxel: int, nodes: int) -> int:
        """Make a ring's voxel its node, unless the ring was walked; return the count of nodes."""
        if self._seen[voxel]:
            return nodes
        self._nodes[voxel] = nodes
        self.node[voxel] = nodes
        self.leave(voxel)
        return nodes + 1

    def _follow(self, start: int, step: int) -> None:
        path, before = [], start
        while self._nodes[step] < 0:
            path.append(step)
            self._seen[step] = 1
            onwards = [n for n in self._around(step) if n != before]
            before, step = step, onwards[0] if onwards else start
        self.visited[path] = True
        self._add(self._nodes[start], self._nodes[step], path)

    def _add(self, one: int, other: int, path: list[int]) -> None:
        self.ends.append((one, other))
        self.paths.append(path)

    def _around(self, voxel: int) -> list[int]:
        return self._neighbours[self._first[voxel] : self._first[voxel + 1]]


def _adjacency(count: int, pairs: _Ints) -> tuple[_Ints, _Ints]:
    """Return where each voxel's neighbours begin, and all neighbours one after the other."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    first = np.concatenate([[0], np.cumsum(np.bincount(both[:, 0], minlength=count))])
    return first.astype(np.int64), both[:, 1]


def _nodes(count: int, pairs: _Ints, degree: _Ints) -> tuple[_Ints, int]:
    """Give nodes numbers: ends and lone voxels each, junction voxels that touch together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    crossing = degree >= 3
    inner = pairs[crossing[pairs].all(axis=1)]
    graph = coo_array((np.ones(len(inner), bool), (inner[:, 0], inner[:, 1])), shape=(count,) * 2)
    group = connected_components(graph, directed=False)[1] if count else np.zeros(0, np.int64)
    node = np.full(count, -1, np.int64)
    of_node = degree != 2
    _, numbers = np.unique(group[of_node], return_inverse=True)
    node[of_node] = numbers
    return node, int(numbers.max(initial=-1)) + 1
