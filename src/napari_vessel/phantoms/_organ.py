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
    """An ellipsoid in a box about the volume; points are zyx, in µm from the volume's corner.

    Attributes
    ----------
    extent_um
        Edges of the volume that is shown.
    low_um, high_um
        Corners of the box that vessels keep to: the volume, or more of which
        the volume is a part.
    semi_um
        Semi-axes of the ellipsoid, which may be larger than that box.
    hilum
        Unit direction, in semi-axes, from the middle to where vessels enter.
    """

    extent_um: Floats
    low_um: Floats
    high_um: Floats
    semi_um: Floats
    hilum: Floats

    @classmethod
    def of(cls, config: PhantomConfig, rng: np.random.Generator) -> Organ:
        """Fit an organ to the volume that ``config`` asks for, and to what lies beyond it."""
        extent = np.multiply(config.shape, config.voxel_size_um).astype(float)
        # Vessels enter from the side along the longer axes, so that a thin volume holds a tree.
        direction = rng.normal(size=3) * extent / extent.max()
        hilum = direction / max(float(np.linalg.norm(direction)), 1e-9)
        beyond, shift = config.beyond * float(np.median(extent)), np.zeros(3)
        if beyond > 0:
            shift = rng.uniform(-0.8, 0.8, size=3) * beyond
        half = extent / 2 + beyond
        return cls(extent, shift - beyond, extent + beyond + shift, half * config.organ, hilum)

    @property
    def centre_um(self) -> Floats:
        """The middle of the organ."""
        return (self.low_um + self.high_um) / 2

    @property
    def reach_um(self) -> float:
        """The middle one of the half-extents that vessels can fill."""
        half = (self.high_um - self.low_um) / 2
        return float(np.median(np.minimum(self.semi_um, half)))

    def depth(self, points: Floats) -> Floats:
        """Return 0 at the middle, 1 on the surface, more outside; shape ``(…)``."""
        scaled = (points - self.centre_um) / self.semi_um
        return np.asarray(np.sqrt((scaled**2).sum(axis=-1)))

    def unseen_um(self, point: Floats) -> float:
        """Distance of a point to the volume that is shown; 0 inside."""
        return float(np.linalg.norm(point - np.clip(point, 0, self.extent_um)))

    def holds(self, point: Floats) -> bool:
        """Tell whether a point lies inside the organ, off its surface, and in the box."""
        within = bool(((point >= self.low_um) & (point <= self.high_um)).all())
        return within and float(self.depth(point)) < 0.9

    def confined(self, points: Floats, *, margin_um: float) -> Floats:
        """Move points that lie outside the organ or the box to the nearest place inside."""
        depth = np.maximum(self.depth(points) / 0.94, 1.0)[..., None]
        inside = self.centre_um + (points - self.centre_um) / depth
        margin = np.minimum(margin_um, (self.high_um - self.low_um) * 0.45)
        return np.asarray(np.clip(inside, self.low_um + margin, self.high_um - margin))

    def entry_um(self) -> Floats:
        """Where the trunks enter: on the surface, inside the box."""
        return self.confined(self.centre_um + self.hilum * self.semi_um, margin_um=0.0)

    def edge_um(self, inner: Floats, rng: np.random.Generator) -> Floats:
        """Where a straight way in some direction from ``inner`` leaves the box or the organ."""
        vector = rng.normal(size=3)
        direction = vector / max(float(np.linalg.norm(vector)), 1e-9)
        face = np.where(direction > 0, self.high_um, self.low_um)
        steps = (face - inner) / np.where(np.abs(direction) < 1e-9, 1e-9, direction)
        return self.confined(inner + float(steps.min()) * direction, margin_um=0.0)
