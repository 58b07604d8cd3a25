"""The organ: an ellipsoid in micrometres, cut by the volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.phantoms._config import PhantomConfig

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Organ:
    """An ellipsoid about the volume's middle; points are zyx, in µm.

    Attributes
    ----------
    extent_um
        Edges of the whole volume.
    semi_um
        Semi-axes of the ellipsoid, which may be larger than the volume.
    hilum
        Unit direction, in semi-axes, from the middle to where vessels enter.
    """

    extent_um: Floats
    semi_um: Floats
    hilum: Floats

    @classmethod
    def of(cls, config: PhantomConfig, rng: np.random.Generator) -> Organ:
        """Fit an organ to the volume that ``config`` asks for."""
        extent = np.multiply(config.shape, config.voxel_size_um).astype(float)
        # Vessels enter from the side along the longer axes, so that a thin volume holds a tree.
        direction = rng.normal(size=3) * extent / extent.max()
        hilum = direction / max(float(np.linalg.norm(direction)), 1e-9)
        return cls(extent, extent / 2 * config.organ, hilum)

    @property
    def centre_um(self) -> Floats:
        """The middle of the volume."""
        return self.extent_um / 2

    @property
    def reach_um(self) -> float:
        """The middle one of the half-extents that vessels can fill."""
        return float(np.median(np.minimum(self.semi_um, self.extent_um / 2)))

    def depth(self, points: Floats) -> Floats:
        """Return 0 at the middle, 1 on the surface, more outside; shape ``(…)``."""
        scaled = (points - self.centre_um) / self.semi_um
        return np.asarray(np.sqrt((scaled**2).sum(axis=-1)))

    def holds(self, point: Floats) -> bool:
        """Tell whether a point lies inside the organ, off its surface, and in the volume."""
        within = bool(((point >= 0) & (point <= self.extent_um)).all())
        return within and float(self.depth(point)) < 0.9

    def confined(self, points: Floats, *, margin_um: float) -> Floats:
        """Move points that lie outside the organ or the volume to the nearest place inside."""
        depth = np.maximum(self.depth(points) / 0.94, 1.0)[..., None]
        inside = self.centre_um + (points - self.centre_um) / depth
        margin = np.minimum(margin_um, self.extent_um * 0.45)
        return np.asarray(np.clip(inside, margin, self.extent_um - margin))

    def entry_um(self) -> Floats:
        """Where the trunks enter: on the surface, inside the volume."""
        return self.confined(self.centre_um + self.hilum * self.semi_um, margin_um=0.0)
