"""A threshold of its own for a part of the region, while a person sets it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box
from napari_vessel.volumes import mask_of

__all__ = ["LocalThreshold"]


@dataclass(frozen=True, slots=True, eq=False)
class LocalThreshold:
    """A part of the region with a threshold of its own, shown but not kept until it is applied.

    Attributes
    ----------
    box
        In region voxels.
    where
        Which voxels of the box it is for.
    threshold
        From 0 to 1.
    piece
        What it is for, in words.
    """

    box: Box
    where: NDArray[np.bool_]
    threshold: float
    piece: str

    def show(self, box: Box, probability: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
        """Put what this threshold makes of ``probability`` into ``mask``, both of ``box``."""
        common = box.intersection(self.box)
        if common is not None:
            at = common.relative_to(box).slices
            found = mask_of(probability[at], self.threshold)
            np.copyto(mask[at], found, where=self.where[common.relative_to(self.box).slices])
