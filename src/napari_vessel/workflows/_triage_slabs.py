"""The images of a volume's chunks, read in slabs: a file's chunks are larger than these."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_vessel.datasets import ChunkView, Readable
from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes import IntensityWindow, Volume
from napari_vessel.workflows._triage_map import TriageMap

__all__ = ["Batch", "Look", "batches"]

_SLAB: Zyx = (64, 512, 512)  # voxels, about: whole chunks of most files
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """What looking through a volume needs."""

    volume: Volume
    view: ChunkView
    network: nn.Module
    vessel: int  # place of that class
    batch: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Images (n, C, size, size) of chunks; ``unread`` others could not be read."""

    indices: tuple[Zyx, ...]
    images: NDArray[np.float32]
    unread: int = 0


@dataclass(frozen=True, eq=False)
class _Slab:
    """A part of a volume in memory, as :class:`Readable`."""

    volume: Volume
    box: Box
    voxels: NDArray[Any]

    @property
    def shape(self) -> Zyx:
        return self.volume.shape

    @property
    def voxel_size(self) -> VoxelSize:
        return self.volume.voxel_size

    def read(self, box: Box) -> NDArray[Any]:
        found: NDArray[Any] = self.voxels[box.relative_to(self.box).slices]
        return found

    def window(self) -> IntensityWindow:
        return self.volume.window()


def batches(look: Look, found: TriageMap, indices: Sequence[Zyx]) -> Iterator[Batch]:
    """Read the images of chunks; a slab is read while the one before is looked at.

    A chunk that cannot be read is logged and counted.
    """
    slabs = list(_slabs(found, indices))
    with ThreadPoolExecutor(1) as reading:
        ahead = reading.submit(_held, look, found, slabs[0]) if slabs else None
        for slab, following in zip(slabs, [*slabs[1:], None], strict=True):
            held = ahead.result() if ahead else look.volume
            ahead = reading.submit(_held, look, found, following) if following else None
            for first in range(0, len(slab), look.batch):
                yield _batch(look, found, held, slab[first : first + look.batch])


def _slabs(found: TriageMap, indices: Sequence[Zyx]) -> Iterator[list[Zyx]]:
    """Part chunks by the slabs that hold them, in the order of the grid."""
    edges = [max(most // edge, 1) for most, edge in zip(_SLAB, found.chunk, strict=True)]
    parts: dict[tuple[int, ...], list[Zyx]] = {}
    for index in indices:
        slab = tuple(at // edge for at, edge in zip(index, edges, strict=True))
        parts.setdefault(slab, []).append(index)
    yield from (parts[slab] for slab in sorted(parts))


def _held(look: Look, found: TriageMap, slab: Sequence[Zyx]) -> Readable:
    """Read a slab; where not all of it can be read, each chunk is read by itself."""
    windows = [look.view.window(found.box_of(i), look.volume.voxel_size) for i in slab]
    starts, stops = np.array([w.start for w in windows]), np.array([w.stop for w in windows])
    (a, b, c), (d, e, f) = starts.min(0).tolist(), stops.max(0).tolist()
    box = Box((a, b, c), (d, e, f)).intersection(Box.of(look.volume.shape))
    if box is None:
        return look.volume
    try:
        return _Slab(look.volume, box, look.volume.read(box))
    except ReadError:
        return look.volume


def _batch(look: Look, found: TriageMap, held: Readable, indices: Sequence[Zyx]) -> Batch:
    images, read = [], []
    for index in indices:
        try:
            images.append(look.view.image(held, found.box_of(index)))
        except ReadError as error:
            _log.warning("The chunk at %s was not judged: %s", found.box_of(index), error)
        else:
            read.append(index)
    size = look.view.size
    empty = np.empty((0, look.view.channels, size, size), np.float32)
    return Batch(tuple(read), np.stack(images) if images else empty, len(indices) - len(read))
