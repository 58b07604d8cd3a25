"""A phantom: image, truth, and the trees they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize
from napari_vessel.phantoms._appearance import Anatomy, render
from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._texture import correlated_noise
from napari_vessel.phantoms._tree import Tree, TreeSpec, grow_tree
from napari_vessel.phantoms._tubes import Tubes, rasterise


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic scan with its exact truth.

    Attributes
    ----------
    image
        uint16, zyx.
    vessels
        bool, zyx: the lumens of the arteries, the truth; in one piece
        (26-connected).
    veins
        bool, zyx: look-alikes that are no part of the truth.
    voxel_size
        Edges of a voxel, in µm.
    tree, vein_tree
        Centrelines and radii, in µm; ``vein_tree`` is None without veins.
    config
        What it was made from.
    """

    image: NDArray[np.uint16]
    vessels: NDArray[np.bool_]
    veins: NDArray[np.bool_]
    voxel_size: VoxelSize
    tree: Tree
    vein_tree: Tree | None
    config: PhantomConfig

    @property
    def radii_um(self) -> tuple[float, ...]:
        """Radius of every artery branch, trunk first."""
        return tuple(branch.radius_um for branch in self.tree.branches)


def make_phantom(config: PhantomConfig | None = None) -> Phantom:
    """Grow, rasterise and show the phantom of ``config`` (the default one without it).

    Time follows the voxels: 128³ takes a few seconds on one core. Memory:
    about 60 bytes per voxel at the peak.
    """
    config = PhantomConfig() if config is None else config
    # One stream each: what is shown differently still grows the same.
    shape_rng, tree_rng, vein_rng, image_rng = np.random.default_rng(config.seed).spawn(4)
    organ = Organ.of(config, shape_rng)
    tree = grow_tree(organ, organ.entry_um(), _spec(organ, config), tree_rng)
    arteries = _tubes(tree, config, tree_rng)
    vein_tree = _veins(organ, config, vein_rng) if config.veins else None
    veins = _tubes(vein_tree, config, vein_rng) if vein_tree is not None else None
    image = render(Anatomy(organ, arteries, veins), config, image_rng)
    truth = arteries.inside
    other = np.zeros_like(truth) if veins is None else veins.inside & ~truth
    return Phantom(image, truth, other, _voxel_size(config), tree, vein_tree, config)


def _voxel_size(config: PhantomConfig) -> VoxelSize:
    return VoxelSize(*config.voxel_size_um)


def _spec(organ: Organ, config: PhantomConfig) -> TreeSpec:
    finest = min(config.voxel_size_um)
    return TreeSpec(
        generations=config.generations,
        trunk_radius_um=max(config.trunk_radius * organ.reach_um, config.least_radius * finest),
        least_radius_um=config.least_radius * finest,
        trunk_length_um=config.length * organ.reach_um,
        asymmetry=config.asymmetry,
        tortuosity=config.tortuosity,
        finest_um=finest,
    )


def _veins(organ: Organ, config: PhantomConfig, rng: np.random.Generator) -> Tree:
    """Grow a wider tree, two generations fewer, from beside the artery."""
    arteries = _spec(organ, config)
    radius = arteries.trunk_radius_um * rng.uniform(1.1, 1.5)
    aside = rng.normal(size=3)
    aside -= (aside @ organ.hilum) * organ.hilum
    aside *= 2.5 * radius / max(float(np.linalg.norm(aside)), 1e-9)
    start = organ.confined(organ.entry_um() + aside, margin_um=0.0)
    spec = replace(arteries, trunk_radius_um=radius, generations=max(1, config.generations - 2))
    return grow_tree(organ, start, spec, rng)


def _tubes(tree: Tree, config: PhantomConfig, rng: np.random.Generator) -> Tubes:
    """Rasterise a tree, its cross-sections dented by as much as ``unevenness`` asks for."""
    reach = config.wall_ratio + 1.5 * config.unevenness
    tubes = rasterise(tree, config.shape, _voxel_size(config), reach=reach)
    if config.unevenness > 0:
        # Dents of eight voxels are gentler than the distance itself: no tube is torn by them.
        dents = np.clip(correlated_noise(config.shape, 8.0, rng), -1.5, 1.5)
        dents *= np.float32(config.unevenness)
        np.subtract(tubes.surface_um, dents * tubes.radius_um, out=tubes.surface_um)
    return tubes
