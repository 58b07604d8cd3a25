"""A graph made ready to be shown: segments, a table, histograms. On a worker's thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.metrics import BlockScores
from napari_vessel.volumes import VesselGraph

__all__ = ["ErrorMap", "GraphView", "Histogram", "error_maps", "view_of"]

_MOST = 100_000  # segments drawn: a layer of so many is made in 50 ms
_BINS = 24
_ENDS = (0.5, 99.5)  # percentiles between which a histogram lies: one outlier hides no shape

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How often values occur: ``counts`` between ``edges``, one more."""

    name: str
    counts: NDArray[np.int64]
    edges: _Floats
    middle: float


@dataclass(frozen=True, slots=True, eq=False)
class GraphView:
    """A graph, and what is shown of it.

    Attributes
    ----------
    segments : ndarray (n, 2, 3) of float32
        Starts and directions along the branches, in volume voxels, zyx.
    owner : ndarray (n,)
        The branch of each segment.
    columns
        The table, a column for each name.
    histograms
        Of radius, length and tortuosity.
    """

    graph: VesselGraph
    segments: NDArray[np.float32]
    owner: NDArray[np.int64]
    columns: dict[str, NDArray[np.generic]]
    histograms: tuple[Histogram, ...]

    def middle(self, branch: int) -> _Floats:
        """Return the voxel (fractions) half-way along a branch."""
        at = self.graph.branch(branch)
        points = self.graph.points_um[at]
        middle: _Floats = points[len(points) // 2] / np.asarray(self.graph.voxel_size.zyx)
        return middle

    def nearest(self, voxel: _Floats, along: _Floats | None = None) -> tuple[int, float] | None:
        """Return the branch nearest to a voxel and its distance in µm.

        Parameters
        ----------
        voxel
            Fractions, zyx.
        along
            A direction: the nearest to the ray from ``voxel`` is taken, in three dimensions.
        """
        if not len(self.segments):
            return None
        edges = np.asarray(self.graph.voxel_size.zyx)
        apart = (self.segments[:, 0] + self.segments[:, 1] / 2 - voxel) * edges
        if along is not None:
            ray = np.asarray(along) * edges
            ray = ray / max(float(np.linalg.norm(ray)), 1e-12)
            apart = apart - (apart @ ray)[:, None] * ray
        distance = np.linalg.norm(apart, axis=1)
        closest = int(distance.argmin())
        return int(self.owner[closest]), float(distance[closest])


def view_of(graph: VesselGraph) -> GraphView:
    """Make a graph ready to be shown."""
    segments, owner = _segments(graph)
    bent = graph.tortuosity
    pieces = graph.pieces[graph.ends[:, 0]] if len(graph) else np.zeros(0, np.int64)
    columns: dict[str, NDArray[np.generic]] = {
        "#": np.arange(len(graph)),
        "r, µm": graph.radii_um,
        "L, µm": graph.lengths_um,
        "Tort.": bent,
        "Order": graph.orders,
        "Piece": pieces + 1,
    }
    shapes = {
        "Radius, µm": graph.radii_um,
        "Length, µm": graph.lengths_um,
        "Tortuosity": bent[np.isfinite(bent)],
    }
    histograms = tuple(_histogram(name, values) for name, values in shapes.items())
    return GraphView(graph, segments, owner, columns, histograms)


def _segments(graph: VesselGraph) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cut branches into segments, over several points each where there are too many."""
    step = max(1, -(-len(graph.points_um) // _MOST))
    kept = np.zeros(len(graph.points_um), bool)
    kept[::step] = True
    kept[graph.firsts[:-1]] = True
    kept[graph.firsts[1:] - 1] = True
    places = (graph.points_um / np.asarray(graph.voxel_size.zyx))[kept]
    owner = graph.owner[kept]
    inner = owner[1:] == owner[:-1]
    starts, ends = places[:-1][inner], places[1:][inner]
    return np.stack([starts, ends - starts], axis=1).astype(np.float32), owner[:-1][inner]


def _histogram(name: str, values: _Floats) -> Histogram:
    if not len(values):
        return Histogram(name, np.zeros(_BINS, np.int64), np.linspace(0, 1, _BINS + 1), 0.0)
    low, high = np.percentile(values, _ENDS)
    if high <= low:
        low, high = low - 0.5, low + 0.5
    counts, edges = np.histogram(np.clip(values, low, high), _BINS, (low, high))
    return Histogram(name, counts, edges, float(np.median(values)))


@dataclass(frozen=True, slots=True, eq=False)
class ErrorMap:
    """One value for each block of a volume: 0 where all is right, 1 where nothing is.

    Attributes
    ----------
    values : ndarray (z, y, x) of float32
        NaN where neither mask has a vessel.
    block
        Voxels of a block, zyx.
    """

    name: str
    values: NDArray[np.float32]
    block: tuple[int, int, int]


def error_maps(blocks: tuple[BlockScores, ...]) -> tuple[ErrorMap, ...]:
    """Lay the scores of a volume's blocks out as maps of errors."""
    if not blocks:
        return ()
    edges = blocks[0].box.shape
    last = blocks[-1].box.start
    shape = [a // e + 1 for a, e in zip(last, edges, strict=True)]
    maps = []
    for name, score in (("Surface errors", "surface_dice"), ("Centreline errors", "cldice")):
        values = np.full(shape, np.nan, np.float32)
        for block in blocks:
            if block.vessel or block.false_positive:
                z, y, x = (a // e for a, e in zip(block.box.start, edges, strict=True))
                values[z, y, x] = 1 - getattr(block, score)
        maps.append(ErrorMap(name, values, edges))
    return tuple(maps)
