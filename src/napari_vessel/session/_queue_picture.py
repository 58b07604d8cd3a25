"""A small picture of a place: the image around its error, and where that probably is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import Place, QueueConfig
from napari_vessel.geometry import Box, Zyx
from napari_vessel.session._workspace import Workspace
from napari_vessel.workflows import PlaceScene

__all__ = ["PICTURE", "Pictured", "picture_of"]

PICTURE = 72  # voxels: the picture's edge
_UNSURE, _EDGE = 0.25, (255, 176, 46)  # orange lines, on grey: told by shape, too


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    """A place as it looks: grey levels with a line around what is probably wrong, (y, x, rgb)."""

    place: Place
    picture: NDArray[np.uint8]


def picture_of(work: Workspace, scene: PlaceScene, place: Place, config: QueueConfig) -> Pictured:
    """Read the surroundings of a place's error; on a worker's thread.

    Raises
    ------
    ReadError
        The volume cannot be read there.
    """
    from scipy.ndimage import binary_erosion

    box, normal = _around(place), place.plane.normal
    window, volume = work.opened.window, work.opened.volume
    grey = np.asarray(window.apply(volume.read(box))).squeeze(normal)
    picture = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
    unsure = scene.wrong(box, config).squeeze(normal) > _UNSURE
    picture[unsure & ~binary_erosion(unsure)] = _EDGE
    return Pictured(place, picture)


def _around(place: Place) -> Box:
    start, stop = list(place.box.start), list(place.box.stop)
    for axis, point in enumerate(place.at):
        if axis != place.plane.normal:
            first = max(start[axis], min(int(point) - PICTURE // 2, stop[axis] - PICTURE))
            start[axis], stop[axis] = first, min(first + PICTURE, stop[axis])
    return Box(_zyx(start), _zyx(stop))


def _zyx(edges: list[int]) -> Zyx:
    return edges[0], edges[1], edges[2]
