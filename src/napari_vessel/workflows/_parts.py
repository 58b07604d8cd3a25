"""Which part of each block is to be predicted, as one question about any box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from numpy import bool_
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Zyx

__all__ = ["Needed", "Wanted"]


class Wanted(Protocol):
    """Says which voxels are asked for; the organ does."""

    def touches(self, box: Box) -> bool:
        """Tell whether any voxel of ``box`` (volume voxels) is."""

    def at(self, box: Box) -> NDArray[bool_]:
        """Return which voxels of ``box`` are."""


@dataclass(frozen=True)
class Needed:
    """The parts of blocks that are to be predicted, of what is wanted.

    Parameters
    ----------
    wanted
        What is asked for at all.
    region
        What the blocks were cut of, along a grid from its corner.
    edges
        Of the blocks.
    parts
        Of each block that needs any; others are not in it.
    """

    wanted: Wanted
    region: Box
    edges: Zyx
    parts: Mapping[Box, Box]

    def touches(self, box: Box) -> bool:
        """Tell whether any voxel of ``box`` is needed."""
        return any(part.intersection(box) for part in self._near(box)) and self.wanted.touches(box)

    def at(self, box: Box) -> NDArray[bool_]:
        """Return which voxels of ``box`` may be kept: more than are needed does no harm."""
        return self.wanted.at(box)

    def _near(self, box: Box) -> Iterator[Box]:
        """Yield the parts of all blocks that ``box`` lies in; a volume may have ten thousands."""
        common = box.intersection(self.region)
        if common is None:
            return
        place = common.relative_to(self.region)
        corners = [
            range(a - a % edge, b, edge)
            for a, b, edge in zip(place.start, place.stop, self.edges, strict=True)
        ]
        for z, y, x in product(*corners):
            far = (z + self.edges[0], y + self.edges[1], x + self.edges[2])
            block = Box((z, y, x), far).shifted(self.region.start).intersection(self.region)
            if block is not None and (part := self.parts.get(block)):
                yield part
