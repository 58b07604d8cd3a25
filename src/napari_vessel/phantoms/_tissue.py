"""Show an organ without its vessels: tissue, its surroundings, and bodies that are no vessels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._texture import Grey, correlated_noise, specks, tissue_texture


def show_tissue(organ: Organ, config: PhantomConfig, rng: np.random.Generator) -> Grey:
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
    _add_blobs(grey, config, rng)
    if config.clouds > 0:
        cloud = np.maximum(correlated_noise(shape, max(shape) / 7, rng) - 1, 0)
        fibres = 1 + np.float32(0.7) * correlated_noise(shape, 1.6, rng)
        grey += np.float32(config.clouds) * cloud * np.maximum(fibres, 0)
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
    moved = replace(organ, semi_um=organ.semi_um * config.sinus)
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
    extent = np.multiply(config.voxel_size_um, config.shape)
    for _ in range(config.cysts):
        middle = rng.uniform(0.1, 0.9, size=3) * extent
        radius = rng.uniform(0.02, 0.09) * float(np.median(extent))
        box, share = _ball(config, middle, np.full(3, radius))
        if config.cyst_variety > 0:
            share *= np.float32(1 - rng.uniform(0, config.cyst_variety))
        grey[box] += share * (np.float32(config.lumen) - grey[box])


def _add_blobs(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Put bright bodies, each of its own size, form and light, into the tissue."""
    extent = np.multiply(config.voxel_size_um, config.shape)
    for _ in range(config.blobs):
        radius = config.blob_radius * min(config.voxel_size_um) * rng.lognormal(0, 0.35)
        semi = radius * rng.uniform(0.6, 1.5, size=3)
        box, share = _ball(config, rng.uniform(-0.05, 1.05, size=3) * extent, semi)
        grey[box] += share * np.float32(config.blob_contrast * rng.uniform(0.2, 1.0))


def _ball(
    config: PhantomConfig, middle: NDArray[np.floating], semi: NDArray[np.floating]
) -> tuple[tuple[slice, ...], Grey]:
    """Box about an ellipsoid, and the share of its voxels inside."""
    edges = np.array(config.voxel_size_um)
    low = np.clip(np.floor((middle - semi) / edges).astype(int) - 1, 0, config.shape)
    high = np.clip(np.ceil((middle + semi) / edges).astype(int) + 2, 0, config.shape)
    z, y, x = (
        (((np.arange(a, b) + 0.5) * e - m) / s) ** 2
        for a, b, e, m, s in zip(low, high, edges, middle, semi, strict=True)
    )
    outside = (np.sqrt(z[:, None, None] + y[:, None] + x) - 1) * semi.min()
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return box, np.clip(0.5 - outside / edges.min(), 0, 1).astype(np.float32)
