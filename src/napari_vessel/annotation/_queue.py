"""Which place comes next: the most gain for a second of work, near ones together, no two alike.

Places are chosen one after the other. What a place brings shrinks with those chosen before it
that would teach the same; what it takes grows with the way from the one before it. So the list
is a walk: it stays where it is while that pays, and is spread where it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation._queue_config import QueueConfig
from napari_vessel.annotation._queue_place import Place
from napari_vessel.geometry import Box, Plane, Zyx

__all__ = ["Standpoint", "rank_places"]

_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a person is: the point (volume voxels) and plane in view, and what is open.

    ``region`` is what can be painted at once, in volume voxels; None: everything.
    """

    point: tuple[float, float, float]
    plane: Plane | None = None
    region: Box | None = None


def rank_places(
    places: Sequence[Place],
    config: QueueConfig,
    reach: Zyx,
    start: Standpoint | None = None,
    left_out: Collection[str] = (),
) -> list[Place]:
    """Order places by expected gain per second of work; at most ``config.count`` of them.

    Parameters
    ----------
    places
        Candidates, as cells put them forward.
    config
        What work and ways cost.
    reach
        Voxels along each axis to which a correction carries.
    start
        Where the person is; None: the way to the first place costs nothing.
    left_out
        Ids of places not to name, as they were skipped or done.

    Returns
    -------
    list of Place
        With ``gain`` as it is after the places before it.
    """
    kept = [place for place in places if place.id not in left_out]
    if not kept:
        return []
    table = _Table.of(kept, config)
    gain, here, chosen = table.gain.copy(), start, list[Place]()
    while len(chosen) < config.count:
        ways = table.ways(here, config) if here else np.zeros(len(kept))
        worth = np.where(gain >= config.least_wrong, gain / (table.seconds + ways + 1e-9), -1)
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            break
        found = kept[best]
        chosen.append(replace(found, gain=float(gain[best])))
        gain *= 1 - table.alike(best, reach)
        gain[best] = 0
        here = Standpoint(found.at, found.plane, start.region if start else None)
    return chosen


@dataclass(frozen=True)
class _Table:
    """Places as columns."""

    start: _Values
    stop: _Values
    points: _Values
    normals: NDArray[np.int64]
    gain: _Values
    seconds: _Values
    window: int

    @classmethod
    def of(cls, places: Sequence[Place], config: QueueConfig) -> _Table:
        return cls(
            np.array([place.box.start for place in places], float),
            np.array([place.box.stop for place in places], float),
            np.array([place.at for place in places], float),
            np.array([place.plane.normal for place in places]),
            np.array([place.gain for place in places], float),
            np.array([place.seconds for place in places], float),
            config.window,
        )

    def ways(self, here: Standpoint, config: QueueConfig) -> _Values:
        """Return the seconds it takes to go to each place."""
        far = np.linalg.norm(self.points - np.array(here.point), axis=1) / (2 * self.window)
        seconds: _Values = config.go_s + config.far_s * np.minimum(far, 1)
        if here.plane is not None:
            seconds = seconds + config.turn_s * (self.normals != here.plane.normal)
        if here.region is not None:
            low, high = np.array(here.region.start), np.array(here.region.stop)
            inside = ((self.start >= low) & (self.stop <= high)).all(axis=1)
            seconds = seconds + config.open_s * ~inside
        return seconds

    def alike(self, one: int, reach: Zyx) -> _Values:
        """Return how far the correction of ``one`` would teach what each place would, 0 to 1.

        Along each axis the mean, over the place, of what is carried so far: all where the
        two lie side by side, ever less with the distance, nothing beyond the reach.
        """
        alike = np.ones(len(self.start))
        for axis, halo in enumerate(reach):
            low, high = self.start[one, axis], self.stop[one, axis]
            alike *= _carried(self.start[:, axis], self.stop[:, axis], low, high, halo + 1.0)
        return alike


def _carried(start: _Values, stop: _Values, low: float, high: float, far: float) -> _Values:
    """Return the mean over voxels ``start`` to ``stop`` of what [low, high) carries to each.

    A voxel inside gets 1, one ``d`` voxels beside it ``1 - d / far``.
    """
    total = np.clip(np.minimum(stop, high) - np.maximum(start, low), 0, None)
    for distance in range(1, int(np.ceil(far))):
        below = (start <= low - distance) & (low - distance < stop)
        above = (start < high + distance) & (high + distance <= stop)
        total = total + (below.astype(float) + above) * (1 - distance / far)
    mean: _Values = total / (stop - start)
    return mean
