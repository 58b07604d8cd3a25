"""Quick tools on one piece of vessel: what each covers. Run on a worker's thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

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

P = ParamSpec("P")
R = TypeVar("R")


def _of_piece(
    work: Callable[Concatenate[Scene, Box, Mask, P], R],
) -> Callable[Concatenate[Scene, Zyx, P], R | Nothing]:
    """Let ``work`` on the piece at a voxel (region voxels), given by its tight box and mask."""

    @wraps(work)
    def at(scene: Scene, voxel: Zyx, /, *args: P.args, **kwargs: P.kwargs) -> R | Nothing:
        seed = nearest_vessel(scene.shown, voxel, scene.bounds)
        found = component_at(scene.shown, seed, scene.bounds) if seed else None
        return work(scene, *found, *args, **kwargs) if found else _NO_VESSEL

    return at


@_of_piece
def accept_piece(scene: Scene, box: Box, mask: Mask) -> Cover:
    """Confirm all of a piece as vessel."""
    return Cover("accept piece", box, mask, mask, f"Accepted a piece of {scene.size_of(mask)}.")


@_of_piece
def reject_piece(scene: Scene, box: Box, mask: Mask) -> Cover:
    """Make background of all of a piece."""
    none = np.zeros_like(mask)
    return Cover("reject piece", box, mask, none, f"Rejected a piece of {scene.size_of(mask)}.")


@_of_piece
def grow_piece(scene: Scene, box: Box, mask: Mask) -> Cover | Nothing:
    """Lower the threshold around a piece until it grows visibly."""
    box, mask, near = _with_near(scene, box, mask)
    larger = grown(scene.probability(box), mask, near & scene.untouched(box))
    if larger is None:
        return Nothing("The network saw nothing more around this piece: paint what is missing.")
    after, value = larger
    gained = scene.size_of(after & ~mask)
    sentence = f"Grown by {gained}: there the threshold is {value / 255:.2f} now."
    return Cover("grow piece", box, after, after, f"{sentence} Click again for more.")


@_of_piece
def fill_holes(scene: Scene, box: Box, mask: Mask, plane: Plane) -> Cover | Nothing:
    """Fill the holes of a piece: cavities, and what a slice of ``plane`` closes in."""
    after = filled(mask, plane.normal, scene.config.largest_hole)
    gained = after & ~scene.shown(box) & scene.untouched(box)
    if not gained.any():
        return Nothing("This piece has no hole that is as small: raise Largest hole, or paint.")
    return Cover(
        "fill holes", box, gained, gained, f"Filled holes of {scene.size_of(gained)}.", plane
    )


@_of_piece
def smooth_piece(scene: Scene, box: Box, mask: Mask) -> Cover | Nothing:
    """Smooth the surface of a piece; its volume stays."""
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


@_of_piece
def local_piece(scene: Scene, box: Box, mask: Mask) -> LocalThreshold:
    """Find where a piece may have a threshold of its own."""
    box, mask, near = _with_near(scene, box, mask)
    return LocalThreshold(box, near, scene.view.threshold, f"a piece of {scene.size_of(mask)}")


def _with_near(scene: Scene, box: Box, mask: Mask) -> tuple[Box, Mask, Mask]:
    """Return a box around a piece, the piece, and where it may grow or shrink."""
    edges = np.asarray(scene.voxel_size.zyx)
    reach_um = scene.config.reach * float(edges.min())
    wide, mask = _widened(scene, box, mask, _margin(reach_um / edges))
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
