"""Draw configurations at random: what a network must learn not to care about."""

from __future__ import annotations

import numpy as np

from napari_vessel.geometry import Zyx
from napari_vessel.phantoms._config import PhantomConfig, Polarity


def random_config(
    rng: np.random.Generator, shape: Zyx, *, polarity: Polarity = "dark"
) -> PhantomConfig:
    """Draw a phantom as varied as scans are: anatomy, contrast, texture, noise.

    Parameters
    ----------
    rng
        Source of all draws, the phantom's own seed included.
    shape
        Voxels along z, y, x.
    polarity
        Kept as given: a network is trained for one.
    """

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def log_between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    lumen, wall = log_between(0.1, 0.4), log_between(0.05, 0.3)
    room = (lumen, 1 - wall) if polarity == "dark" else (wall, 1 - lumen)
    tissue = float(np.clip(between(0.45, 0.65), *room))
    signed = -lumen if polarity == "dark" else lumen
    near_lumen = tissue + signed * between(0.8, 1.1)
    return PhantomConfig(
        shape=shape,
        seed=int(rng.integers(2**31)),
        polarity=polarity,
        organ=float(rng.choice([between(0.75, 1.0), between(1.0, 1.5), 3.0])),
        sinus=float(rng.choice([0.0, between(0.2, 0.6)])),
        cysts=int(rng.integers(0, 4)),
        generations=int(rng.integers(7, 12)),
        trunk_radius=log_between(0.04, 0.16),
        least_radius=between(0.5, 0.9),
        length=between(0.35, 0.7),
        asymmetry=between(0.3, 1.0),
        tortuosity=between(0.1, 0.7),
        unevenness=between(0.0, 0.35),
        veins=bool(rng.random() < 0.8),
        vein_wall=float(rng.choice([0.0, between(0.0, 0.2)])),
        tissue=tissue,
        medium=float(np.clip(near_lumen if polarity == "dark" else between(0.0, 0.3), 0, 1)),
        lumen_contrast=lumen,
        wall_contrast=wall,
        wall_ratio=between(0.2, 0.7),
        fading=between(0.0, 0.8),
        texture=lumen * between(0.02, 0.1),
        shading=lumen * between(0.0, 0.5),
        capillaries=lumen * between(0.0, 0.25),
        rings=lumen * log_between(0.002, 0.1),
        streaks=lumen * log_between(0.002, 0.1),
        blur=between(0.3, 1.0),
        noise=lumen * log_between(0.02, 0.15),
    )
