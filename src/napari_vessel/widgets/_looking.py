"""Where a person looks: the voxel in the middle of the canvas, the plane, what is visible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from napari_vessel.geometry import Box, Plane, Zyx

__all__ = ["go_to", "level_in_view", "middle", "plane_in_view", "steady", "visible"]


def middle(viewer: Any, layer: Image) -> np.ndarray:  # noqa: ANN401  napari's, or its model
    """Return the voxel (zyx, fractions) in the middle of the canvas, in the slice in view."""
    dims = viewer.dims
    world = np.array(dims.point, float)
    shown = list(dims.displayed)
    world[shown] = np.asarray(viewer.scene.camera.center)[-len(shown) :]
    return np.asarray(layer.world_to_data(world[-3:]))


def go_to(viewer: Any, layer: Layer, voxel: np.ndarray) -> None:  # noqa: ANN401
    """Bring a voxel (zyx) to the middle of the canvas."""
    world, dims = np.asarray(layer.data_to_world(voxel)), viewer.dims
    dims.set_point(range(dims.ndim - 3, dims.ndim), world)
    centre = world[_shown(viewer)]
    viewer.scene.camera.center = (0.0,) * (3 - len(centre)) + tuple(map(float, centre))


@contextmanager
def steady(viewer: Any, layer: Image) -> Iterator[None]:  # noqa: ANN401
    """Keep the same voxels of ``layer`` on the canvas while layers get another voxel size."""
    at, before = middle(viewer, layer), np.asarray(layer.scale)
    yield
    viewer.scene.camera.zoom *= float(np.min((before / np.asarray(layer.scale))[_shown(viewer)]))
    go_to(viewer, layer, at)


def plane_in_view(viewer: Any) -> Plane:  # noqa: ANN401
    """Return the plane on screen; in three dimensions the one that was."""
    axis = int(viewer.dims.order[-3]) - (viewer.dims.ndim - 3)
    return Plane.of_normal(max(axis, 0))


def level_in_view(layer: Image) -> int:
    """Return the level of the volume on screen, 0 being the finest."""
    return int(layer.data_level) if layer.multiscale else 0


def visible(layer: Image, shape: Zyx, slab: tuple[int, int, int]) -> Box | None:
    """Return the box of what is on the canvas, in voxels.

    Parameters
    ----------
    layer
        Its corner pixels say what is on the canvas.
    shape
        Edges of the volume, voxels; the box lies inside.
    slab
        The hidden axis, and the first and last slice along it that count as visible.
    """
    factors = layer.downsample_factors[layer.data_level][-3:]
    low, high = (np.asarray(corner)[-3:] for corner in layer.corner_pixels)
    start, stop = np.floor(low * factors), np.ceil((high + 1) * factors)
    _, start[slab[0]], stop[slab[0]] = slab
    start, stop = (np.clip(edge, 0, shape).astype(int) for edge in (start, stop))
    if (start >= stop).any():
        return None
    (a, b, c), (d, e, f) = start.tolist(), stop.tolist()
    return Box((a, b, c), (d, e, f))


def _shown(viewer: Any) -> list[int]:  # noqa: ANN401
    """Return the displayed axes as axes of the volume."""
    extra = viewer.dims.ndim - 3
    return [axis - extra for axis in viewer.dims.displayed if axis >= extra]
