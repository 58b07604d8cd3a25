"""Quick tools on one piece of vessel: what each covers. Run on a worker's thread."""

from __future__ import annotations

import numpy as np

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.morphology import (
    component_at,
    filled,
    grown,
    nearest_vessel,
    smoothed,
    surroundings,
)
from napari_vessel.session._local import LocalThreshold
from napari_vessel.session._tool_values import Cover, Mask, Nothing, Scene

__all__ = [
    "accept_piece",
    "fill_holes",
    "grow_piece",
    "local_piece",
    "reject_piece",
    "smooth_piece",
]

_NO_VESSEL = Nothing("There is no vessel where you clicked: click on one that is shown.")


def accept_piece(scene: Scene, voxel: Zyx) -> Cover | Nothing:
    """Confirm all of the piece at ``voxel`` (region voxels) as vessel."""
    found = _piece(scene, voxel)
    if found is None:
        return _NO_VESSEL
    box, mask = found
    return Cover("accept piece", box, mask, mask, f"Accepted a piece of {scene.size_of(mask)}.")


def reject_piece(scene: Scene, voxel: Zyx) -> Cover | Nothing:
    """Make background of all of the piece at ``voxel``."""
    found = _piece(scene, voxel)
    if found is None:
        return _NO_VESSEL
    box, mask = found
    none = np.zeros_like(mask)
    return Cover("reject piece", box, mask, none, f"Rejected a piece of {scene.size_of(mask)}.")


def grow_piece(scene: Scene, voxel: Zyx) -> Cover | Nothing:
    """Lower the threshold around the piece at ``voxel`` until it grows visibly."""
    found = _piece_and_near(scene, voxel)
    if found is None:
        return _NO_VESSEL
    box, mask, near = found
    larger = grown(scene.probability(box), mask, near & scene.untouched(box))
    if larger is None:
        return Nothing("The network saw nothing more around this piece: paint what is missing.")
    after, value = larger
    gained = scene.size_of(after & ~mask)
    sentence = f"Grown by {gained}: there the threshold is {value / 255:.2f} now."
    return Cover("grow piece", box, after, after, f"{sentence} Click again for more.")


def fill_holes(scene: Scene, voxel: Zyx, plane: Plane) -> Cover | Nothing:
    """Fill the holes of the piece at ``voxel``: cavities, and what a slice closes in."""
    found = _piece(scene, voxel)
    if found is None:
        return _NO_VESSEL
    box, mask = found
    after = filled(mask, plane.normal, scene.config.largest_hole)
    gained = after & ~scene.shown(box) & scene.untouched(box)
    if not gained.any():
        return Nothing("This piece has no hole that is as small: raise Largest hole, or paint.")
    return Cover(
        "fill holes", box, gained, gained, f"Filled holes of {scene.size_of(gained)}.", plane
    )


def smooth_piece(scene: Scene, voxel: Zyx) -> Cover | Nothing:
    """Smooth the surface of the piece at ``voxel``; its volume stays."""
    found = _piece(scene, voxel)
    if found is None:
        return _NO_VESSEL
    box, mask = found
    edges = np.asarray(scene.voxel_size.zyx)
    sigma = scene.config.smoothness * edges.min() / edges
    wide, mask = _widened(scene, box, mask, _margin(3 * sigma))
    z, y, x = sigma.tolist()
    after = smoothed(mask, (z, y, x))
    others = scene.shown(wide) & ~mask
    touched = (after | mask) & ~others
    changed = np.count_nonzero((after != mask) & touched)
    if not changed:
        return Nothing("This piece is as smooth already: raise Smoothness for more.")
    return Cover("smooth", wide, touched, after, f"Smoothed: {changed:,} voxels changed.")


def local_piece(scene: Scene, voxel: Zyx) -> LocalThreshold | Nothing:
    """Find where the piece at ``voxel`` may have a threshold of its own."""
    found = _piece_and_near(scene, voxel)
    if found is None:
        return _NO_VESSEL
    box, mask, near = found
    return LocalThreshold(box, near, scene.view.threshold, f"a piece of {scene.size_of(mask)}")


def _piece(scene: Scene, voxel: Zyx) -> tuple[Box, Mask] | None:
    seed = nearest_vessel(scene.shown, voxel, scene.bounds)
    return component_at(scene.shown, seed, scene.bounds) if seed else None


def _piece_and_near(scene: Scene, voxel: Zyx) -> tuple[Box, Mask, Mask] | None:
    """Return a box around a piece, the piece, and where it may grow or shrink."""
    found = _piece(scene, voxel)
    if found is None:
        return None
    edges = np.asarray(scene.voxel_size.zyx)
    reach_um = scene.config.reach * float(edges.min())
    wide, mask = _widened(scene, *found, _margin(reach_um / edges))
    z, y, x = edges.tolist()
    near = surroundings(mask, scene.shown(wide) & ~mask, reach_um, (z, y, x))
    return wide, mask, near


def _widened(scene: Scene, box: Box, mask: Mask, margin: Zyx) -> tuple[Box, Mask]:
    wide = box.expanded(margin).intersection(scene.bounds) or box
    wider = np.zeros(wide.shape, np.bool_)
    wider[box.relative_to(wide).slices] = mask
    return wide, wider


def _margin(voxels: np.ndarray) -> Zyx:
    z, y, x = (int(edge) for edge in np.ceil(voxels))
    return z, y, x
