"""Counts what an exporter reads, so that nothing is read twice to report it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from napari_vessel.geometry import Box
from napari_vessel.volumes import MaskSource


class Tally:
    """A mask source that counts the vessel voxels of each box read, once."""

    def __init__(self, source: MaskSource) -> None:
        self._read = source.read
        self._counts: dict[Box, int] = {}
        self.source = replace(source, read=self._counted)
        self.voxels = prod(source.shape)

    @property
    def vessel(self) -> int:
        """Vessel voxels among those read."""
        return sum(self._counts.values())

    def _counted(self, box: Box) -> np.ndarray:
        mask = self._read(box)
        self._counts[box] = int(np.count_nonzero(mask))
        return mask
