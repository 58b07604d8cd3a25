"""Strahler's order of every branch of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["strahler_orders"]

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


def strahler_orders(nodes: int, ends: _Ints, radii: _Floats) -> _Ints:
    """Return Strahler's order of each branch (A. N. Strahler, Trans. AGU 38 (1957) 913).

    A twig has order 1; where two or more of the highest order meet, the branch that
    they spring from has one more. Every piece is seen as a tree: its root is the widest of
    its free ends, and its rings are cut at their thinnest branch. What is cut has order 0.

    Parameters
    ----------
    nodes
        How many nodes there are.
    ends : ndarray (m, 2)
        The nodes of each branch.
    radii : ndarray (m,)
        Mean radius of each branch.

    Examples
    --------
    A trunk that parts in two, one of which parts again:

    >>> ends = np.array([[0, 1], [1, 2], [1, 3], [3, 4], [3, 5]])
    >>> strahler_orders(6, ends, np.array([9.0, 1, 5, 1, 1])).tolist()
    [2, 1, 2, 1, 1]
    """
    orders = np.zeros(len(ends), np.int64)
    if not len(ends):
        return orders
    tree = _spanning(nodes, ends, radii)
    parent, branch, sequence = _downwards(nodes, ends[tree], radii[tree])
    highest, count = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    numbers = np.flatnonzero(tree)
    for node in reversed(sequence):
        if parent[node] < 0:
            continue
        order = max(int(highest[node]) + (count[node] > 1), 1)
        orders[numbers[branch[node]]] = order
        above = parent[node]
        if order > highest[above]:
            highest[above], count[above] = order, 1
        elif order == highest[above]:
            count[above] += 1
    return orders


def _spanning(nodes: int, ends: _Ints, radii: _Floats) -> NDArray[np.bool_]:
    """Choose the branches of a tree that holds the widest: each ring lacks its thinnest."""
    above = list(range(nodes))

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    chosen = np.zeros(len(ends), bool)
    for index in np.argsort(-radii, kind="stable").tolist():
        one, other = (top(int(node)) for node in ends[index])
        if one != other:
            above[one] = other
            chosen[index] = True
    return chosen


def _downwards(nodes: int, ends: _Ints, radii: _Floats) -> tuple[list[int], list[int], list[int]]:
    """Return each node's parent and the branch to it (-1 for roots), and the nodes, roots first."""
    around: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
    for index, (one, other) in enumerate(ends.tolist()):
        around[one].append((other, index))
        around[other].append((one, index))
    parent, branch = [-1] * nodes, [-1] * nodes
    seen, sequence = [False] * nodes, []
    for root in _roots_first(around, radii):
        if seen[root]:
            continue
        seen[root] = True
        queue = [root]
        for node in queue:  # grows while it is walked
            for other, index in around[node]:
                if not seen[other]:
                    seen[other], parent[other], branch[other] = True, node, index
                    queue.append(other)
        sequence += queue
    return parent, branch, sequence


def _roots_first(around: list[list[tuple[int, int]]], radii: _Floats) -> list[int]:
    """Return the nodes as candidates for a root: free ends, the widest first, then the others."""

    def rank(node: int) -> tuple[bool, float]:
        widest = max((float(radii[index]) for _, index in around[node]), default=0.0)
        return len(around[node]) != 1, -widest

    return sorted(range(len(around)), key=rank)
