"""Scores of volumes larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.metrics._betti import BettiNumbers
from napari_vessel.metrics._block_scores import BlockScores, Counts, count_block
from napari_vessel.metrics._masks import mask_pair
from napari_vessel.metrics._pieces import PieceFinder
from napari_vessel.metrics._scores import ScoreProgress, Scores

__all__ = ["streamed_scores"]

_HALO = 32
"""Voxels read on each side of a block, so that thinning does not see its ends."""

Read = Callable[[Box], NDArray[Any]]


def streamed_scores(
    read_prediction: Read,
    read_truth: Read,
    shape: Zyx,
    *,
    voxel_size: VoxelSize | None = None,
    block: Zyx = (128, 256, 256),
) -> Iterator[ScoreProgress | BlockScores | Scores]:
    """Score a mask block by block, yielding each block's scores, progress and, last, all.

    Counts, surface dice and Betti numbers equal those of the whole exactly; clDice,
    whose skeletons see 32 voxels beyond a block, to within 0.01 (vessels of more than
    32 voxels across need a coarser level). In memory are a block with its halo, of both
    masks, at about 12 bytes a voxel, and of each mask two slices of 8-byte numbers and
    some numbers for every piece.

    Parameters
    ----------
    read_prediction, read_truth : callable(Box) -> ndarray
        Read a box of each; anything but 0 is vessel.
    shape : Zyx
        Of both volumes, in voxels.
    voxel_size : VoxelSize, optional
        Cubes by default.
    block : Zyx
        Voxels compared at a time.

    Yields
    ------
    BlockScores, ScoreProgress
        For every block, and after it.
    Scores
        Once, last.

    Raises
    ------
    LabelsError
        Where what was read differs in shape.
    """
    region, size = Box.of(shape), voxel_size or VoxelSize(1, 1, 1)
    total = sum(1 for _ in region.cells(block))
    counts, topology = Counts.none(), (_Topology(region, block), _Topology(region, block))
    for done, box in enumerate(region.cells(block), start=1):
        wide = box.expanded((_HALO,) * 3).intersection(region) or box
        masks = mask_pair(read_prediction(wide), read_truth(wide))
        counted = count_block(*masks, wide, box, region)
        for mask, pieces in zip(masks, topology, strict=True):
            pieces.add(mask[box.relative_to(wide).slices])
        counts += counted
        yield BlockScores.of(box, counted, size)
        yield ScoreProgress(done, total)
    betti = [each.numbers(euler) for each, euler in zip(topology, counts.euler, strict=True)]
    yield Scores.of(
        counts.confusion,
        surface_dice=counts.surface_dice(size),
        cldice=counts.centre.value,
        betti_errors=betti[0].error(betti[1]),
    )


class _Topology:
    """Counts the pieces of a mask, and of what is around it, block by block."""

    def __init__(self, region: Box, block: Zyx) -> None:
        self._vessel = PieceFinder(region, block, 26)
        self._around = PieceFinder(region, block, 6)

    def add(self, mask: NDArray[np.bool_]) -> None:
        """Take in the next block."""
        self._vessel.add(mask)
        self._around.add(~mask)

    def numbers(self, euler: int) -> BettiNumbers:
        """Return the Betti numbers; loops follow from the Euler characteristic."""
        pieces, cavities = self._vessel.pieces().count, int((~self._around.pieces().open[1:]).sum())
        return BettiNumbers(pieces, pieces + cavities - euler, cavities)
