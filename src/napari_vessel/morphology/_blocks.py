"""Area opening of a volume that is read block by block, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box
from napari_vessel.morphology._opening import Cut, area_opened

__all__ = ["HALO", "opened_block"]

HALO = 32
"""Voxels read around a block to see how large its components are."""


def opened_block(
    read: Callable[[Box], NDArray[np.uint8]],
    block: Box,
    bounds: Box,
    least_voxels: int,
    halo: int = HALO,
) -> NDArray[np.uint8]:
    """Return ``block`` of the area opening of a probability, reading ``halo`` voxels around it.

    A component that reaches from the block through the halo counts as large:
    nobody sees here where it ends. So a piece that is small, but longer than
    the halo, may stay whole or in part. Every other component comes out as from
    the whole volume at once, and all do where ``halo >= least_voxels - 1``.

    Parameters
    ----------
    read
        Gives the probability (uint8) of a box inside ``bounds``.
    block
        The box wanted, inside ``bounds``.
    bounds
        All there is: at its faces nothing is cut.
    least_voxels
        See :func:`area_opened`.
    halo
        In voxels, on each side.
    """
    if least_voxels <= 1:
        return read(block)
    wide = block.expanded((halo, halo, halo)).intersection(bounds) or block
    probability, inner = read(wide), block.relative_to(wide).slices
    if not probability[inner].any():
        return probability[inner].copy()
    return area_opened(probability, least_voxels, _cut(wide, bounds))[inner]


def _cut(wide: Box, bounds: Box) -> Cut:
    edges = zip(wide.start, wide.stop, bounds.start, bounds.stop, strict=True)
    z, y, x = ((start > first, stop < last) for start, stop, first, last in edges)
    return z, y, x
