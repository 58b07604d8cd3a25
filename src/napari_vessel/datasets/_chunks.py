"""Chunks of volumes with their masks: those with a vessel, and those without."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from pathlib import PurePosixPath
from threading import Lock

import numpy as np

from napari_vessel.datasets._checks import listed
from napari_vessel.datasets._chunk_view import ChunkView
from napari_vessel.datasets._config import ChunksData, ChunkVolume
from napari_vessel.datasets._opening import opened
from napari_vessel.datasets._sample import Images, ReadingSet, Sample
from napari_vessel.errors import SamplesError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes import Volume

__all__ = ["CHUNK_CLASSES", "ChunkSamples", "open_chunks"]

CHUNK_CLASSES = ("background", "vessel")
_TOLD = 1000  # chunks
_SLAB = 2**27  # voxels of a mask that are read at once


@dataclass(frozen=True)
class _Cut:
    """A volume and where it is cut."""

    name: str
    config: ChunkVolume
    volume: Volume
    mask: Volume | None
    within: Box
    cell: Zyx
    step: Zyx

    def cells(self) -> Iterator[Box]:
        """Return the chunks, those at the border cut short."""
        start, stop = self.within.start, self.within.stop
        axes = [
            range(a, max(b - cell, a) + 1, step) if step < cell else range(a, b, step)
            for a, b, cell, step in zip(start, stop, self.cell, self.step, strict=True)
        ]
        for z in axes[0]:
            for y in axes[1]:
                for x in axes[2]:
                    ends = (z + self.cell[0], y + self.cell[1], x + self.cell[2])
                    cell = Box((z, y, x), ends).intersection(self.within)
                    if cell is not None:
                        yield cell

    def shares(self, cells: Sequence[Box]) -> Iterator[float]:
        """Return the share of vessel of each, in order; a slab of the mask is held at a time."""
        if self.mask is None:
            return  # asked by nobody
        _, y, x = self.within.shape
        flat = self.cell[0] * y * x <= _SLAB
        for _, row in groupby(cells, key=lambda cell: cell.start[: 1 if flat else 2]):
            held = list(row)
            slab = Box(held[0].start, held[-1].stop)
            voxels = np.nan_to_num(self.mask.read(slab)) != 0
            for cell in held:
                yield float(voxels[cell.relative_to(slab).slices].mean())


_Found = tuple[Sample, tuple[_Cut, Box], float | None]


@dataclass(frozen=True)
class _Survey:
    """What is known when the masks were read."""

    samples: tuple[Sample, ...]
    places: list[tuple[_Cut, Box]]
    shares: list[float | None]


class ChunkSamples(ReadingSet):
    """Chunks of volumes; masks are read when the samples are first asked for.

    Parameters
    ----------
    cuts
        The volumes, opened.
    config
        How they are cut.
    view
        What is shown of a chunk.
    classes
        The classes background and vessel, in the network's order.
    """

    def __init__(
        self, cuts: Sequence[_Cut], config: ChunksData, view: ChunkView, classes: tuple[str, ...]
    ) -> None:
        self._cuts, self._config, self.view = tuple(cuts), config, view
        self.classes, self.size, self.channels = classes, view.size, view.channels
        self._survey: _Survey | None = None
        self._lock = Lock()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All chunks."""
        return self._known.samples

    def place(self, index: int) -> tuple[Volume, Box]:
        """Return the volume of a chunk and where in it (voxels of level 0) it lies."""
        cut, box = self._known.places[index]
        return cut.volume, box

    def share(self, index: int) -> float | None:
        """Return the share of a chunk's voxels that is vessel; None where nothing is known."""
        return self._known.shares[index]

    def image(self, index: int) -> Images:
        """Read the image of a chunk, (channels, size, size) in [0, 1]."""
        cut, box = self._known.places[index]
        view = self.view
        if cut.config.window is not None:
            view = replace(view, intensity=cut.config.window)
        return view.image(cut.volume, box, cut.within)

    def survey(self) -> Iterator[float]:
        """Read the masks, a slab at a time; yield the share that is done.

        The samples are known at its end; without it they are found when first asked for.
        """
        if self._survey is None:
            found: list[_Found] = []
            for at, cut in enumerate(self._cuts):
                for share in self._surveyed(cut, found):
                    yield (at + share) / len(self._cuts)
            samples = tuple(sample for sample, _, _ in found)
            places, shares = [place for _, place, _ in found], [share for _, _, share in found]
            self._survey = _Survey(samples, places, shares)
        yield 1.0

    @property
    def _known(self) -> _Survey:
        with self._lock:  # not by each of the threads that read images
            deque(self.survey(), maxlen=0)
        if self._survey is None or not self._survey.samples:
            raise SamplesError("No chunk is left: every one is unclear. Lower least_share.")
        return self._survey

    def _surveyed(self, cut: _Cut, found: list[_Found]) -> Iterator[float]:
        cells = list(cut.cells())
        shares = cut.shares(cells) if cut.mask is not None else repeat(None)
        for at, (cell, share) in enumerate(zip(cells, shares, strict=False), 1):
            if not self._left_out(share):
                sample = Sample(_name(cut, cell), self._label(share), self._group(cut, cell))
                found.append((sample, (cut, cell), share))
            if at % _TOLD == 0 or at == len(cells):
                yield at / len(cells)

    def _left_out(self, share: float | None) -> bool:
        unclear = share is not None and 0 < share < self._config.least_share
        return unclear and self._config.unclear == "leave-out"

    def _label(self, share: float | None) -> str | None:
        if share is None:
            return None
        vessel = share > 0 and share >= self._config.least_share
        return CHUNK_CLASSES[1 if vessel else 0]

    def _group(self, cut: _Cut, cell: Box) -> str:
        group = cut.config.group or cut.name
        if self._config.block is None:
            return group
        block = [
            (a - first) // (edge * count)
            for a, first, edge, count in zip(
                cell.start, cut.within.start, cut.step, self._config.block, strict=True
            )
        ]
        return f"{group}/{block[0]}-{block[1]}-{block[2]}"


