"""Connected pieces of a mask that is read block by block: joined on the faces of the blocks.

What is kept is one number for every piece of every block, and the faces that
later blocks touch: one slice of the region. A second pass over the same blocks
can then give every voxel its piece, and nothing is stored in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, LabelsError
from napari_vessel.geometry import Box, Zyx

__all__ = ["Connectivity", "PieceFinder", "Pieces", "numbered"]

Connectivity = Literal[6, 18, 26]
"""Voxels touch by faces (6), by edges too (18), by corners too (26)."""

_Mask = NDArray[np.bool_]
_Numbers = NDArray[np.int64]


def numbered(mask: _Mask, connectivity: Connectivity) -> tuple[NDArray[np.int32], int]:
    """Give the pieces of one block numbers from 1; return those and their count."""
    from scipy.ndimage import generate_binary_structure, label

    if not mask.any():
        return np.zeros(mask.shape, np.int32), 0
    if mask.all():
        return np.ones(mask.shape, np.int32), 1
    structure = generate_binary_structure(3, _STEPS[connectivity])
    labels, count = label(mask, structure)
    return labels, int(count)


_STEPS: dict[Connectivity, int] = {6: 1, 18: 2, 26: 3}  # axes along which neighbours may differ


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The pieces of a mask over a region, numbered from 1 by size, the largest first.

    Attributes
    ----------
    region, block, connectivity
        As they were looked for.
    sizes : ndarray (count + 1,) of int64
        Voxels of each piece; 0 for number 0, which is what is no piece.
    open : ndarray (count + 1,) of bool
        Whether a piece reaches a face of the region.
    """

    region: Box
    block: Zyx
    connectivity: Connectivity
    sizes: _Numbers
    open: _Mask
    _firsts: dict[Box, tuple[int, int]]  # numbers given before a block, and by it
    _final: _Numbers

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self.sizes) - 1

    def in_block(self, box: Box) -> _Numbers:
        """Return the numbers of the pieces that a block holds a part of, one for each part."""
        first, count = self._firsts[box]
        return self._final[first + 1 : first + count + 1]

    def of_block(self, box: Box, mask: _Mask, values: NDArray[Any] | None = None) -> NDArray[Any]:
        """Give every voxel of a block its piece's number, 0 where there is none.

        Parameters
        ----------
        box
            One of the blocks that were looked at.
        mask
            Its voxels, as they were then.
        values
            Give it this value of its piece instead, by number.

        Raises
        ------
        LabelsError
            The mask is another one than was looked at.
        """
        labels, count = numbered(mask, self.connectivity)
        if count != self._firsts[box][1]:
            raise LabelsError(f"The mask at {box} changed while its pieces were looked for.")
        lookup = np.concatenate([[0], self.in_block(box)])
        if values is not None:
            lookup = values[lookup]
        found: NDArray[Any] = lookup[labels]
        return found


class PieceFinder:
    """Finds the pieces of a mask of ``region``, given block after block.

    Parameters
    ----------
    region
        What is looked at.
    block
        Edges of the grid's cells, from the volume's corner (:meth:`Box.cells`).
    connectivity
        6, 18 or 26.
    """

    def __init__(self, region: Box, block: Zyx, connectivity: Connectivity = 26) -> None:
        if connectivity not in get_args(Connectivity):
            raise CallerError(f"Connectivity {connectivity}: expected 6, 18 or 26.")
        self.region, self.block, self.connectivity = region, block, connectivity
        self._awaited: Iterator[Box] = region.cells(block)
        self._count = 0
        self._firsts: dict[Box, tuple[int, int]] = {}
        self._sizes: list[_Numbers] = []
        self._open: list[_Mask] = []
        self._pairs: list[_Numbers] = []
        self._faces = _Faces(region)

    def add(self, mask: _Mask) -> Box:
        """Take in the next block, in C order, and return where it lies.

        Raises
        ------
        LabelsError
            It is not of the block's shape, or there was no more to come.
        """
        box = next(self._awaited, None)
        if box is None or mask.shape != box.shape:
            raise LabelsError(f"Expected the mask of {box}, found one of shape {mask.shape}.")
        labels, count = numbered(mask, self.connectivity)
        self._firsts[box] = self._count, count
        self._sizes.append(np.bincount(labels.ravel(), minlength=count + 1)[1:])
        self._open.append(_reaching(labels, count, box, self.region))
        shifts = _shifts(self.connectivity)
        self._pairs += self._faces.meet(labels, self._count, box, shifts)
        self._count += count
        return box

    def pieces(self) -> Pieces:
        """Join what touches; to be asked once all blocks were added."""
        final, count = _joined(self._pairs, self._count)
        sizes, is_open = np.zeros(count + 1, np.int64), np.zeros(count + 1, bool)
        np.add.at(sizes, final[1:], np.concatenate([*self._sizes, np.zeros(0, np.int64)]))
        is_open[final[1:][np.concatenate([*self._open, np.zeros(0, bool)])]] = True
        order = np.concatenate([[0], 1 + np.argsort(-sizes[1:], kind="stable")])
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        kept = (self.region, self.block, self.connectivity)
        return Pieces(*kept, sizes[order], is_open[order], dict(self._firsts), rank[final])


