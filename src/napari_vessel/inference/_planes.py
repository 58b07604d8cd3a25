"""Which planes of a volume show a network what it was trained on. Imports no torch."""

from __future__ import annotations

from napari_vessel.geometry import Plane, VoxelSize, Zyx

__all__ = ["choose_planes"]

_ANISOTROPY = 1.5
_SIDE = 32  # voxels: what a network sees at its coarsest as one pixel


def choose_planes(shape: Zyx, voxel_size: VoxelSize | None = None) -> tuple[Plane, ...]:
    """Choose planes whose pixels are nearly square and whose slices are large enough.

    Parameters
    ----------
    shape : Zyx
        The volume's, in voxels: the whole volume's, not a block's.
    voxel_size : VoxelSize, optional
        Cubes by default.

    Returns
    -------
    tuple of Plane
        XY always; XZ and YZ where a pixel's sides differ by at most 1.5 times
        and both sides of the slice have at least 32 voxels.

    Examples
    --------
    >>> choose_planes((20, 500, 500))
    (<Plane.XY: 'xy'>,)
    """
    edges = (voxel_size or VoxelSize(1, 1, 1)).zyx
    return tuple(plane for plane in Plane if plane is Plane.XY or _suits(plane, shape, edges))


def _suits(plane: Plane, shape: Zyx, edges: tuple[float, float, float]) -> bool:
    row, column = edges[plane.rows], edges[plane.columns]
    square = max(row, column) <= _ANISOTROPY * min(row, column)
    return square and min(shape[plane.rows], shape[plane.columns]) >= _SIDE
