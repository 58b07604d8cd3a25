"""Grow what a phantom holds: arteries, capillaries, veins of their own and beside arteries."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._mesh import grow_mesh
from napari_vessel.phantoms._organ import Organ
from napari_vessel.phantoms._tree import Branch, Tree, TreeSpec, across, grow_tree


@dataclass(frozen=True, slots=True)
class Forest:
    """Vessels of the truth, and veins that are none of it (None: no veins)."""

    arteries: Tree
    veins: Tree | None


def grow_forest(
    organ: Organ, config: PhantomConfig, artery_rng: np.random.Generator, rng: np.random.Generator
) -> Forest:
    """Grow all vessels; veins have a stream of random numbers, ``rng``, of their own."""
    branches = _arteries(organ, config, artery_rng)
    veins = list(_veins(organ, config, rng).branches) if config.veins else []
    if config.bundling > 0:
        veins = _joined(veins, _beside(branches, config, rng))
    if config.mesh_spacing > 0:
        branches = branches + _mesh(branches, organ, config, artery_rng)
    arteries = Tree(tuple(_collapsed(branches, config.collapse, config.squash, artery_rng)))
    if not veins:
        return Forest(arteries, None)
    return Forest(
        arteries, Tree(tuple(_collapsed(veins, config.vein_collapse, config.squash, rng)))
    )


def tree_spec(organ: Organ, config: PhantomConfig) -> TreeSpec:
    """Turn a configuration's shares into micrometres."""
    finest = min(config.voxel_size_um)
    return TreeSpec(
        generations=config.generations,
        trunk_radius_um=max(config.trunk_radius * organ.reach_um, config.least_radius * finest),
        least_radius_um=config.least_radius * finest,
        trunk_length_um=config.length * organ.reach_um,
        asymmetry=config.asymmetry,
        tortuosity=config.tortuosity,
        finest_um=finest,
        most_branches=config.most_branches,
    )


def _arteries(organ: Organ, config: PhantomConfig, rng: np.random.Generator) -> list[Branch]:
    """Grow every tree: the first one enters at the hilum, the others anywhere."""
    spec = tree_spec(organ, config)
    branches = list(grow_tree(organ, organ.entry_um(), spec, rng).branches)
    for _ in range(1, config.trees):
        target = rng.uniform(0, 1, size=3) * organ.extent_um
        start = organ.edge_um(target, rng)
        way = float(np.linalg.norm(target - start))
        smaller = replace(
            spec,
            candidates=6,  # among many trees none is free
            trunk_radius_um=spec.trunk_radius_um * rng.uniform(0.3, 1.0),
            trunk_length_um=max(spec.trunk_length_um, way * rng.uniform(1.0, 1.5)),
        )
        tree = grow_tree(organ, start, smaller, rng, towards_um=target)
        branches = _joined(branches, list(tree.branches))
    return branches


def _joined(first: list[Branch], second: list[Branch]) -> list[Branch]:
    """Put branches of two trees into one list: parents are counted on."""
    moved = [b if b.parent < 0 else replace(b, parent=b.parent + len(first)) for b in second]
    return first + moved


def _mesh(
    branches: list[Branch], organ: Organ, config: PhantomConfig, rng: np.random.Generator
) -> list[Branch]:
    """Capillaries between the ends of arteries."""
    parents = {branch.parent for branch in branches}
    ends = np.array([b.points_um[-1] for i, b in enumerate(branches) if i not in parents])
    seen = ((ends >= 0) & (ends <= organ.extent_um)).all(axis=1)
    finest = min(config.voxel_size_um)
    return grow_mesh(
        organ.extent_um,
        ends[seen],
        spacing_um=config.mesh_spacing * finest,
        radius_um=config.mesh_radius * finest,
        rng=rng,
    )


def _veins(organ: Organ, config: PhantomConfig, rng: np.random.Generator) -> Tree:
    """Grow a wider tree, two generations fewer, from beside the artery."""
    arteries = tree_spec(organ, config)
    radius = arteries.trunk_radius_um * rng.uniform(1.1, 1.5)
    aside = rng.normal(size=3)
    aside -= (aside @ organ.hilum) * organ.hilum
    aside *= 2.5 * radius / max(float(np.linalg.norm(aside)), 1e-9)
    start = organ.confined(organ.entry_um() + aside, margin_um=0.0)
    spec = replace(arteries, trunk_radius_um=radius, generations=max(1, config.generations - 2))
    return grow_tree(organ, start, spec, rng)


def _beside(
    branches: list[Branch], config: PhantomConfig, rng: np.random.Generator
) -> list[Branch]:
    """Veins that follow branches of arteries, each at its own side."""
    veins = []
    for branch in branches:
        whole = int(config.bundling)
        count = whole + int(rng.random() < config.bundling - whole)
        for _ in range(count):
            radius = branch.radius_um * float(rng.uniform(0.7, 1.5))
            apart = radius + branch.radius_um * (1 + config.bundle_gap)
            points = branch.points_um + apart * across(branch.direction, rng)
            veins.append(Branch(points, radius, -1, branch.generation))
    return veins


def _collapsed(
    branches: list[Branch], share: float, squash: float, rng: np.random.Generator
) -> list[Branch]:
    """Squash a share of the branches, each to a depth of its own."""
    if share <= 0:
        return branches
    return [
        replace(b, squash=float(rng.uniform(squash, 0.8)), flat_along=_flat(b, rng))
        if rng.random() < share
        else b
        for b in branches
    ]


def _flat(branch: Branch, rng: np.random.Generator) -> tuple[float, float, float]:
    z, y, x = across(branch.direction, rng)
    return float(z), float(y), float(x)
