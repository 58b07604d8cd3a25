"""The skeleton of a vessel mask as a graph: what is measured, written and shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize

__all__ = ["VesselGraph"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_UM3_IN_MM3 = 1e9
_UM_IN_MM = 1e3


@dataclass(frozen=True, eq=False)
class VesselGraph:
    """Nodes, and the branches between them, in µm.

    Places are zyx, and voxel ``i`` of the volume lies at ``i`` voxel edges: the centre of
    the volume's first voxel is the origin, as in napari.

    Attributes
    ----------
    box, voxel_size
        What was measured: a box of the volume, in voxels.
    vessel_voxels
        Of the mask within it.
    nodes_um, node_radius_um : ndarray (n, 3), (n,)
        Ends, junctions and lone voxels.
    ends : ndarray (m, 2) of int64
        The two nodes of each branch; equal for a loop.
    firsts : ndarray (m + 1,) of int64
        Where the points of each branch begin, and where the last one's end.
    points_um, radius_um : ndarray (p, 3), (p,)
        Points along the branches, the nodes at both ends among them.
    orders : ndarray (m,) of int64
        Strahler's; 0 for branches that close a loop.
    """

    box: Box
    voxel_size: VoxelSize
    vessel_voxels: int
    nodes_um: _Floats
    node_radius_um: _Floats
    ends: _Ints
    firsts: _Ints
    points_um: _Floats
    radius_um: _Floats
    orders: _Ints

    def __len__(self) -> int:
        return len(self.ends)

    def branch(self, index: int) -> slice:
        """Return where the points of a branch are."""
        return slice(int(self.firsts[index]), int(self.firsts[index + 1]))

    @cached_property
    def owner(self) -> _Ints:
        """The branch of each point, (p,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.firsts))

    @cached_property
    def lengths_um(self) -> _Floats:
        """The length of each branch along its course."""
        steps = np.zeros(len(self.points_um))
        steps[1:] = np.linalg.norm(np.diff(self.points_um, axis=0), axis=1)
        steps[self.firsts[:-1]] = 0
        return self._summed(steps)

    @cached_property
    def chords_um(self) -> _Floats:
        """The distance of each branch's two ends."""
        if not len(self):
            return np.zeros(0)
        apart = self.nodes_um[self.ends[:, 1]] - self.nodes_um[self.ends[:, 0]]
        chords: _Floats = np.linalg.norm(apart, axis=1)
        return chords

    @cached_property
    def tortuosity(self) -> _Floats:
        """Length over chord, 1 or more; NaN for a loop."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.lengths_um / self.chords_um
        return np.where(self.chords_um > 0, np.maximum(ratio, 1.0), np.nan)

    @cached_property
    def radii_um(self) -> _Floats:
        """The mean radius of each branch, where it has left the vessels it springs from.

        Points within the ball of an end's node are left out, unless there are no others.
        """
        outside = self._outside()
        counts = self._summed(outside.astype(float))
        inner = self._summed(np.where(outside, self.radius_um, 0)) / np.maximum(counts, 1)
        plain = self._summed(self.radius_um) / np.maximum(np.diff(self.firsts), 1)
        return np.where(counts > 0, inner, plain)

    @cached_property
    def volumes_um3(self) -> _Floats:
        """The volume of each branch as a tube of its mean radius."""
        volumes: _Floats = np.pi * self.radii_um**2 * self.lengths_um
        return volumes

    @cached_property
    def surfaces_um2(self) -> _Floats:
        """The surface of each branch as a tube of its mean radius, without its ends."""
        surfaces: _Floats = 2 * np.pi * self.radii_um * self.lengths_um
        return surfaces

    @cached_property
    def degrees(self) -> _Ints:
        """How many branches end at each node; a loop counts twice."""
        return np.bincount(self.ends.ravel(), minlength=len(self.nodes_um)).astype(np.int64)

    @cached_property
    def pieces(self) -> _Ints:
        """The connected piece of each node, from 0."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        count = len(self.nodes_um)
        if not count:
            return np.zeros(0, np.int64)
        ones = np.ones(len(self), bool)
        graph = coo_array((ones, (self.ends[:, 0], self.ends[:, 1])), shape=(count, count))
        pieces: _Ints = connected_components(graph, directed=False)[1].astype(np.int64)
        return pieces

    @cached_property
    def summary(self) -> dict[str, float | int]:
        """What is published of a network, by name; densities are per mm³ of the box."""
        volume_mm3 = self.box.size * self.voxel_size.volume_um3 / _UM3_IN_MM3
        length_mm = float(self.lengths_um.sum()) / _UM_IN_MM
        junctions = int((self.degrees >= 3).sum())
        pieces = int(self.pieces.max(initial=-1)) + 1
        bent = self.tortuosity[np.isfinite(self.tortuosity)]
        return {
            "branches": len(self),
            "junctions": junctions,
            "ends": int((self.degrees == 1).sum()),
            "pieces": pieces,
            "loops": len(self) - len(self.nodes_um) + pieces,
            "highest_order": int(self.orders.max(initial=0)),
            "length_mm": length_mm,
            "mean_radius_um": _mean(self.radii_um, self.lengths_um),
            "largest_radius_um": float(self.radii_um.max(initial=0.0)),
            "mean_length_um": float(self.lengths_um.mean()) if len(self) else 0.0,
            "mean_tortuosity": float(bent.mean()) if len(bent) else 1.0,
            "box_mm3": volume_mm3,
            "vessel_mm3": self.vessel_voxels * self.voxel_size.volume_um3 / _UM3_IN_MM3,
            "volume_fraction": self.vessel_voxels / max(self.box.size, 1),
            "length_density_mm_per_mm3": length_mm / volume_mm3 if volume_mm3 else 0.0,
            "junctions_per_mm3": junctions / volume_mm3 if volume_mm3 else 0.0,
        }

    def _outside(self) -> NDArray[np.bool_]:
        """Tell which points lie outside of the balls of their branch's two nodes."""
        outside = np.ones(len(self.points_um), bool)
        for end in (0, 1):
            node = self.ends[self.owner, end]
            apart = np.linalg.norm(self.points_um - self.nodes_um[node], axis=1)
            # At a free end the vessel is no wider than elsewhere: nothing is left out.
            outside &= (apart > self.node_radius_um[node]) | (self.degrees[node] < 2)
        return outside

    def _summed(self, values: _Floats) -> _Floats:
        if not len(self):
            return np.zeros(0)
        return np.asarray(np.add.reduceat(values, self.firsts[:-1]), np.float64)


def _mean(values: _Floats, weights: _Floats) -> float:
    total = float(weights.sum())
    return float(values @ weights) / total if total else 0.0
