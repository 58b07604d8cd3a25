"""The wall of one vessel, fitted to the image around a click. Runs on a worker's thread."""

from __future__ import annotations

import numpy as np

from napari_vessel.geometry import Box, Zyx
from napari_vessel.morphology import (
    component_at,
    lumen_likelihood,
    nearest_vessel,
    reached_from,
    surroundings,
)
from napari_vessel.session._local import LocalThreshold
from napari_vessel.session._tool_values import Mask, Nothing, Scene

__all__ = ["fit_wall"]

_ROOM = 96  # voxels around the click that are fitted at most: a vessel may cross all of the region
_FARTHER = 3  # times the reach of a piece, where nothing is shown yet
_EVEN = 0.5  # of the likelihood: as likely vessel as not


def fit_wall(scene: Scene, voxel: Zyx) -> LocalThreshold | Nothing:
    """Fit the wall of the vessel at ``voxel`` (region voxels), shown or overlooked.

    What the slider of it sets is how likely a voxel is lumen, by its brightness and by the
    network: a higher value moves the wall in.
    """
    if not scene.untouched(_at(voxel))[0, 0, 0] and not scene.shown(_at(voxel))[0, 0, 0]:
        return Nothing("This was erased by hand: undo that, or click beside it.")
    z, y, x = scene.voxel_size.zyx
    box, known, farther = _known(scene, voxel)
    shown = scene.shown(box)
    reach_um = farther * scene.config.reach * min(z, y, x)
    near = surroundings(known, shown & ~known, reach_um, (z, y, x))
    likelihood = lumen_likelihood(
        scene.brightness(box), scene.probability(box), known, (z, y, x), scene.view.threshold
    )
    # Other pieces are passed through, not changed: they may be of the same vessel.
    passed = np.where(shown & ~known, 255, np.where(near, likelihood, 0)).astype(np.uint8)
    reached = np.minimum(reached_from(passed, known), likelihood)
    return LocalThreshold(box, near, _EVEN, _words(scene, known, farther), reached)


def _known(scene: Scene, voxel: Zyx) -> tuple[Box, Mask, int]:
    """Return a box, what of the vessel is known in it, and how many reaches it may grow."""
    room = _at(voxel).expanded((_ROOM,) * 3).intersection(scene.bounds) or scene.bounds
    seed = nearest_vessel(scene.shown, voxel, scene.bounds)
    found = component_at(scene.shown, seed, room) if seed else None
    farther = 1 if found else _FARTHER
    core, mask = found or (_at(voxel).expanded((1, 1, 1)), np.ones((3, 3, 3), np.bool_))
    z, y, x = (
        int(np.ceil(farther * scene.config.reach * min(scene.voxel_size.zyx) / edge)) + 1
        for edge in scene.voxel_size.zyx
    )
    box = core.expanded((z, y, x)).intersection(room) or room
    known = np.zeros(box.shape, np.bool_)
    inside = core.intersection(box) or box
    known[inside.relative_to(box).slices] = mask[inside.relative_to(core).slices]
    return box, known, farther


def _words(scene: Scene, known: Mask, farther: int) -> str:
    if farther == 1:
        return f"the wall of a piece of {scene.size_of(known)}"
    return "the wall of a vessel that is not shown yet"


def _at(voxel: Zyx) -> Box:
    z, y, x = voxel
    return Box(voxel, (z + 1, y + 1, x + 1))
