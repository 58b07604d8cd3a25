"""What a file format must offer to be a volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

import numpy as np

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._dtypes import LazyArray, Voxels

__all__ = ["Factors", "Source", "check_box", "digest", "lazy_array"]

Factors = tuple[float, float, float]


@runtime_checkable
class Source(Protocol):
    """One opened file, folder or address: levels of voxels, all axes zyx.

    Opening reads no voxels. All members can be used from several threads.

    Attributes
    ----------
    shapes
        Edges of each level in voxels, the finest first.
    dtype
        Type of the voxels read: native-endian integer or float, uint8 for bool.
    voxel_size
        Edges of a voxel of level 0, or None where the file says nothing.
    voxel_size_known
        False where nothing is said, or numbers without a unit (then taken as µm).
    factors
        For each level, the edges of its voxels in those of level 0.
    origin_um
        Where the centre of the first voxel of level 0 lies, in µm; zero where nothing is said.
    uri
        What to call it; holds no password or token.
    chunk
        Edges of the pieces in which level 0 is stored: what it costs to read one voxel.
    names
        File name of each slice, where each is a file of its own.
    channels
        The number of channels of which one was chosen.
    missing_chunks
        The number of different chunks that were asked for and not there.
    """

    @property
    def shapes(self) -> Sequence[Zyx]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def voxel_size(self) -> VoxelSize | None: ...
    @property
    def voxel_size_known(self) -> bool: ...
    @property
    def factors(self) -> Sequence[Factors]: ...
    @property
    def origin_um(self) -> tuple[float, float, float]: ...
    @property
    def uri(self) -> str: ...
    @property
    def chunk(self) -> Zyx: ...
    @property
    def names(self) -> Sequence[str] | None: ...
    @property
    def channels(self) -> int: ...
    @property
    def missing_chunks(self) -> int: ...

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box`` (voxels of ``level``); ReadError where that fails."""

    def array(self, level: int) -> LazyArray:
        """Return a level as a dask array in the chunks it is stored in."""

    def fingerprint(self) -> str:
        """Identify the content from names, sizes and metadata, as sha256 in hex.

        It reads no voxels and holds neither path nor time, so a copy elsewhere keeps it.
        Where voxels change and names, sizes and metadata do not, it stays the same.
        """


def check_box(box: Box, level: int, shapes: Sequence[Zyx]) -> None:
    """Refuse a level or box that is not there.

    Raises
    ------
    CallerError
        If there is no such level, or the box reaches outside of it.
    """
    if not 0 <= level < len(shapes):
        message = f"Level {level} was asked for; there are levels 0 to {len(shapes) - 1}."
        raise CallerError(message)
    if not Box.of(shapes[level]).contains(box):
        message = f"Box {box} reaches outside of level {level}, {Box.of(shapes[level])}."
        raise CallerError(message)


def digest(*parts: object) -> str:
    """Return the sha256, in hex, of plain values as canonical JSON."""
    text = dumps(parts, sort_keys=True, default=str, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True)
class _Level:
    """A level as an array that is read on indexing: what dask asks for."""

    source: Source
    level: int

    @property
    def shape(self) -> Zyx:
        return self.source.shapes[self.level]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    @property
    def ndim(self) -> int:
        return 3

    def __getitem__(self, index: tuple[slice | int, ...]) -> Voxels:
        spans = [_span(part, edge) for part, edge in zip(index, self.shape, strict=True)]
        (a, b, i), (c, d, j), (e, f, k) = spans
        voxels: Voxels = self.source.read(Box((a, c, e), (b, d, f)), self.level)[i, j, k]
        return voxels


def _span(part: slice | int, edge: int) -> tuple[int, int, slice | int]:
    """Return where to read an axis from and to, and what to pick of that."""
    if not isinstance(part, slice):
        return int(part), int(part) + 1, 0
    picked = range(*part.indices(edge))
    if not picked:
        return 0, 0, slice(0, 0)
    first = min(picked[0], picked[-1])
    return first, max(picked[0], picked[-1]) + 1, slice(None, None, picked.step)


def lazy_array(source: Source, level: int, chunk: Zyx) -> LazyArray:
    """Return ``level`` of ``source`` as a dask array in chunks of ``chunk``.

    Its name is new at every call: viewers cache by name, and a file that was rewritten since
    it was last opened must not be shown from such a cache.
    """
    import dask.array as da

    shape = source.shapes[level]
    edges = tuple(max(1, min(c, n)) for c, n in zip(chunk, shape, strict=True))
    name = f"volume-{uuid4().hex}"
    meta = np.empty((0, 0, 0), source.dtype)
    level_array = _Level(source, level)
    return da.from_array(level_array, chunks=edges, name=name, meta=meta, fancy=False)  # type: ignore[no-untyped-call]
