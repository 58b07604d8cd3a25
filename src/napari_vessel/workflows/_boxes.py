"""Boxes a person names, checked."""

from __future__ import annotations

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.tiling import BlockGrid

_CHUNK: Zyx = (64, 128, 128)  # about 1 MB: a few to a block, many to a file system


def inside(box: Box | None, shape: Zyx, default: Box | None = None) -> Box:
    """Return ``box``, else ``default``, else the whole volume of ``shape``.

    Raises
    ------
    CallerError
        It holds no voxel, or reaches outside of the volume.
    """
    whole = Box.of(shape)
    chosen = box or default or whole
    if not whole.contains(chosen) or chosen.size == 0:
        raise CallerError(f"Box {chosen} does not lie in the volume, which is {whole}.")
    return chosen


def blocks_of(region: Box, block: Zyx) -> list[Box]:
    """Cut ``region`` along a grid from its corner, as the arrays that hold it are chunked."""
    grid = BlockGrid(Box.of(region.shape), block)
    return [cell.shifted(region.start) for cell in grid.blocks]


def chunk_of(block: Zyx) -> Zyx:
    """Return the chunk of a store that is filled in such blocks: each holds whole chunks.

    >>> chunk_of((64, 256, 256)), chunk_of((16, 32, 300))
    ((64, 128, 128), (16, 32, 100))
    """
    z, y, x = (_part(edge, most) for edge, most in zip(block, _CHUNK, strict=True))
    return z, y, x


def _part(edge: int, most: int) -> int:
    """Return the largest whole part of ``edge`` of up to ``most`` voxels, but no crumbs."""
    parts = (part for part in range(min(edge, most), most // 2, -1) if edge % part == 0)
    return next(parts, edge)
