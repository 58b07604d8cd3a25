"""Which planes of a volume show a network what it was trained on. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from napari_vessel.geometry import Plane, VoxelSize, Zyx

__all__ = ["choose_planes", "plane_weights"]

_ANISOTROPY = 1.5
# Slices with shorter sides, in pixels, show less around a vessel. Of HiP-CT patches of 32 × 124 ×
# 124 voxels at a zoom of 1 and of 1.26, XZ and YZ counting a half and 0.6 was best on the mean.
_FULL = 64
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


def plane_weights(planes: Sequence[Plane], shape: Zyx) -> tuple[float, ...]:
    """Weigh planes by how much their slices show a network.

    Parameters
    ----------
    planes : sequence of Plane
        Those to fuse.
    shape : Zyx
        The volume's, in the network's pixels.

    Returns
    -------
    tuple of float
        The shorter side of a plane's slices in parts of 64 pixels, at most 1, and one
        for the best of them; empty where all are equal.

    Examples
    --------
    >>> plane_weights(tuple(Plane), (32, 500, 500))
    (1.0, 0.5, 0.5)
    >>> plane_weights(tuple(Plane), (300, 500, 500))
    ()
    """
    sides = [min(shape[plane.rows], shape[plane.columns], _FULL) for plane in planes]
    best = max(sides, default=1)
    return tuple(side / best for side in sides) if min(sides, default=best) < best else ()


def _suits(plane: Plane, shape: Zyx, edges: tuple[float, float, float]) -> bool:
    row, column = edges[plane.rows], edges[plane.columns]
    square = max(row, column) <= _ANISOTROPY * min(row, column)
    return square and min(shape[plane.rows], shape[plane.columns]) >= _SIDE
