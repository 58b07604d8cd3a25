"""Pieces of a mask larger than memory: found, the small ones removed, cavities filled.

A mask is a function that reads a box of it, and so is what these make of it:
they can be put one upon the other, and nothing is stored in between.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx
from napari_vessel.metrics import Connectivity, PieceFinder, Pieces

__all__ = ["BLOCK", "BlocksDone", "cavities_filled", "find_pieces", "small_removed"]

BLOCK: Zyx = (128, 256, 256)
"""Voxels that are looked at together: 8 million, at about 20 bytes each."""

_KEPT = 256  # blocks remembered, a bit a voxel: who reads with a halo meets each several times

Read = Callable[[Box], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class BlocksDone:
    """How many blocks of a region have been looked at."""

    done: int
    total: int


def find_pieces(
    read: Read,
    region: Box,
    *,
    block: Zyx = BLOCK,
    connectivity: Connectivity = 26,
    around: bool = False,
) -> Iterator[BlocksDone | Pieces]:
    """Find the connected pieces of a mask, block by block.

    They are those of the whole mask in memory, whatever the blocks.

    Parameters
    ----------
    read
        Gives a box of the mask, ≠ 0 is vessel.
    region
        What is looked at; nothing goes on beyond it.
    block
        Voxels held at a time.
    connectivity
        Voxels touch by faces (6), by edges too (18), by corners too (26).
    around
        Find the pieces of what is not vessel instead.

    Yields
    ------
    BlocksDone
        After every block.
    Pieces
        Once, last.

    Notes
    -----
    Memory: a block, two slices of the region (8 bytes a voxel), and some numbers
    for every piece of every block.
    """
    finder = PieceFinder(region, block, connectivity)
    total = sum(1 for _ in region.cells(block))
    for done, box in enumerate(region.cells(block), start=1):
        finder.add((np.asarray(read(box)) != 0) ^ around)
        yield BlocksDone(done, total)
    yield finder.pieces()


def small_removed(read: Read, pieces: Pieces, least_voxels: int) -> Read:
    """Return a mask without its pieces of fewer than ``least_voxels``.

    Parameters
    ----------
    read, pieces
        The mask, and what :func:`find_pieces` found of it.
    """
    return _Chosen(read, pieces, pieces.sizes >= least_voxels, around=False).read


def cavities_filled(read: Read, around: Pieces, largest_voxels: int | None = None) -> Read:
    """Return a mask with its cavities filled, as ``scipy.ndimage.binary_fill_holes`` does.

    Parameters
    ----------
    read
        The mask.
    around
        What :func:`find_pieces` found around it, ``around=True`` and connectivity 6.
    largest_voxels
        Of a cavity that is filled; none: however large. What is open at a face of the
        region is no cavity.
    """
    filled = ~around.open
    if largest_voxels is not None:
        filled &= around.sizes <= largest_voxels
    return _Chosen(read, around, filled, around=True).read


class _Chosen:
    """A mask of which some pieces, or some pieces of what is around it, count as vessel.

    Blocks in which that changes nothing are read as they are, without another look at their
    pieces; of the others the last are kept, at a megabyte each.
    """

    def __init__(self, read: Read, pieces: Pieces, chosen: NDArray[np.bool_], around: bool) -> None:
        self._read, self._pieces, self._around = read, pieces, around
        self._chosen = chosen.copy()
        self._chosen[0] = False
        self._kept: OrderedDict[Box, NDArray[np.uint8]] = OrderedDict()

    def read(self, box: Box) -> NDArray[np.bool_]:
        """Read any box of the region."""
        found: NDArray[np.bool_] = np.asarray(self._read(box)) != 0
        for part in box.cells(self._pieces.block):
            cell = self._cell(part)
            if self._changes(cell):
                inner = part.relative_to(cell).slices
                found[part.relative_to(box).slices] = self._of(cell)[inner]
        return found

    def _changes(self, cell: Box) -> bool:
        """Tell whether a block has a piece that is filled, or one that is left out."""
        chosen = self._chosen[self._pieces.in_block(cell)]
        return bool(chosen.any() if self._around else not chosen.all())

    def _cell(self, part: Box) -> Box:
        """Return the block that holds ``part``."""
        edges = self._pieces.block
        z, y, x = (a - a % e for a, e in zip(part.start, edges, strict=True))
        whole = Box((z, y, x), (z + edges[0], y + edges[1], x + edges[2]))
        return whole.intersection(self._pieces.region) or part

    def _of(self, cell: Box) -> NDArray[np.bool_]:
        bits = self._kept.pop(cell, None)
        if bits is None:
            mask = np.asarray(self._read(cell)) != 0
            here = self._pieces.of_block(cell, mask ^ self._around, self._chosen)
            bits = np.packbits(mask | here if self._around else here)
        self._kept[cell] = bits
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        found = np.unpackbits(bits, count=cell.size).view(np.bool_)
        whole: NDArray[np.bool_] = found.reshape(cell.shape)
        return whole
