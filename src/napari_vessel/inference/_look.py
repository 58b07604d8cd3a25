"""When a quick look may decide that a block holds no vessel: the rule. Imports no torch.

The network looks at every second or fourth slice of one plane, as it is. What shows no
probability of a vessel there is not predicted in full. Looking at coarser pixels instead was
tried and lost up to 30 % of the vessels: thin ones are gone before the network sees them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.tiling import Zoom

__all__ = ["Look", "empty_below_for", "look_of"]

_SHARE = 1 / 3  # of the threshold: a lower one costs more, a higher one loses vessels
_CELL = 32  # pixels: what is predicted of a block starts and ends on this grid
_MARGIN = 8  # pixels: a vessel seen here may go on as far, unseen
_VIEWS = {"none": 1, "flips": 4, "dihedral": 8}
_COST = 0.1  # of the full prediction, at most
_STEPS = ((8, 2), (4, 4))  # which slices, by how often that sees each voxel: planes × views


@dataclass(frozen=True, slots=True)
class Look:
    """How a block is looked at, and what counts as something seen.

    Parameters
    ----------
    plane : Plane
        The one that is looked at.
    step : int
        Every such slice of it.
    below : float
        Probability below which a pixel counts as empty.
    passes : int
        How often the full prediction would see each voxel.
    """

    plane: Plane
    step: int
    below: float
    passes: int = 12

    @property
    def margin(self) -> Zyx:
        """How far a vessel may go on beyond a pixel where one is seen, in pixels, zyx."""
        edges = [_MARGIN] * 3
        edges[self.plane.normal] = self.step
        return edges[0], edges[1], edges[2]

    def picks(self, start: int, stop: int) -> range:
        """Return the slices looked at from ``start`` to ``stop``: the same in every block.

        Where none of them lies in so short a span it is the one in the middle.

        >>> Look(Plane.XY, 4, 0.2).picks(5, 17)
        range(6, 17, 4)
        >>> Look(Plane.XY, 4, 0.2).picks(0, 2)
        range(1, 2)
        """
        offset = self.step // 2
        first = start + (offset - start) % self.step
        if first >= stop:
            first = (start + stop) // 2
            return range(first, first + 1)
        return range(first, stop, self.step)

    def is_worth(self, block: Box, bounds: Box) -> bool:
        """Tell whether looking at a block costs at most a tenth of predicting it; in pixels."""
        axis = self.plane.normal
        near = block.expanded(self.margin).intersection(bounds) or block
        looked = len(self.picks(near.start[axis], near.stop[axis]))
        return looked <= _COST * self.passes * block.shape[axis]

    def part(self, seen: Box, block: Box) -> Box | None:
        """Return what of a block is predicted where something is ``seen``, both in pixels."""
        grown = seen.expanded(self.margin)
        start = [a - a % _CELL for a in grown.start]
        stop = [b + -b % _CELL for b in grown.stop]
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2])).intersection(block)


def look_of(config: InferenceConfig) -> Look | None:
    """Return how blocks are looked at before they are predicted by ``config``; None: not at all.

    They are not where ``empty_below`` is 0, and where each voxel is seen fewer than four
    times: a look would cost more than a tenth of that.

    Parameters
    ----------
    config : InferenceConfig
        ``planes`` and ``empty_below`` are settled; "auto" counts as not at all.
    """
    if config.planes == "auto" or config.empty_below == "auto":
        return None
    passes = len(config.planes) * _VIEWS[config.views]
    step = next((step for least, step in _STEPS if passes >= least), None)
    if step is None or not config.empty_below:
        return None
    plane = Plane.XY if Plane.XY in config.planes else config.planes[0]
    return Look(plane, step, config.empty_below, passes)


def empty_below_for(threshold: float) -> float:
    """Return the probability below which a pixel counts as empty, where that is "auto".

    >>> round(empty_below_for(0.6), 3)
    0.2
    """
    return round(threshold * _SHARE, 4)


def voxels_of(pixels: Box, zoom: Zoom, within: Box) -> Box | None:
    """Return the voxels of a box, ``within`` another, that any of the pixels shows."""
    start = [floor(a / f + 1e-9) for a, f in zip(pixels.start, zoom, strict=True)]
    stop = [ceil(b / f - 1e-9) for b, f in zip(pixels.stop, zoom, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2])).intersection(within)
