"""Rasterise tubes: the distance of every voxel's centre to the nearest tube's surface."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize, Zyx
from napari_vessel.phantoms._organ import Floats
from napari_vessel.phantoms._tree import Branch, Tree

FAR = np.float32(1e9)


@dataclass(frozen=True, slots=True)
class Section:
    """A tube's cross section: round, or an ellipse of the round one's outline.

    Squashed flat, a circle of radius r becomes a slit of length πr: a collapsed
    vessel's wall keeps its length while its lumen loses area.
    """

    radius_um: float
    squash: float
    flat_along: tuple[float, float, float]

    @property
    def widening(self) -> float:
        """Longest over round radius that keeps the outline, about: 2 = squash² + widening²."""
        return float(np.sqrt(max(2 - self.squash**2, 1.0)))


@dataclass(frozen=True, slots=True)
class Tubes:
    """Distances to the tubes of one tree.

    Attributes
    ----------
    surface_um
        float32, zyx: signed distance from a voxel's centre to the nearest
        surface, below 0 inside; ``FAR`` where no tube is near.
    branch
        int32, zyx: index of the branch of that tube; -1 where none is near.
    centreline
        bool, zyx: voxels that a centreline passes through.
    radii_um
        float32: radius of every branch.
    parents
        The branch that each one springs from; -1 for none.
    """

    surface_um: NDArray[np.float32]
    branch: NDArray[np.int32]
    centreline: NDArray[np.bool_]
    radii_um: NDArray[np.float32]
    parents: tuple[int, ...]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """The tubes' voxels: centres inside a tube, and what a centreline passes through.

        The latter keeps tubes thinner than a voxel in one piece.
        """
        return (self.surface_um <= 0) | self.centreline

    @property
    def radius_um(self) -> NDArray[np.float32]:
        """Radius of the nearest tube, float32, zyx; 0 where none is near."""
        return np.append(self.radii_um, np.float32(0))[self.branch]


def coverage(surface_um: Floats, edge_um: float) -> NDArray[np.float32]:
    """Share of voxels that lies within the surface at these distances, about 0 to 1."""
    return np.asarray(np.clip(0.5 - surface_um / edge_um, 0, 1), dtype=np.float32)


def rasterise(
    tree: Tree, shape: Zyx, voxel_size: VoxelSize, *, reach: float, reach_um: float = 0.0
) -> Tubes:
    """Measure distances within ``reach`` radii, or ``reach_um``, and two voxels of ``tree``.

    Only boxes about the pieces of centrelines are touched, so that the cost
    follows the tree and not the volume. Memory: 9 bytes per voxel.
    """
    tubes = Tubes(
        np.full(shape, FAR, np.float32),
        np.full(shape, -1, np.int32),
        np.zeros(shape, np.bool_),
        np.array([branch.radius_um for branch in tree.branches], np.float32),
        tuple(branch.parent for branch in tree.branches),
    )
    extent = np.multiply(shape, voxel_size.zyx)
    for index, branch in enumerate(tree.branches):
        widest = Section(branch.radius_um, branch.squash, branch.flat_along).widening
        room = branch.radius_um * widest + max(branch.radius_um * reach, reach_um)
        room_um = room + 2 * np.array(voxel_size.zyx)
        if _misses(branch.points_um, room_um, extent):
            continue
        _mark_centreline(tubes.centreline, branch, voxel_size)
        squashes = branch.squashes
        for piece, ends in enumerate(pairwise(branch.points_um)):
            if not _misses(np.array(ends), room_um, extent):
                section = Section(branch.radius_um, float(squashes[piece]), branch.flat_along)
                _add_piece(tubes, index, ends, section, voxel_size, room_um)
    return tubes


def _misses(points: Floats, room_um: Floats, extent: Floats) -> bool:
    """Tell whether everything within ``room_um`` of ``points`` lies outside the volume."""
    low, high = points.min(axis=0) - room_um, points.max(axis=0) + room_um
    return bool(((high <= 0) | (low >= extent)).any())


def _add_piece(
    tubes: Tubes,
    index: int,
    ends: tuple[Floats, Floats],
    section: Section,
    voxel_size: VoxelSize,
    room_um: Floats,
) -> None:
    edges = np.array(voxel_size.zyx)
    low = np.floor((np.minimum(*ends) - room_um) / edges).astype(int)
    high = np.ceil((np.maximum(*ends) + room_um) / edges).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, tubes.surface_um.shape)
    if (low >= high).any():
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    axes = [
        ((np.arange(a, b) + 0.5) * edge - origin).astype(np.float32)
        for a, b, edge, origin in zip(low, high, edges, ends[0], strict=True)
    ]
    distance = _distance(axes, (ends[1] - ends[0]).astype(np.float32), section)
    nearer = distance < tubes.surface_um[box]
    tubes.surface_um[box][nearer] = distance[nearer]
    tubes.branch[box][nearer] = index


def _distance(
    axes: list[NDArray[np.float32]], along: NDArray[np.float32], section: Section
) -> NDArray[np.float32]:
    """Signed distance of the grid ``axes`` to a tube about the piece from 0 to ``along``."""
    z, y, x = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
    squared = max(float(along @ along), 1e-12)
    t = np.clip((z * along[0] + y * along[1] + x * along[2]) / squared, 0, 1)
    z, y, x = z - t * along[0], y - t * along[1], x - t * along[2]
    square = z * z + y * y + x * x
    radius = np.float32(section.radius_um)
    if section.squash >= 1:
        return np.asarray(np.sqrt(square) - radius, dtype=np.float32)
    flat = np.asarray(section.flat_along, np.float32)
    short = (z * flat[0] + y * flat[1] + x * flat[2]) ** 2
    long = np.maximum(square - short, 0)
    narrow, wide = np.float32(section.squash), np.float32(section.widening)
    scaled = np.sqrt(short / narrow**2 + long / wide**2)
    # To first order, a level set's distance is its excess over its slope.
    slope = np.sqrt(short / narrow**4 + long / wide**4) / np.maximum(scaled, 1e-6)
    return np.asarray((scaled - radius) / np.maximum(slope, 1 / wide), dtype=np.float32)


def _mark_centreline(mask: NDArray[np.bool_], branch: Branch, voxel_size: VoxelSize) -> None:
    """Mark voxels along a centreline at steps below half a voxel: a chain without a gap."""
    edges = np.array(voxel_size.zyx)
    starts, along = branch.points_um[:-1, None], np.diff(branch.points_um, axis=0)[:, None]
    steps = int(np.ceil(np.abs(along / edges).max() * 2.5)) + 2
    places = ((starts + np.linspace(0, 1, steps)[:, None] * along) / edges).reshape(-1, 3)
    size = np.array(mask.shape)
    index = np.floor(places).astype(int)
    # What ends on the volume's far side belongs to its last voxel; what lies beyond, nowhere.
    index = np.where(places <= size, np.minimum(index, size - 1), index)
    inside = ((index >= 0) & (index < size)).all(axis=1)
    mask[tuple(index[inside].T)] = True
