"""Refuse sizes that no volume has, before anything is allocated.

Python integers throughout: numpy's overflow, and a shape of 2⁶² × 2⁶² then seems to
take no bytes at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from napari_vessel.errors import UnsupportedVolumeError

__all__ = ["MAX_BYTES", "MAX_CHUNKS", "MAX_CHUNK_BYTES", "check_chunks", "check_shape"]

MAX_BYTES = 2**50  # 1 PiB; the largest published organ takes 15 TB
MAX_CHUNK_BYTES = 2**30
MAX_CHUNKS = 2 * 10**8


def check_shape(shape: Sequence[object], itemsize: int, uri: str) -> tuple[int, ...]:
    """Return ``shape`` as Python integers.

    Raises
    ------
    UnsupportedVolumeError
        If an edge is no integer above 0, or the whole is larger than 1 PiB.
    """
    edges = []
    for edge in shape:
        if isinstance(edge, bool) or not hasattr(edge, "__index__"):
            message = f"{uri}: shape {list(shape)!r:.200}; expected whole numbers."
            raise UnsupportedVolumeError(message)
        edges.append(int(edge.__index__()))
    if any(edge < 0 for edge in edges):
        message = f"{uri}: shape {edges}; no edge can be below 0."
        raise UnsupportedVolumeError(message)
    if 0 in edges:
        message = f"{uri}: shape {tuple(edges)} holds no voxels."
        raise UnsupportedVolumeError(message)
    if prod(edges) * int(itemsize) > MAX_BYTES:
        message = f"{uri}: shape {tuple(edges)} is more than 1 PiB; its metadata is damaged."
        raise UnsupportedVolumeError(message)
    return tuple(edges)


def check_chunks(shape: Sequence[int], chunk: Sequence[int], itemsize: int, uri: str) -> None:
    """Refuse chunks that cannot be read piece by piece.

    Raises
    ------
    UnsupportedVolumeError
        If one chunk takes more than 1 GiB, an edge is below 1, or there are too many.
    """
    if len(chunk) != len(shape) or any(edge < 1 for edge in chunk):
        message = f"{uri}: chunks {tuple(chunk)} do not fit the shape {tuple(shape)}."
        raise UnsupportedVolumeError(message)
    size = prod(min(c, n) for c, n in zip(chunk, shape, strict=True)) * int(itemsize)
    if max(size, prod(chunk) * int(itemsize)) > MAX_CHUNK_BYTES:
        message = (
            f"{uri}: one chunk {tuple(chunk)} takes more than 1 GiB and must be read whole; "
            "write it again in chunks of about 128 voxels."
        )
        raise UnsupportedVolumeError(message)
    count = prod(-(-n // c) for c, n in zip(chunk, shape, strict=True))
    if count > MAX_CHUNKS:
        message = f"{uri}: {count:,} chunks of {tuple(chunk)}; expected at most {MAX_CHUNKS:,}."
        raise UnsupportedVolumeError(message)
