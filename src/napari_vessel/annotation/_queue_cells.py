"""A volume's cells, and what the slices of each promise: read piece by piece, kept as profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation._queue_config import QueueConfig
from napari_vessel.annotation._queue_place import Place, work_seconds
from napari_vessel.annotation._state import UNTOUCHED, Codes
from napari_vessel.geometry import Box, Plane, VoxelSize, Zyx

__all__ = ["CellProfile", "cells_of", "reach_of"]

_WHOLE = 2.5  # windows: a slice up to this large is one place
_PIECE = 2**19  # voxels read at a time: no step of the scan takes long

Profile = NDArray[np.float64]


def cells_of(region: Box, shape: Zyx, window: int) -> list[Box]:
    """Cut a region into cells whose slices are places, along a grid of the volume.

    Where the volume's edge is short, cells reach from end to end.

    >>> region = Box((0, 0, 40), (4, 30, 70))
    >>> [str(cell) for cell in cells_of(region, (4, 30, 99), 16)]
    ['0:4,0:30,40:48', '0:4,0:30,48:64', '0:4,0:30,64:70']
    """
    z, y, x = (max(n if n <= _WHOLE * window else window, 1) for n in shape)
    return list(region.cells((z, y, x)))


def reach_of(config: QueueConfig, voxel_size: VoxelSize) -> Zyx:
    """Return how far a correction carries, in voxels along each axis; at least to the next."""
    finest = min(voxel_size.zyx)
    z, y, x = (max(1, round(config.reach * finest / edge)) for edge in voxel_size.zyx)
    return (z, y, x) if config.reach else (0, 0, 0)


@dataclass(slots=True)
class CellProfile:
    """What the slices of a cell (volume voxels) promise, one number a slice and plane.

    Attributes
    ----------
    wrong
        Voxels expected to be wrong that nobody reviewed.
    reviewed
        Reviewed voxels.
    """

    cell: Box
    wrong: dict[Plane, Profile] = field(default_factory=dict)
    reviewed: dict[Plane, Profile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for plane in Plane:
            self.wrong[plane] = np.zeros(self.cell.shape[plane.normal])
            self.reviewed[plane] = np.zeros(self.cell.shape[plane.normal])

    def pieces(self, slab: Box) -> Iterator[Box]:
        """Yield the parts of a slab of the cell (volume voxels) to be added, each small."""
        _, y, x = slab.shape
        yield from slab.cells((max(1, _PIECE // max(y * x, 1)), *slab.stop[1:]))

    def add(self, piece: Box, wrong: NDArray[np.float32], codes: Codes) -> None:
        """Add what was found in ``piece`` (volume voxels); whoever reads it adds it once."""
        place = piece.relative_to(self.cell)
        reviewed = codes != UNTOUCHED
        for plane in Plane:
            at = place.slices[plane.normal]
            others = tuple(axis for axis in range(3) if axis != plane.normal)
            self.wrong[plane][at] += wrong.sum(axis=others, dtype=np.float64)
            if reviewed.any():
                self.reviewed[plane][at] += np.count_nonzero(reviewed, axis=others)

    @property
    def promise(self) -> float:
        """All voxels of the cell that are expected to be wrong."""
        return float(self.wrong[Plane.XY].sum())

    def places(self, planes: Sequence[Plane], config: QueueConfig, reach: Zyx) -> list[Place]:
        """Return the slices that this cell puts forward, the best of each plane, spread."""
        found = []
        for plane in planes:
            size = self.cell.size // max(self.cell.shape[plane.normal], 1)
            worth = self.wrong[plane] * _novel(self.reviewed[plane] / size, reach[plane.normal])
            for at in _peaks(worth, config, reach[plane.normal]):
                index = self.cell.start[plane.normal] + at
                box, wrong = self.cell.slice_at(plane, index), float(self.wrong[plane][at])
                seconds = work_seconds(wrong, box.size, config)
                found.append(Place(plane, box, wrong, float(worth[at]), seconds))
        return found


def _novel(share: Profile, reach: int) -> Profile:
    """Return what each slice can still teach, given the reviewed shares of those around it."""
    taught = np.zeros(len(share))
    for step in range(-reach, reach + 1):
        carried = share * (1 - abs(step) / (reach + 1))
        low, high = max(step, 0), len(share) + min(step, 0)
        if low < high:
            taught[low:high] = np.maximum(taught[low:high], carried[low - step : high - step])
    return 1 - np.clip(taught, 0, 1)


def _peaks(worth: Profile, config: QueueConfig, reach: int) -> list[int]:
    """Return the best slices, no two within half of ``reach``."""
    left, found = worth.copy(), list[int]()
    while len(found) < config.per_cell and left.size:
        at = int(np.argmax(left))
        if left[at] < config.least_wrong:
            break
        found.append(at)
        left[max(0, at - reach // 2) : at + reach // 2 + 1] = 0
    return found
