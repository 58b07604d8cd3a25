"""A labels volume as reviewed voxels, read box by box: it never lies in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_vessel.geometry import Box, Zyx
from napari_vessel.training._reviewed import Codes, Mask, Reviewed
from napari_vessel.volumes import mask_of

__all__ = ["CompletedVolume", "LabelledVolume", "PseudoLabels", "ReadMask"]

ReadMask = Callable[[Box], Mask]
"""Read where a box of the labels is vessel."""

_CELL: Zyx = (64, 64, 64)


@dataclass(frozen=True)
class LabelledVolume:
    """Labels of which all, a part, or the vessels alone are truth; see :class:`Reviewed`.

    Parameters
    ----------
    shape
        The volume's, in voxels.
    vessel
        Reads where labels say vessel.
    regions
        Boxes in which every voxel is truth, background too; labels outside of them are
        unknown. None: the vessel voxels alone are truth, everywhere.
    """

    shape: Zyx
    vessel: ReadMask
    regions: tuple[Box, ...] | None

    @property
    def searched(self) -> tuple[Box, ...]:
        """Boxes outside of which nothing is reviewed."""
        return (Box.of(self.shape),) if self.regions is None else self.regions

    def boxes(self) -> list[Box]:
        """Return the cells of a grid that the reviewed voxels lie in."""
        cells = (cell for region in self.searched for cell in region.cells(_CELL))
        whole = Box.of(self.shape)
        corners = dict.fromkeys(
            tuple(a - a % e for a, e in zip(cell.start, _CELL, strict=True)) for cell in cells
        )
        grid = (Box((z, y, x), (z + 64, y + 64, x + 64)) for z, y, x in corners)
        return [cell for box in grid if (cell := box.intersection(whole))]

    def read(self, box: Box) -> Codes:
        """Return the state codes of a box: 0 unknown, 1 background, 2 vessel."""
        if self.regions is None:
            return self.vessel(box).astype(np.uint8) * np.uint8(2)
        codes = np.zeros(box.shape, np.uint8)
        inside = [both for region in self.regions if (both := region.intersection(box))]
        if inside:
            found = self.vessel(box).astype(np.uint8) + np.uint8(1)
            for part in (both.relative_to(box).slices for both in inside):
                codes[part] = found[part]
        return codes


@dataclass(frozen=True)
class PseudoLabels:
    """What a network is sure of where nobody labelled; a :class:`Reviewed`.

    Parameters
    ----------
    labelled
        What a person labelled: never touched.
    probability
        Reads the network's fused probability × 255.
    vessel_above, background_below
        Probabilities from which on, and under which, it counts as sure.
    """

    labelled: LabelledVolume
    probability: Callable[[Box], Codes]
    vessel_above: float
    background_below: float

    @property
    def shape(self) -> Zyx:
        """The volume's, in voxels."""
        return self.labelled.shape

    def boxes(self) -> list[Box]:
        """Return the cells of a grid over the whole volume."""
        return list(Box.of(self.shape).cells(_CELL))

    def read(self, box: Box) -> Codes:
        """Return the codes of the network alone: 0 where labelled, and where it is not sure."""
        sure = self._sure(box)
        sure[self.labelled.read(box) != 0] = 0
        return sure

    def _sure(self, box: Box) -> Codes:
        probability = self.probability(box)
        vessel = mask_of(probability, self.vessel_above) != 0
        background = mask_of(probability, self.background_below) == 0
        codes: Codes = np.where(vessel, 2, background).astype(np.uint8)
        return codes


@dataclass(frozen=True)
class CompletedVolume:
    """Labels, completed by pseudo-labels where there are none; a :class:`Reviewed`."""

    labelled: LabelledVolume
    pseudo: Reviewed

    @property
    def shape(self) -> Zyx:
        """The volume's, in voxels."""
        return self.labelled.shape

    def boxes(self) -> list[Box]:
        """Return the cells of a grid over the whole volume."""
        return self.pseudo.boxes()

    def read(self, box: Box) -> Codes:
        """Return the state codes of a box: a person's word, else the network's."""
        return self.labelled.read(box) | self.pseudo.read(box)  # of each voxel one is 0
