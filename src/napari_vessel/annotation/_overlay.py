"""The corrections of a volume, as a sparse array of state codes."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from napari_vessel.annotation._state import BACKGROUND, VESSEL, Codes, Mask
from napari_vessel.geometry import Box, Zyx

CHUNK = (64, 64, 64)
UNPACKED = 1024
"""So many chunks (256 MiB) are kept as arrays; the others are packed, to a kilobyte or so."""

_REVIEWED, _VESSEL = np.uint8(VESSEL | BACKGROUND), np.uint8(VESSEL)

_GZIP = 31  # zlib's word for a gzip stream
_FASTEST = 1

_Slices = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class PackedChunk:
    """One chunk at rest: its gzip stream, and the tight box (volume voxels) of what it holds."""

    key: Zyx
    data: bytes
    box: Box | None


class Overlay:
    """State codes of every voxel; only chunks of 64³ that were touched take memory.

    Reads and writes may come from any thread.

    Parameters
    ----------
    shape
        The volume's edges, in voxels.
    """

    def __init__(self, shape: Zyx) -> None:
        self.shape = shape
        self._lock = threading.RLock()
        self._chunks: dict[Zyx, Codes] = {}
        self._packed: dict[Zyx, bytes] = {}  # a chunk is in one of the two, never in both
        self._boxes: dict[Zyx, Box | None] = {}  # tight, in volume voxels
        self._reviewed = self._vessel = 0

    def read(self, box: Box) -> Codes:
        """Return the codes of ``box`` (inside the volume), as a copy."""
        codes = np.zeros(box.shape, np.uint8)
        with self._lock:
            if self._chunks or self._packed:
                for key, within, at in _pieces(box):
                    chunk = self._found(key)
                    if chunk is not None:
                        codes[at] = chunk[within]
        return codes

    def write(self, box: Box, mask: Mask, after: Codes | int) -> None:
        """Write ``after`` (one code, or an array of the box's shape) where ``mask`` is set."""
        with self._lock:
            for key, within, at in _pieces(box):
                where = mask[at]
                if where.any():
                    piece = self._chunk(key)[within]
                    before = piece[where]
                    self._count(before, -1)
                    if isinstance(after, np.ndarray):
                        piece[where] = values = after[at][where]
                        self._count(values, 1)
                    else:
                        piece[where] = after
                        self._reviewed += before.size * bool(after & (VESSEL | BACKGROUND))
                        self._vessel += before.size * bool(after & VESSEL)
                    self._boxes.pop(key, None)

    def boxes(self) -> list[Box]:
        """Return, for each chunk with reviewed voxels, the tight box around them."""
        with self._lock:
            boxes = [self._box(key) for key in sorted([*self._chunks, *self._packed])]
        return [box for box in boxes if box is not None]

    @property
    def reviewed(self) -> int:
        """The number of voxels that are not untouched."""
        return self._reviewed

    @property
    def vessel(self) -> int:
        """The number of vessel voxels, painted or accepted."""
        return self._vessel

    @property
    def background(self) -> int:
        """The number of background voxels, painted or accepted."""
        return self.reviewed - self.vessel

    def packed(self) -> Iterator[PackedChunk]:
        """Yield every chunk at rest, for a cache; nothing may be written meanwhile."""
        for key in sorted([*self._chunks, *self._packed]):
            with self._lock:
                box = self._box(key)
                data = self._packed.get(key) or pack(self._chunks[key])
            if box is not None:
                yield PackedChunk(key, data, box)

    def restore(self, chunks: list[PackedChunk], reviewed: int, vessel: int) -> None:
        """Take chunks from a cache into an empty overlay, with their counts."""
        self._packed = {chunk.key: chunk.data for chunk in chunks}
        self._boxes = {chunk.key: chunk.box for chunk in chunks}
        self._reviewed, self._vessel = reviewed, vessel

    def _found(self, key: Zyx) -> Codes | None:
        chunk = self._chunks.get(key)
        if chunk is None and (data := self._packed.pop(key, None)) is not None:
            chunk = self._kept(key, unpack(data))
        return chunk

    def _chunk(self, key: Zyx) -> Codes:
        chunk = self._found(key)
        return self._kept(key, np.zeros(CHUNK, np.uint8)) if chunk is None else chunk

    def _kept(self, key: Zyx, chunk: Codes) -> Codes:
        while len(self._chunks) >= UNPACKED:  # the one unpacked first makes room
            oldest = next(iter(self._chunks))
            self._packed[oldest] = pack(self._chunks.pop(oldest))
        self._chunks[key] = chunk
        return chunk

    def _box(self, key: Zyx) -> Box | None:
        if key not in self._boxes:
            chunk = self._chunks.get(key)
            self._boxes[key] = _tight(unpack(self._packed[key]) if chunk is None else chunk, key)
        return self._boxes[key]

    def _count(self, codes: Codes, times: int) -> None:
        """Add what ``codes`` hold to the totals; ``times`` -1 takes it away."""
        self._reviewed += times * int(np.count_nonzero(codes & _REVIEWED))
        self._vessel += times * int(np.count_nonzero(codes & _VESSEL))


def pack(chunk: Codes) -> bytes:
    """Return a chunk as a gzip stream, as zarr's codec of that name writes it."""
    packer = zlib.compressobj(_FASTEST, wbits=_GZIP)
    return packer.compress(chunk.tobytes()) + packer.flush()


def unpack(data: bytes) -> Codes:
    """Return the chunk that :func:`pack` packed."""
    return np.frombuffer(bytearray(zlib.decompress(data, _GZIP)), np.uint8).reshape(CHUNK)


def _tight(chunk: Codes, key: Zyx) -> Box | None:
    """Return the box around a chunk's reviewed voxels; the chunk at ``key`` of the grid."""
    if not chunk.any():
        return None
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        used = np.flatnonzero(chunk.any(axis=others)) + key[axis] * CHUNK[axis]
        spans.append((int(used[0]), int(used[-1]) + 1))
    (z0, z1), (y0, y1), (x0, x1) = spans
    return Box((z0, y0, x0), (z1, y1, x1))


def _pieces(box: Box) -> Iterator[tuple[Zyx, _Slices, _Slices]]:
    """Cut ``box`` at chunks: the chunk's key, the piece within it, and within the box.

    As ``box.cells``, but in bare numbers: this runs at every brush stamp and
    for every row of a replay.
    """
    axes = [
        [
            (
                key,
                slice(max(start - key * edge, 0), min(stop - key * edge, edge)),
                slice(max(key * edge - start, 0), min((key + 1) * edge, stop) - start),
            )
            for key in range(start // edge, -(-stop // edge))
        ]
        for start, stop, edge in zip(box.start, box.stop, CHUNK, strict=True)
    ]
    for (z, in_z, at_z), (y, in_y, at_y), (x, in_x, at_x) in product(*axes):
        yield (z, y, x), (in_z, in_y, in_x), (at_z, at_y, at_x)
