"""The scores of one block of a volume, and how they add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.metrics._cldice import ClDice, centreline_counts
from napari_vessel.metrics._confusion import Confusion, confusion
from napari_vessel.metrics._euler import euler_characteristic
from napari_vessel.metrics._masks import ratio
from napari_vessel.metrics._surfels import block_codes, surfel_areas

__all__ = ["BlockScores", "Counts", "count_block"]

_CODES = 256
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What is counted of a block; counts add up over the blocks of a volume, exactly.

    Attributes
    ----------
    confusion, centre
        Right and wrong voxels; voxels of the skeletons.
    codes : ndarray (mask, all | shared, code) of int64
        Neighbourhoods of the prediction and of the truth; those where both have surface.
    """

    confusion: Confusion
    centre: ClDice
    codes: NDArray[np.int64]

    @classmethod
    def none(cls) -> Counts:
        """Count nothing yet."""
        return cls(Confusion(), ClDice(), np.zeros((2, 2, _CODES), np.int64))

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.confusion + other.confusion, self.centre + other.centre, self.codes + other.codes
        )

    def surface_dice(self, voxel_size: VoxelSize) -> float:
        """Return the surface dice, 1 where there is no surface."""
        areas = surfel_areas(voxel_size)
        on_surface = self.codes.sum(axis=0) @ areas
        return ratio(float(on_surface[1]), float(on_surface[0]), empty=1.0)

    @property
    def euler(self) -> tuple[int, int]:
        """The Euler characteristics of the prediction and of the truth, of whole volumes."""
        return euler_characteristic(self.codes[0, 0]), euler_characteristic(self.codes[1, 0])


@dataclass(frozen=True, slots=True)
class BlockScores:
    """How well a mask agrees with the truth within one block.

    ``surface_dice`` and ``cldice`` are 1 where neither mask has anything there.
    ``vessel`` is how many voxels are vessel in the truth.
    """

    box: Box
    dice: float
    surface_dice: float
    cldice: float
    false_positive: int
    false_negative: int
    vessel: int

    @classmethod
    def of(cls, box: Box, counts: Counts, voxel_size: VoxelSize) -> BlockScores:
        """Score one block from its counts."""
        found = counts.confusion
        return cls(
            box,
            found.dice,
            counts.surface_dice(voxel_size),
            counts.centre.value,
            found.fp,
            found.fn,
            found.tp + found.fn,
        )


def count_block(prediction: _Mask, truth: _Mask, wide: Box, box: Box, region: Box) -> Counts:
    """Count ``box`` of a region, given both masks of the larger box ``wide`` around it.

    Parameters
    ----------
    prediction, truth
        Of ``wide``, which has at least a voxel more than ``box`` wherever the region does.
    """
    core = box.relative_to(wide).slices
    predicted, true = prediction[core], truth[core]
    counts = Counts(
        confusion(predicted, true),
        centreline_counts(prediction, truth, core),
        np.zeros((2, 2, _CODES), np.int64),
    )
    if prediction.any() or truth.any():
        counts.codes[:] = _codes((prediction, truth), wide, box, region)
    else:  # all neighbourhoods are empty, shared by none
        counts.codes[:, 0, 0] = int(np.prod(_edges(box, region)))
    return counts


def _edges(box: Box, region: Box) -> list[int]:
    """Return how many neighbourhoods a block has: those below it, and at the end those above."""
    ends = zip(box.shape, box.stop, region.stop, strict=True)
    return [length + (stop == last) for length, stop, last in ends]


def _codes(masks: tuple[_Mask, _Mask], wide: Box, box: Box, region: Box) -> NDArray[np.int64]:
    codes = [block_codes(_margined(mask, wide, box, region)) for mask in masks]
    surface = [(code != 0) & (code != _CODES - 1) for code in codes]
    shared = surface[0] & surface[1]
    return np.array(
        [
            [np.bincount(each, minlength=_CODES) for each in (code.ravel(), code[shared])]
            for code in codes
        ]
    )


def _margined(mask: _Mask, wide: Box, box: Box, region: Box) -> _Mask:
    """Cut a block with the voxels before it, and after it where the region ends, else nothing."""
    stop = [b + (b == last) for b, last in zip(box.stop, region.stop, strict=True)]
    slices, pads = [], []
    for axis in range(3):
        first = box.start[axis] - 1
        low, high = max(first, region.start[axis]), min(stop[axis], region.stop[axis])
        slices.append(slice(low - wide.start[axis], high - wide.start[axis]))
        pads.append((low - first, stop[axis] - high))
    return np.pad(mask[tuple(slices)], pads)