def open_chunks(config: ChunksData, size: int, classes: tuple[str, ...] | None) -> ChunkSamples:
    """Open volumes and their masks from their metadata; no voxel is read.

    Raises
    ------
    SamplesError
        If a mask is not of its volume's shape, a box reaches outside, or the classes are others
        than background and vessel.
    VolumeNotFoundError, UnsupportedVolumeError, ReadError
        If a volume or mask cannot be opened.
    """
    known = classes or CHUNK_CLASSES
    if set(known) != set(CHUNK_CLASSES):
        message = f"Chunks are of the classes {listed(CHUNK_CLASSES)}, not {listed(known)}."
        raise SamplesError(message)
    view = ChunkView.of(config, size)
    names = _names([volume.image for volume in config.volumes])
    cuts = [
        _cut(name, each, config, view) for name, each in zip(names, config.volumes, strict=True)
    ]
    return ChunkSamples(cuts, config, view, known)


def _cut(name: str, each: ChunkVolume, config: ChunksData, view: ChunkView) -> _Cut:
    volume = opened(each.image, each.voxel_size, level=each.level, channel=each.channel)
    mask = opened(each.mask, each.voxel_size) if each.mask is not None else None
    if mask is not None and mask.shape != volume.shape:
        message = (
            f"The mask {each.mask} is {_edges(mask.shape)} voxels, its volume {each.image} "
            f"{_edges(volume.shape)}; expected the same. Check the pair and the level."
        )
        raise SamplesError(message)
    whole = Box.of(volume.shape)
    within = Box.parse(each.box) if each.box else whole
    if not whole.contains(within) or within.size == 0:
        message = f"box {within} does not lie in {each.image}, which is {whole}. Name a part of it."
        raise SamplesError(message)
    cell, step = view.cell(volume.voxel_size), view.step(config.step, volume.voxel_size)
    return _Cut(name, each, volume, mask, within, cell, step)


def _edges(shape: Zyx) -> str:
    return " × ".join(map(str, shape))


def _name(cut: _Cut, cell: Box) -> str:
    z, y, x = cell.start
    return f"{cut.name}/z{z}_y{y}_x{x}"


def _names(paths: Sequence[str]) -> list[str]:
    """Name each volume by as much of its path as tells it from the others.

    >>> _names(["a/image.tif", "b/image.tif", "b/c.tif"])
    ['a/image', 'b/image', 'c']
    """
    parts = [PurePosixPath(path.replace("\\", "/")).with_suffix("").parts for path in paths]
    names = ["/".join(part[-1:]) for part in parts]
    for length in range(2, max(map(len, parts), default=0) + 1):
        often = Counter(names)
        names = [
            "/".join(part[-length:]) if often[name] > 1 else name
            for part, name in zip(parts, names, strict=True)
        ]
    often = Counter(names)
    return [f"{name}#{at}" if often[name] > 1 else name for at, name in enumerate(names)]
