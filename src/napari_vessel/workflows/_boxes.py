"""Boxes a person names, checked."""

from __future__ import annotations

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.tiling import BlockGrid


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