class _Faces:
    """The last faces of the blocks before: a slice, a row of it, and the block just before."""

    def __init__(self, region: Box) -> None:
        self._region = region
        shape = region.shape
        self._slices = [np.zeros(shape[1:], np.int64) for _ in range(2)]  # before, being filled
        self._rows = [np.zeros((0, shape[2]), np.int64) for _ in range(2)]
        self._column = np.zeros((0, 0), np.int64)

    def meet(
        self, labels: NDArray[np.int32], first: int, box: Box, shifts: list[tuple[int, int]]
    ) -> list[_Numbers]:
        """Return pairs of numbers that touch across a block's lower faces; keep its upper ones."""
        z, y, x = box.relative_to(self._region).start
        if y == 0 and x == 0:
            self._slices.reverse()
            self._rows[1] = np.zeros((box.shape[0], self._region.shape[2]), np.int64)
        if x == 0:
            self._rows = [self._rows[1], np.zeros((box.shape[0], self._region.shape[2]), np.int64)]
        pairs = []
        if z > 0:
            pairs += _touching(_global(labels[0], first), self._slices[0], (y, x), shifts)
        if y > 0:
            pairs += _touching(_global(labels[:, 0], first), self._rows[0], (0, x), shifts)
        if x > 0:
            pairs += _touching(_global(labels[:, :, 0], first), self._column, (0, 0), shifts)
        _, height, width = box.shape
        self._slices[1][y : y + height, x : x + width] = _global(labels[-1], first)
        self._rows[1][:, x : x + width] = _global(labels[:, -1], first)
        self._column = _global(labels[:, :, -1], first)
        return pairs


def _global(face: NDArray[np.int32], first: int) -> _Numbers:
    return np.where(face > 0, face + np.int64(first), 0)


def _shifts(connectivity: Connectivity) -> list[tuple[int, int]]:
    """Return by how much neighbours across a face may be apart along it."""
    most = _STEPS[connectivity] - 1
    return [(a, b) for a, b in product((-1, 0, 1), repeat=2) if abs(a) + abs(b) <= most]


def _touching(
    face: _Numbers, other: _Numbers, at: tuple[int, int], shifts: list[tuple[int, int]]
) -> list[_Numbers]:
    """Return pairs (n, 2) of numbers of ``face`` and of ``other``, on which it lies at ``at``."""
    found = []
    for shift in shifts:
        mine, theirs = [], []
        for start, length, by, size in zip(at, face.shape, shift, other.shape, strict=True):
            low, high = max(start + by, 0), min(start + by + length, size)
            theirs.append(slice(low, high))
            mine.append(slice(low - start - by, high - start - by))
        a, b = face[tuple(mine)], other[tuple(theirs)]
        both = (a > 0) & (b > 0)
        if both.any():
            found.append(np.unique(np.stack([a[both], b[both]], axis=1), axis=0))
    return found


def _reaching(labels: NDArray[np.int32], count: int, box: Box, region: Box) -> _Mask:
    """Tell which pieces of a block reach a face of the region."""
    reaching = np.zeros(count + 1, bool)
    for axis in range(3):
        faces = np.moveaxis(labels, axis, 0)
        if box.start[axis] == region.start[axis]:
            reaching[faces[0]] = True
        if box.stop[axis] == region.stop[axis]:
            reaching[faces[-1]] = True
    return reaching[1:]


def _joined(pairs: list[_Numbers], count: int) -> tuple[_Numbers, int]:
    """Give each of ``count`` numbers from 1 that of its piece; 0 stays 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    met = np.concatenate(pairs) - 1 if pairs else np.zeros((0, 2), np.int64)
    graph = coo_array((np.ones(len(met), bool), (met[:, 0], met[:, 1])), shape=(count, count))
    groups, group = connected_components(graph, directed=False) if count else (0, np.zeros(0))
    return np.concatenate([[0], group.astype(np.int64) + 1]), int(groups)
