"""A threshold of its own for a part of the region, while a person sets it."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    likelihood
        uint8 over the box, what the threshold is of; None: the proposal's probability.
    """

    box: Box
    where: NDArray[np.bool_]
    threshold: float
    piece: str
    likelihood: NDArray[np.uint8] | None = None

    @property
    def sentence(self) -> str:
        """What to do with it."""
        what = "Set the threshold for" if self.likelihood is None else "Fitted to the image:"
        return f"{what} {self.piece}. Move the slider, then keep or drop what it shows."

    def at(self, threshold: float) -> LocalThreshold:
        """Return the same part at another threshold."""
        return replace(self, threshold=threshold)

    def show(self, box: Box, probability: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
        """Put what this threshold makes of ``probability`` into ``mask``, both of ``box``."""
        common = box.intersection(self.box)
        if common is not None:
            at, here = common.relative_to(box).slices, common.relative_to(self.box).slices
            values = probability[at] if self.likelihood is None else self.likelihood[here]
            np.copyto(mask[at], mask_of(values, self.threshold), where=self.where[here])
