"""Walk an index chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

__all__ = ["ChunkPiece", "chunk_pieces", "cut_shape"]

Index = tuple[slice | int, ...]


class ChunkPiece(NamedTuple):
    """The part of an index that lies in one chunk."""

    cut: Index
    place: tuple[slice, ...]  # in the array that the whole index cuts
    chunk: tuple[int, ...]  # its number along each axis


def cut_shape(index: Index, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of what ``index`` cuts from an array of ``shape``.

    >>> cut_shape((0, slice(2, 5)), (1, 9))
    (3,)
    """
    edges = zip(index, shape, strict=True)
    return tuple(len(range(*part.indices(n))) for part, n in edges if isinstance(part, slice))


def chunk_pieces(index: Index, shape: Sequence[int], chunks: Sequence[int]) -> Iterator[ChunkPiece]:
    """Cut an index (slices of step 1 and integers) along a chunk grid, in C order."""
    axes = [_along(*axis) for axis in zip(index, shape, chunks, strict=True)]
    for parts in product(*axes):
        pieces, places, numbers = zip(*parts, strict=True)
        yield ChunkPiece(pieces, tuple(place for place in places if place is not None), numbers)


def _along(part: slice | int, edge: int, chunk: int) -> list[tuple[slice | int, slice | None, int]]:
    if isinstance(part, int):
        return [(part, None, part // chunk)]
    start, stop, _ = part.indices(edge)
    found: list[tuple[slice | int, slice | None, int]] = []
    for number in range(start // chunk, -(-stop // chunk)):
        a, b = max(start, number * chunk), min(stop, (number + 1) * chunk)
        found.append((slice(a, b), slice(a - start, b - start), number))
    return found
