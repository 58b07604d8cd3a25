"""Which reviewed voxels are drawn more often than their number would have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx
from napari_vessel.training._reviewed import Codes, Mask, reviewed_in, vessel_in

__all__ = ["Emphasis", "Kind", "hard_places", "in_boxes"]

Kind = Literal["any", "newest", "old", "hard"]

_ACCEPTED = np.uint8(4)  # napari_vessel.annotation's flag: shown and accepted, not painted
_CELL: Zyx = (64, 64, 64)
_DISAGREES = 128  # of 255: one plane says vessel, another does not


@dataclass(frozen=True)
class Emphasis:
    """What is newest, and what is hard; None: nobody knows, and nothing is.

    Parameters
    ----------
    newest
        Says of each voxel of a box whether it was corrected since the network in use learned.
        All others are old.
    hard
        Says of each voxel of a box, given its codes, whether the proposal was wrong or unsure.
    """

    newest: Callable[[Box], Mask] | None = None
    hard: Callable[[Box, Codes], Mask] | None = None

    def parts(self, box: Box, codes: Codes) -> dict[Kind, Mask]:
        """Return the voxels of a box by kind, of those kinds that are known."""
        found: dict[Kind, Mask] = {}
        if self.newest is not None:
            found["newest"] = self.newest(box)
            found["old"] = ~found["newest"]
        if self.hard is not None:
            found["hard"] = self.hard(box, codes)
        return found


def in_boxes(boxes: Sequence[Box]) -> Callable[[Box], Mask]:
    """Return what says which voxels of a box lie in one of ``boxes``, however many there are."""
    near: dict[Zyx, list[Box]] = {}
    for box in boxes:
        for part in box.cells(_CELL):
            near.setdefault(_key(part), []).append(part)

    def inside(box: Box) -> Mask:
        found = np.zeros(box.shape, np.bool_)
        for cell in box.cells(_CELL):
            for part in near.get(_key(cell), []):
                common = part.intersection(box)
                if common is not None:
                    found[common.relative_to(box).slices] = True
        return found

    return inside


def hard_places(
    probability: Callable[[Box], NDArray[np.uint8]],
    disagreement: Callable[[Box], NDArray[np.uint8]],
    known: Box,
    threshold: float,
) -> Callable[[Box, Codes], Mask]:
    """Return what says where a proposal was corrected, or its planes disagree.

    Where there is no proposal to compare with, what was painted by hand is hard: people paint
    what is wrong, and accept the rest.

    Parameters
    ----------
    probability, disagreement
        Of the proposal, × 255, of any box of the volume.
    known
        The box that the proposal is of.
    threshold
        Probability from which on it shows vessel.
    """
    limit = max(round(threshold * 255), 1)

    def hard(box: Box, codes: Codes) -> Mask:
        reviewed = reviewed_in(codes)
        found: Mask = reviewed & ((codes & _ACCEPTED) == 0)
        common = known.intersection(box)
        if common is None:
            return found
        within = common.relative_to(box).slices
        proposed = probability(common) >= limit
        wrong = proposed != vessel_in(codes[within])
        found[within] = reviewed[within] & (wrong | (disagreement(common) >= _DISAGREES))
        return found

    return hard


def _key(part: Box) -> Zyx:
    z, y, x = (a // edge for a, edge in zip(part.start, _CELL, strict=True))
    return z, y, x
