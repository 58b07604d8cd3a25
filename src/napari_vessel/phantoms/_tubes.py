"""Rasterise tubes: the distance of every voxel's centre to the nearest tube's surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize, Zyx
from napari_vessel.phantoms._organ import Floats
from napari_vessel.phantoms._tree import Branch, Tree

FAR = np.float32(1e9)


@dataclass(frozen=True, slots=True)
class Tubes:
    """Distances to the tubes of one tree.

    Attributes
    ----------
    surface_um
        float32, zyx: signed distance from a voxel's centre to the nearest
        surface, below 0 inside; ``FAR`` where no tube is near.
    radius_um
        float32, zyx: radius of that tube; 0 where none is near.
    centreline
        bool, zyx: voxels that a centreline passes through.
    """

    surface_um: NDArray[np.float32]
    radius_um: NDArray[np.float32]
    centreline: NDArray[np.bool_]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """The tubes' voxels: centres inside a tube, and what a centreline passes through.

        The latter keeps tubes thinner than a voxel in one piece.
        """
        return (self.surface_um <= 0) | self.centreline

    def coverage(self, *, grown_um: float | Floats, edge_um: float) -> NDArray[np.float32]:
        """Share of every voxel that lies within ``grown_um`` of the tubes, about 0 to 1."""
        share = np.clip(0.5 - (self.surface_um - grown_um) / edge_um, 0, 1)
        return np.asarray(share, dtype=np.float32)


def rasterise(tree: Tree, shape: Zyx, voxel_size: VoxelSize, *, reach: float) -> Tubes:
    """Measure distances within ``reach`` radii (and two voxels) of the surfaces of ``tree``.

    Only boxes about the pieces of centrelines are touched, so that the cost
    follows the tree and not the volume. Memory: 9 bytes per voxel.
    """
    tubes = Tubes(
        np.full(shape, FAR, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
    )
    for branch in tree.branches:
        _mark_centreline(tubes.centreline, branch, voxel_size)
        for start, stop in zip(branch.points_um[:-1], branch.points_um[1:], strict=True):
            _add_piece(tubes, (start, stop), branch.radius_um, voxel_size, reach=reach)
    return tubes


def _add_piece(
    tubes: Tubes,
    ends: tuple[Floats, Floats],
    radius: float,
    voxel_size: VoxelSize,
    *,
    reach: float,
) -> None:
    edges = np.array(voxel_size.zyx)
    room = radius * (1 + reach) + 2 * edges
    low = np.floor((np.minimum(*ends) - room) / edges).astype(int)
    high = np.ceil((np.maximum(*ends) + room) / edges).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, tubes.surface_um.shape)
    if (low >= high).any():
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    axes = [
        ((np.arange(a, b) + 0.5) * edge - origin).astype(np.float32)
        for a, b, edge, origin in zip(low, high, edges, ends[0], strict=True)
    ]
    distance = _distance(axes, (ends[1] - ends[0]).astype(np.float32)) - np.float32(radius)
    nearer = distance < tubes.surface_um[box]
    tubes.surface_um[box][nearer] = distance[nearer]
    tubes.radius_um[box][nearer] = radius


def _distance(axes: list[NDArray[np.float32]], along: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of the grid ``axes`` to the piece from the origin to ``along``."""
    z, y, x = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
    squared = max(float(along @ along), 1e-12)
    t = np.clip((z * along[0] + y * along[1] + x * along[2]) / squared, 0, 1)
    return np.asarray(
        np.sqrt((z - t * along[0]) ** 2 + (y - t * along[1]) ** 2 + (x - t * along[2]) ** 2),
        dtype=np.float32,
    )


def _mark_centreline(mask: NDArray[np.bool_], branch: Branch, voxel_size: VoxelSize) -> None:
    """Mark voxels along a centreline at steps below half a voxel: a chain without a gap."""
    edges = np.array(voxel_size.zyx)
    for start, stop in zip(branch.points_um[:-1], branch.points_um[1:], strict=True):
        steps = int(np.ceil(np.abs((stop - start) / edges).max() * 2.5)) + 2
        t = np.linspace(0, 1, steps)[:, None]
        index = ((start + t * (stop - start)) / edges).astype(int)
        index = np.clip(index, 0, np.array(mask.shape) - 1)
        mask[tuple(index.T)] = True
