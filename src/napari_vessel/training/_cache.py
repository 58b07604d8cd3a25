"""Image blocks kept between patches, for patches come from the same few places."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx
from napari_vessel.inference import breathe
from napari_vessel.training._reviewed import ReadImage

__all__ = ["CachedRead"]

_SLOW_S = 0.25  # over a slow line; ended in a batch, a training goes on from its best state only


class CachedRead:
    """Read boxes through a cache of whole blocks, the last used ones kept.

    A patch of XZ or YZ takes a row of each of many slices or chunks; without the
    cache each would be read and decompressed again for every patch.

    Parameters
    ----------
    read
        Reads a box inside the bounds, float32 in [0, 1].
    bounds
        What can be read.
    most
        The most bytes kept.
    block
        What is read at a time, in voxels, zyx.
    """

    def __init__(
        self,
        read: ReadImage,
        bounds: Box,
        *,
        most: int = 256 * 2**20,
        block: Zyx = (64, 64, 64),
    ) -> None:
        self._read, self._bounds, self._most, self._block = read, bounds, most, block
        self._blocks: OrderedDict[Zyx, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0

    def __call__(self, box: Box) -> NDArray[np.float32]:
        """Return the voxels of a box inside the bounds, as a new array."""
        voxels, began = np.empty(box.shape, np.float32), monotonic()
        for part in box.cells(self._block):
            if monotonic() - began > _SLOW_S:
                breathe()
            z, y, x = (a - a % edge for a, edge in zip(part.start, self._block, strict=True))
            whole, content = self._whole((z, y, x))
            voxels[part.relative_to(box).slices] = content[part.relative_to(whole).slices]
        return voxels

    def _whole(self, corner: Zyx) -> tuple[Box, NDArray[np.float32]]:
        """Return the block at ``corner``, clipped to the bounds, and its voxels."""
        z, y, x = (c + edge for c, edge in zip(corner, self._block, strict=True))
        whole = Box(corner, (z, y, x)).intersection(self._bounds)
        if whole is None:
            raise ValueError(f"{corner} lies outside {self._bounds}")
        if corner not in self._blocks:
            self._keep(corner, self._read(whole))
        self._blocks.move_to_end(corner)
        return whole, self._blocks[corner]

    def _keep(self, corner: Zyx, voxels: NDArray[np.float32]) -> None:
        self._blocks[corner] = voxels
        self._bytes += voxels.nbytes
        while self._bytes > self._most and len(self._blocks) > 1:
            _, dropped = self._blocks.popitem(last=False)
            self._bytes -= dropped.nbytes
