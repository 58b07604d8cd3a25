"""What training asks of corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx

__all__ = ["ReadImage", "Reviewed", "reviewed_in", "tight_box", "vessel_box", "vessel_in"]

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]

ReadImage = Callable[[Box], NDArray[np.float32]]
"""Read the windowed voxels of a box inside the volume, in [0, 1]."""


class Reviewed(Protocol):
    """Reviewed voxels of a volume; :class:`napari_vessel.annotation.Overlay` is one."""

    @property
    def shape(self) -> Zyx:
        """The volume's, in voxels."""
        ...

    def boxes(self) -> list[Box]:
        """Return boxes that hold all reviewed voxels, small ones, none twice."""
        ...

    def read(self, box: Box) -> Codes:
        """Return the state codes of a box inside the volume."""
        ...


# State codes (napari_vessel.annotation): 0 untouched, 1 background, 2 vessel; + 4 accepted.
def reviewed_in(codes: Codes) -> Mask:
    """Return where a person said what is there."""
    reviewed: Mask = (codes & np.uint8(3)) != 0
    return reviewed


def vessel_in(codes: Codes) -> Mask:
    """Return where a person said that it is vessel."""
    vessel: Mask = (codes & np.uint8(3)) == 2
    return vessel


def tight_box(mask: Mask, at: Box) -> Box | None:
    """Return the smallest box around a mask cut at ``at``, or None where it is empty."""
    spans = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not len(used):
            return None
        spans.append((at.start[axis] + int(used[0]), at.start[axis] + int(used[-1]) + 1))
    (z0, z1), (y0, y1), (x0, x1) = spans
    return Box((z0, y0, x0), (z1, y1, x1))


def vessel_box(codes: Codes, at: Box) -> Box:
    """Return the smallest box around the vessel in codes read at ``at``; else what was reviewed."""
    return tight_box(vessel_in(codes), at) or tight_box(reviewed_in(codes), at) or at
