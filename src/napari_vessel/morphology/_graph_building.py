"""A skeleton's voxels made a graph in µm: courses smoothed, orders given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vessel.morphology._graph_pruning import nodes_of, pruned
from napari_vessel.morphology._skeleton_config import MeasureConfig
from napari_vessel.morphology._skeleton_joining import Skeleton
from napari_vessel.morphology._strahler import strahler_orders
from napari_vessel.volumes import VesselGraph

__all__ = ["graph_of"]

_Floats = NDArray[np.float64]
_SMALLEST_RING = 3  # voxels; fewer are the corners of a junction


def graph_of(skeleton: Skeleton, config: MeasureConfig | None = None) -> VesselGraph:
    """Make the graph of a skeleton: spurs pruned, courses smoothed, Strahler orders given.

    Parameters
    ----------
    config
        Its ``prune`` and ``smoothness`` count here.
    """
    config = config or MeasureConfig()
    skeleton, found = pruned(skeleton, config.prune)
    places = skeleton.voxels * np.asarray(skeleton.voxel_size.zyx)
    node_radius, node_um = nodes_of(skeleton, found, places)
    courses, radii, ends = [], [], []
    for (one, other), path in zip(found.ends, found.paths, strict=True):
        if one == other and len(path) < _SMALLEST_RING:
            continue
        course = np.vstack([node_um[one], places[path], node_um[other]])
        courses.append(_smoothed(course, config.smoothness))
        radii.append([node_radius[one], *skeleton.radius_um[path], node_radius[other]])
        ends.append((one, other))
    firsts = np.concatenate([[0], np.cumsum([len(course) for course in courses])])
    graph = VesselGraph(
        skeleton.region,
        skeleton.voxel_size,
        skeleton.vessel_voxels,
        node_um,
        node_radius,
        np.array(ends, np.int64).reshape(-1, 2),
        firsts.astype(np.int64),
        np.concatenate([*courses, np.zeros((0, 3))]),
        np.concatenate([*radii, np.zeros(0)]),
        np.zeros(len(ends), np.int64),
    )
    return _ordered(graph)


def _ordered(graph: VesselGraph) -> VesselGraph:
    graph.orders[:] = strahler_orders(len(graph.nodes_um), graph.ends, graph.radii_um)
    return graph


def _smoothed(course: _Floats, smoothness: float) -> _Floats:
    """Smooth a course, its ends held: the stairs of voxels are up to 15 % longer than a line."""
    from scipy.ndimage import gaussian_filter1d

    if len(course) < 3 or smoothness == 0:
        return course
    # Less its chord it ends in zeros, and is continued as its own mirror image beyond them.
    along = np.linspace(0, 1, len(course))[:, None]
    chord = course[0] + along * (course[-1] - course[0])
    away = course - chord
    ring = np.vstack([away, -away[-2:0:-1]])
    smooth: _Floats = chord + gaussian_filter1d(ring, smoothness, axis=0, mode="wrap")[: len(away)]
    return smooth
