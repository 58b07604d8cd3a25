"""Read a proposal piece by piece for what its places promise; what did not change is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import (
    CellProfile,
    Overlay,
    Place,
    QueueConfig,
    Standpoint,
    cells_of,
    expected_wrong,
    hottest,
    rank_places,
    reach_of,
    wrong_table,
)
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.project import Proposal, ReviewMarks
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._queue_coarse import promising

_SLAB = 32  # slices read at a time
_MOST_CELLS = 512  # read at full resolution; of a larger proposal those that promise most


@dataclass(frozen=True)
class PlaceScene:
    """What is read: the proposal, the corrections, the threshold, and what nobody is led to."""

    proposal: Proposal
    overlay: Overlay
    threshold: float
    spared: tuple[Box, ...] = ()

    def wrong(self, box: Box, config: QueueConfig) -> NDArray[np.float32]:
        """Return the chance that each voxel of ``box`` (volume voxels) is wrong."""
        return self._wrong(box, wrong_table(self.threshold, config))[0]

    def _wrong(
        self, box: Box, table: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        codes = self.overlay.read(box)
        proposal = self.proposal
        wrong = expected_wrong(proposal.probability(box), proposal.disagreement(box), codes, table)
        for spared in self.spared:
            if common := spared.intersection(box):
                wrong[common.relative_to(box).slices] = 0
        return wrong, codes

    def profile(self, cell: Box, config: QueueConfig) -> Iterator[CellProfile | None]:
        """Read a cell in small steps; None after each, then what its slices promise."""
        table, profile = wrong_table(self.threshold, config), CellProfile(cell)
        for slab in cell.cells((_SLAB, *cell.stop[1:])):
            for piece in profile.pieces(slab):
                profile.add(piece, *self._wrong(piece, table))
                yield None
        yield profile


class PlaceScan:
    """Profiles of the cells of ``region`` (volume voxels), read again only where stale.

    Parameters
    ----------
    region
        What the proposal covers, or the part of it that matters.
    shape
        The volume's, in voxels.
    voxel_size
        Its voxels'.
    planes
        Planes whose slices are places.
    config
        What places are worth.
    """

    def __init__(
        self,
        region: Box,
        shape: tuple[int, int, int],
        voxel_size: VoxelSize,
        planes: Sequence[Plane],
        config: QueueConfig,
    ) -> None:
        self.region, self.planes, self.config = region, tuple(planes), config
        self.reach = reach_of(config, voxel_size)
        self._cells = cells_of(region, shape, config.window)
        self._known: dict[Box, CellProfile] = {}
        self._changes: list[Box | None] = []  # since the scan was made

    @property
    def known(self) -> int:
        """How many cells are read and did not change since."""
        return len(self._known)

    @property
    def wrong(self) -> float:
        """Voxels that are expected to be wrong in the cells that are known."""
        return sum(profile.promise for profile in self._known.values())

    def stale(self, box: Box | None) -> None:
        """Note that proposal or corrections changed in ``box`` (volume voxels); None: all."""
        self._changes.append(box)
        for cell in [cell for cell in list(self._known) if _touches(cell, box)]:
            self._known.pop(cell, None)

    def same_as(self, other: PlaceScan) -> bool:
        """Tell whether another scan cuts the same places."""
        ours, theirs = (
            (scan.region, scan.planes, scan.config, scan.reach, scan._cells)  # noqa: SLF001  its own
            for scan in (self, other)
        )
        return ours == theirs

    def update(
        self, scene: PlaceScene, near: tuple[float, float, float] | None
    ) -> Iterator[Progress]:
        """Read the cells that are not known, those near a point (volume voxels) first."""
        wanted = promising(scene.proposal, self._cells, _MOST_CELLS, scene.threshold, self.config)
        left = [cell for cell in wanted if cell not in self._known]
        if near is not None:
            left.sort(key=lambda cell: _distance(cell, near))
        for done, cell in enumerate(left):
            yield Progress(done, len(left), "cells", "Looking where to correct next")
            before = len(self._changes)
            for profile in scene.profile(cell, self.config):
                if profile is None:
                    yield Progress(done, len(left), "cells", "Looking where to correct next")
                elif not any(_touches(cell, box) for box in self._changes[before:]):
                    self._known[cell] = profile

    def rank(self, scene: PlaceScene, start: Standpoint | None, marks: ReviewMarks) -> list[Place]:
        """Order the places of the known cells, those that were put back first."""
        found = [
            place
            for profile in list(self._known.values())
            for place in profile.places(self.planes, self.config, self.reach)
        ]
        back = [self._again(scene, each) for each in marks.put_back]
        names = {place.id for place in back if place}
        ranked = rank_places(found, self.config, self.reach, start, {*marks.left_out, *names})
        first = [place for place in back if place]
        return [*first, *(self._pointed(scene, place) for place in ranked)][: self.config.count]

    def _pointed(self, scene: PlaceScene, place: Place) -> Place:
        """Find where in a place the error shows most."""
        return replace(place, point=hottest(scene.wrong(place.box, self.config), place.box))

    def _again(self, scene: PlaceScene, name: str) -> Place | None:
        place = Place.of(name)
        if not self.region.contains(place.box):
            return None
        wrong = float(scene.wrong(place.box, self.config).sum())
        return self._pointed(scene, replace(place, wrong=wrong, gain=wrong))


def _touches(cell: Box, box: Box | None) -> bool:
    return box is None or cell.intersection(box) is not None


def _distance(cell: Box, point: tuple[float, float, float]) -> float:
    gaps = [max(a - p, p - b, 0.0) for a, b, p in zip(cell.start, cell.stop, point, strict=True)]
    return float(np.linalg.norm(gaps))
