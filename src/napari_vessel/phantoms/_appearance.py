"""Show a grown phantom as a scanner would: grey values from geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._texture import (
    Grey,
    correlated_noise,
    rings,
    specks,
    streaks,
    tissue_texture,
)
from napari_vessel.phantoms._tubes import Tubes


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What is where, before it is shown."""

    organ: Organ
    arteries: Tubes
    veins: Tubes | None


def render(anatomy: Anatomy, config: PhantomConfig, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Turn anatomy into an image, zyx uint16 of ``grey_low … grey_high``."""
    grey = _tissue(anatomy.organ, config, rng)
    if anatomy.veins is not None:
        _add_vessels(grey, anatomy.veins, config, wall=config.vein_wall)
    _add_vessels(grey, anatomy.arteries, config, wall=1.0)
    if config.blur > 0:
        grey = ndimage.gaussian_filter(grey, config.blur, mode="nearest")
    _add_scanner(grey, config, rng)
    np.clip(grey, 0, 1, out=grey)
    grey *= config.grey_high - config.grey_low
    grey += config.grey_low
    return np.rint(grey).astype(np.uint16)


def _tissue(organ: Organ, config: PhantomConfig, rng: np.random.Generator) -> Grey:
    """Tissue with its texture in a medium, with a thin bright capsule between them."""
    shape = config.shape
    inside, rim = _organ_coverage(organ, config, rng)
    grey = np.full(shape, config.tissue, np.float32)
    if config.shading > 0:
        for width in (max(shape) / 3, max(shape) / 9):
            grey += np.float32(config.shading * 0.7) * correlated_noise(shape, width, rng)
    if config.texture > 0:
        grey += np.float32(config.texture) * tissue_texture(shape, rng)
    if config.capillaries > 0:
        grey += np.float32(config.capillaries) * specks(shape, rng)
    _add_cysts(grey, config, rng)
    grey += np.float32(config.wall_contrast * 0.7) * rim
    medium = np.full((1, 1, 1), config.medium, np.float32)
    if config.texture > 0:
        medium = medium + np.float32(config.texture * 0.5) * correlated_noise(shape, 9.0, rng)
    return np.asarray(medium + inside * (grey - medium), dtype=np.float32)


def _organ_coverage(
    organ: Organ, config: PhantomConfig, rng: np.random.Generator
) -> tuple[Grey, Grey]:
    """Share of a voxel inside the (uneven) organ, and closeness to its surface, 0 to 1."""
    outside = (_depth_of_grid(organ, config) - 1) * np.float32(organ.semi_um.min())
    edge = np.float32(min(config.voxel_size_um))
    outside /= edge  # voxels, roughly, below 0 inside
    if config.texture > 0:
        outside += np.float32(1.2) * correlated_noise(config.shape, max(config.shape) / 5, rng)
    inside = np.clip(0.5 - outside, 0, 1)
    rim = np.exp(-((outside + 1.5) ** 2) / 1.5) * inside
    if config.sinus > 0:
        inside = inside * (1 - _sinus(organ, config, rng))
    return np.asarray(inside, np.float32), np.asarray(rim, np.float32)


def _sinus(organ: Organ, config: PhantomConfig, rng: np.random.Generator) -> Grey:
    """Share of a voxel in the fat about the hilum."""
    middle = organ.centre_um + 0.8 * organ.hilum * organ.semi_um
    moved = Organ(organ.extent_um, organ.semi_um * config.sinus, organ.hilum)
    depth = _depth_of_grid(moved, config, about=middle)
    depth += np.float32(0.12) * correlated_noise(config.shape, max(config.shape) / 6, rng)
    sharpness = np.float32(moved.semi_um.min() / min(config.voxel_size_um))
    return np.asarray(np.clip(0.5 - (depth - 1) * sharpness, 0, 1), dtype=np.float32)


def _depth_of_grid(
    organ: Organ, config: PhantomConfig, *, about: NDArray[np.floating] | None = None
) -> Grey:
    """Evaluate ``Organ.depth`` at every voxel's centre, axis by axis: no grid of points."""
    centre = organ.centre_um if about is None else about
    squares = [
        (((np.arange(n) + 0.5) * edge - c) / semi).astype(np.float32) ** 2
        for n, edge, c, semi in zip(
            config.shape, config.voxel_size_um, centre, organ.semi_um, strict=True
        )
    ]
    z, y, x = squares
    return np.asarray(np.sqrt(z[:, None, None] + y[:, None] + x), dtype=np.float32)


def _add_cysts(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Put dark (bright where vessels are) round holes without a wall into the tissue."""
    edges = np.array(config.voxel_size_um)
    extent = edges * config.shape
    for _ in range(config.cysts):
        middle = rng.uniform(0.1, 0.9, size=3) * extent
        radius = rng.uniform(0.02, 0.09) * float(np.median(extent))
        low = np.maximum(np.floor((middle - radius) / edges).astype(int) - 1, 0)
        high = np.minimum(np.ceil((middle + radius) / edges).astype(int) + 2, config.shape)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        z, y, x = (
            ((np.arange(a, b) + 0.5) * e - m) ** 2
            for a, b, e, m in zip(low, high, edges, middle, strict=True)
        )
        distance = np.sqrt(z[:, None, None] + y[:, None] + x) - radius
        share = np.clip(0.5 - distance / edges.min(), 0, 1).astype(np.float32)
        grey[box] += share * (np.float32(config.lumen) - grey[box])


def _add_vessels(grey: Grey, tubes: Tubes, config: PhantomConfig, *, wall: float) -> None:
    """Lay walls, then lumens, over the tissue; partial volumes mix."""
    edge = float(min(config.voxel_size_um))
    near = np.nonzero(tubes.radius_um > 0)
    surface, radius = tubes.surface_um[near], tubes.radius_um[near]
    here = Tubes(surface, radius, tubes.centreline[near])
    around = here.coverage(grown_um=np.float32(config.wall_ratio) * radius, edge_um=edge)
    lumen = here.coverage(grown_um=0.0, edge_um=edge)
    # A thin vessel's lumen is filled or collapsed more often than a wide one's.
    thinness = np.exp(-radius / np.float32(2 * edge))
    contrast = config.lumen_contrast * (1 - config.fading * thinness)
    # A vein's wall replaces no tissue where it is as faint as tissue.
    wall_grey = config.tissue - config.sign * config.wall_contrast * wall
    values = grey[near]
    values += around * np.float32(min(1.0, wall * 4)) * (np.float32(wall_grey) - values)
    values += lumen * (np.float32(config.tissue) + np.float32(config.sign) * contrast - values)
    grey[near] = values


def _add_scanner(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Rings, streaks and noise, in place."""
    if config.rings > 0:
        grey += np.float32(config.rings) * rings(config.shape, rng)
    if config.streaks > 0:
        grey += np.float32(config.streaks) * streaks(config.shape, rng)
    if config.noise > 0:
        grey += np.float32(config.noise) * correlated_noise(config.shape, 1.0, rng)
