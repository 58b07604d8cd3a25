"""A phantom: image, truth, and the trees they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize
from napari_vessel.phantoms._appearance import Anatomy, render
from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._forest import grow_forest
from napari_vessel.phantoms._light import blur
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._texture import correlated_noise
from napari_vessel.phantoms._tree import Tree
from napari_vessel.phantoms._tubes import Tubes, rasterise


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic scan with its exact truth.

    Attributes
    ----------
    image
        uint16 or uint8, zyx.
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

    image: NDArray[np.uint8 | np.uint16]
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

    def outlined(self, share: float = 0.3) -> NDArray[np.bool_]:
        """Return what a person who labels by eye calls vessel, bool, zyx.

        A microscope's focus is longer than a slice is thick: beside where it is, a vessel shows,
        and is outlined, in the slices above and below, wherever ``share`` of its contrast is
        left. X-rays have no focus: there it is ``vessels`` itself.
        """
        if self.config.polarity == "dark":
            return self.vessels
        shows = blur(self.vessels.astype(np.float32), self.config) >= share
        return np.asarray(self.vessels | shows)


def make_phantom(config: PhantomConfig | None = None) -> Phantom:
    """Grow, rasterise and show the phantom of ``config`` (the default one without it).

    Time follows the voxels and the branches: 128³ takes about a second on one core. Memory:
    about 60 bytes per voxel at the peak.
    """
    config = PhantomConfig() if config is None else config
    # One stream each: what is shown differently still grows the same.
    shape_rng, tree_rng, vein_rng, image_rng = np.random.default_rng(config.seed).spawn(4)
    organ = Organ.of(config, shape_rng)
    forest = grow_forest(organ, config, tree_rng, vein_rng)
    arteries = _tubes(forest.arteries, config, tree_rng)
    veins = None if forest.veins is None else _tubes(forest.veins, config, vein_rng)
    image = render(Anatomy(organ, arteries, veins), config, image_rng)
    truth = arteries.inside
    other = np.zeros_like(truth) if veins is None else veins.inside & ~truth
    size = VoxelSize(*config.voxel_size_um)
    return Phantom(image, truth, other, size, forest.arteries, forest.veins, config)


def _tubes(tree: Tree, config: PhantomConfig, rng: np.random.Generator) -> Tubes:
    """Rasterise a tree, its cross-sections dented by as much as ``unevenness`` asks for."""
    reach = max(config.wall_ratio, config.sheath) + 1.5 * config.unevenness
    finest = min(config.voxel_size_um)
    tubes = rasterise(
        tree,
        config.shape,
        VoxelSize(*config.voxel_size_um),
        reach=reach,
        reach_um=config.wall_least * finest,
    )
    if config.unevenness > 0:
        # Wide dents are gentler than the distance itself: no tube is torn by them.
        width = max(8.0, 0.55 * float(tubes.radii_um.max()) / finest)
        dents = np.clip(correlated_noise(config.shape, width, rng), -1.5, 1.5)
        dents *= np.float32(config.unevenness)
        np.subtract(tubes.surface_um, dents * tubes.radius_um, out=tubes.surface_um)
    return tubes
