"""A region cut into blocks that follow the chunks of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, VoxelSize, Zyx

__all__ = ["BlockGrid", "nearest_first"]


@dataclass(frozen=True, slots=True)
class BlockGrid:
    """Blocks that cover a region once, on a grid from the array's corner.

    Parameters
    ----------
    region : Box
        What is covered; blocks are clipped to it.
    block : Zyx
        A block's edges, in voxels: a multiple of the store's chunk, so that
        no two blocks share a chunk.

    Examples
    --------
    >>> [str(b) for b in BlockGrid(Box((0, 0, 3), (1, 1, 9)), (4, 4, 4)).blocks]
    ['0:1,0:1,3:4', '0:1,0:1,4:8', '0:1,0:1,8:9']
    """

    region: Box
    block: Zyx

    def __post_init__(self) -> None:
        if min(self.block) < 1:
            raise CallerError(f"A block's edges must be at least 1 voxel, found {self.block}.")

    @property
    def blocks(self) -> list[Box]:
        """All blocks, in C order."""
        return list(self)

    def __iter__(self) -> Iterator[Box]:
        return self.region.cells(self.block)

    def __len__(self) -> int:
        if self.region.size == 0:
            return 0
        starts, stops = self.region.start, self.region.stop
        return prod(-(-b // e) - a // e for a, b, e in zip(starts, stops, self.block, strict=True))


def nearest_first(
    blocks: Sequence[Box], point: tuple[float, float, float], voxel_size: VoxelSize
) -> list[Box]:
    """Order blocks by their distance from what the person sees.

    Parameters
    ----------
    blocks : sequence of Box
        The blocks to order.
    point : (z, y, x)
        Where the person looks, in voxel edges from the array's corner.
    voxel_size : VoxelSize
        Distances are in µm.

    Returns
    -------
    list of Box
        By distance to the block's nearest voxel, then to its centre, then in
        the order given.
    """

    def distance(block: Box) -> tuple[float, float]:
        nearest = tuple(
            min(max(p, a), b) for p, a, b in zip(point, block.start, block.stop, strict=True)
        )
        return _squared_um(point, nearest, voxel_size), _squared_um(point, block.centre, voxel_size)

    return sorted(blocks, key=distance)


def _squared_um(a: Sequence[float], b: Sequence[float], voxel_size: VoxelSize) -> float:
    return sum(((p - q) * e) ** 2 for p, q, e in zip(a, b, voxel_size.zyx, strict=True))
