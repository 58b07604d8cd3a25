"""Show a grown phantom as a scanner would: grey values from geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._light import add_light, add_scanner, blur
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._texture import Grey, correlated_noise
from napari_vessel.phantoms._tissue import show_tissue
from napari_vessel.phantoms._tubes import Tubes, coverage


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What is where, before it is shown."""

    organ: Organ
    arteries: Tubes
    veins: Tubes | None


def render(
    anatomy: Anatomy, config: PhantomConfig, rng: np.random.Generator
) -> NDArray[np.uint8 | np.uint16]:
    """Turn anatomy into an image, zyx, of ``grey_low … grey_high`` (its upper byte for 8 bits)."""
    grey = show_tissue(anatomy.organ, config, rng)
    if config.sheath > 0:
        _add_sheath(grey, anatomy.arteries, config, rng)
    if anatomy.veins is not None:
        _add_vessels(grey, anatomy.veins, config, rng, wall=config.vein_wall)
    _add_vessels(grey, anatomy.arteries, config, rng, wall=1.0)
    grey = blur(grey, config)
    add_light(grey, config, rng)
    add_scanner(grey, config, rng)
    return _quantised(grey, config)


def _quantised(grey: Grey, config: PhantomConfig) -> NDArray[np.uint8 | np.uint16]:
    grey -= np.float32(config.black)
    grey *= np.float32(config.exposure / (1 - config.black))
    np.clip(grey, 0, 1, out=grey)
    if config.negative:
        np.subtract(1, grey, out=grey)
    grey *= config.grey_high - config.grey_low
    grey += config.grey_low
    image = np.rint(grey).astype(np.uint16)
    return image if config.bits == 16 else (image >> 8).astype(np.uint8)


def _add_sheath(
    grey: Grey, arteries: Tubes, config: PhantomConfig, rng: np.random.Generator
) -> None:
    """Lay uneven connective tissue about arteries, and so about the veins beside them."""
    edge = float(min(config.voxel_size_um))
    near = np.flatnonzero(arteries.branch >= 0)
    surface, branch = arteries.surface_um.ravel()[near], arteries.branch.ravel()[near]
    width = np.maximum(np.float32(config.sheath) * arteries.radii_um[branch], edge)
    share = np.clip(1 - surface / width, 0, 1) ** 0.5
    fibres = 1 + np.float32(0.5) * correlated_noise(config.shape, 3.0, rng).ravel()[near]
    grey.ravel()[near] -= share * np.float32(config.sign * config.sheath_contrast) * fibres


def _add_vessels(
    grey: Grey, tubes: Tubes, config: PhantomConfig, rng: np.random.Generator, *, wall: float
) -> None:
    """Lay walls, then lumens, over the tissue; partial volumes mix."""
    edge = float(min(config.voxel_size_um))
    near = np.flatnonzero(tubes.branch >= 0)
    surface, branch = tubes.surface_um.ravel()[near], tubes.branch.ravel()[near]
    radius = tubes.radii_um[branch]
    thick = np.maximum(np.float32(config.wall_ratio) * radius, np.float32(config.wall_least * edge))
    around = coverage(surface - thick, edge)
    lumen = coverage(surface, edge)
    contrast = _lumen_contrast(tubes, config, rng)[branch]
    if config.contrast_spread > 0:
        drift = correlated_noise(config.shape, 24.0, rng).ravel()[near]
        contrast *= np.exp(np.float32(0.3 * config.contrast_spread) * drift)
    if config.hollow > 0:
        contrast *= 1 - np.float32(config.hollow) * np.clip(-surface / (0.6 * radius), 0, 1)
    if config.mottle > 0:
        fill = correlated_noise(config.shape, 4.0, rng).ravel()[near]
        contrast *= np.maximum(1 + np.float32(config.mottle) * fill, 0)
    # A vein's wall replaces no tissue where it is as faint as tissue.
    wall_grey = config.tissue - config.sign * config.wall_contrast * wall
    flat = grey.reshape(-1)
    values = flat[near]
    values += around * np.float32(min(1.0, wall * 4)) * (np.float32(wall_grey) - values)
    values += lumen * (np.float32(config.tissue) + np.float32(config.sign) * contrast - values)
    flat[near] = values


def _lumen_contrast(
    tubes: Tubes, config: PhantomConfig, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Contrast of every branch's lumen: of thin and of unlike vessels less."""
    edge = float(min(config.voxel_size_um))
    # A thin vessel's lumen is filled or collapsed more often than a wide one's.
    thinness = np.exp(-tubes.radii_um / np.float32(2 * edge))
    contrast = config.lumen_contrast * (1 - config.fading * thinness)
    if config.contrast_spread > 0:
        spread = config.contrast_spread * _along_trees(tubes.parents, rng)
        contrast = contrast * np.exp(np.clip(spread, -1.5, 0.5))
    return np.asarray(contrast, dtype=np.float32)


def _along_trees(parents: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Random values of variance 1, that of a daughter near its parent's."""
    values = rng.standard_normal(len(parents))
    for index, parent in enumerate(parents):
        if parent >= 0:
            values[index] = 0.97 * values[parent] + 0.24 * values[index]
    return values
