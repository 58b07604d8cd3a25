"""What a labels volume holds, found in one pass or, where it is very large, in a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from napari_vessel.geometry import Box, Zyx
from napari_vessel.tiling import BlockGrid
from napari_vessel.training._labelled import ReadMask
from napari_vessel.training._reviewed import Reviewed, reviewed_in, vessel_in

__all__ = ["Looked", "Survey", "labelled_slices", "survey"]

_PIECE: Zyx = (32, 1024, 1024)  # 32 MB of masks at a time


@dataclass(frozen=True, slots=True)
class Looked:
    """How many of the pieces were looked at."""

    done: int
    total: int


@dataclass(frozen=True)
class Survey:
    """Cells that hold reviewed voxels, of those looked at.

    Parameters
    ----------
    cells
        In C order, clipped to the volume.
    vessel
        Those that hold a vessel voxel.
    reviewed_voxels, vessel_voxels
        In the cells looked at.
    share
        Of all cells, how many were looked at: 1, or less in a very large volume.
    """

    cells: tuple[Box, ...]
    vessel: frozenset[Box]
    reviewed_voxels: int
    vessel_voxels: int
    share: float


def survey(
    reviewed: Reviewed, searched: Sequence[Box], block: Zyx, most: int, seed: int = 0
) -> Iterator[Looked | Survey]:
    """Look for reviewed voxels cell by cell, in at most ``most`` cells.

    Time and memory are bounded: of more cells a random sample is looked at, the
    same one for the same seed.

    Parameters
    ----------
    reviewed
        What is reviewed.
    searched
        Boxes outside of which nothing is.
    block
        Edges of a cell, in voxels, zyx.
    most
        Cells looked at, at most.
    seed
        Of the sample.

    Yields
    ------
    Looked
        After every cell.
    Survey
        Once, last.
    """
    boxes, share = _sampled(searched, reviewed.shape, block, most, seed)
    cells, vessel = [], set()
    count = vessels = 0
    for done, box in enumerate(boxes, start=1):
        codes = reviewed.read(box)
        found = int(np.count_nonzero(reviewed_in(codes)))
        if found:
            cells.append(box)
            inside = int(np.count_nonzero(vessel_in(codes)))
            count, vessels = count + found, vessels + inside
            if inside:
                vessel.add(box)
        yield Looked(done, len(boxes))
    yield Survey(tuple(cells), frozenset(vessel), count, vessels, share)


def labelled_slices(vessel: ReadMask, shape: Zyx) -> Iterator[Looked | tuple[Box, ...]]:
    """Find the XY slices that hold a label, in one pass and bounded memory.

    Yields
    ------
    Looked
        After every piece read.
    tuple of Box
        Once, last: each run of neighbouring slices as a box.
    """
    used = np.zeros(shape[0], np.bool_)
    grid = BlockGrid(Box.of(shape), _PIECE)
    for done, piece in enumerate(grid, start=1):
        used[piece.start[0] : piece.stop[0]] |= vessel(piece).any(axis=(1, 2))
        yield Looked(done, len(grid))
    edges = np.flatnonzero(np.diff(used, prepend=False, append=False)).reshape(-1, 2)
    yield tuple(Box((a, 0, 0), (b, shape[1], shape[2])) for a, b in edges.tolist())


def _sampled(
    searched: Sequence[Box], shape: Zyx, block: Zyx, most: int, seed: int
) -> tuple[list[Box], float]:
    """Return cells that touch a box, sampled where there are too many, and which share."""
    if len(searched) == 1:
        found, total = _sampled_of_one(searched[0], block, most, seed)
    else:
        places = sorted({place for box in searched for place in _places(box, block)})
        total = len(places)
        chosen = _chosen(total, most, seed)
        found = [places[i] for i in chosen]
    whole = Box.of(shape)
    corners = ([p * e for p, e in zip(place, block, strict=True)] for place in found)
    cells = [
        Box((z, y, x), (z + block[0], y + block[1], x + block[2])).intersection(whole)
        for z, y, x in corners
    ]
    return [cell for cell in cells if cell], len(found) / total if total else 1.0


def _sampled_of_one(box: Box, block: Zyx, most: int, seed: int) -> tuple[list[Zyx], int]:
    """Sample the cells of one box without listing them all."""
    first = [a // e for a, e in zip(box.start, block, strict=True)]
    counts = [-(-b // e) - a for a, b, e in zip(first, box.stop, block, strict=True)]
    total = prod(counts)
    _, rows, columns = counts
    found: list[Zyx] = []
    for number in _chosen(total, most, seed):
        z, rest = divmod(number, rows * columns)
        y, x = divmod(rest, columns)
        found.append((first[0] + z, first[1] + y, first[2] + x))
    return found, total


def _places(box: Box, block: Zyx) -> Iterator[Zyx]:
    for cell in box.cells(block):
        z, y, x = (a // e for a, e in zip(cell.start, block, strict=True))
        yield z, y, x


def _chosen(total: int, most: int, seed: int) -> Sequence[int]:
    if total <= most:
        return range(total)
    rng = np.random.default_rng(seed)
    chosen: list[int] = np.sort(rng.choice(total, most, replace=False, shuffle=False)).tolist()
    return chosen
