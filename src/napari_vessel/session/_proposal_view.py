"""The proposal in the region, in memory: probabilities in, mask at the threshold out."""

from __future__ import annotations

import numpy as np

from napari_vessel.geometry import Box
from napari_vessel.session._local import LocalThreshold
from napari_vessel.volumes import mask_of

_MOST_COVERED = 2**28  # bytes


class ProposalView:
    """Probability (uint8) over ``region``, and which of its blocks are still to come."""

    def __init__(self, region: Box, probability: np.ndarray, threshold: float) -> None:
        self.region = region
        self.threshold = threshold
        self.local: LocalThreshold | None = None  # shown, and not kept yet
        self._probability = probability
        self._awaited: list[Box] = []
        self._covered: list[tuple[Box, np.ndarray]] = []

    def mask(self, box: Box) -> np.ndarray:
        """Return the mask (uint8, 0 or 1) of ``box``, in volume voxels inside the region."""
        mask = self.mask_without_local(box)
        if self.local is not None:
            self.local.show(box.relative_to(self.region), self.probability(box), mask)
        return mask

    def mask_without_local(self, box: Box) -> np.ndarray:
        """Return the mask of ``box`` at the one threshold."""
        return mask_of(self.probability(box), self.threshold)

    def probability(self, box: Box) -> np.ndarray:
        """Return a view of the probability of ``box``, in volume voxels inside the region."""
        return self._probability[box.relative_to(self.region).slices]

    def put(self, box: Box, probability: np.ndarray) -> Box | None:
        """Show ``probability`` at ``box``; return what of it lies in the region."""
        inside = box.intersection(self.region)
        if inside:
            self.probability(inside)[...] = probability[inside.relative_to(box).slices]
        return inside

    def restore(self, box: Box, probability: np.ndarray, where: np.ndarray) -> None:
        """Show ``probability`` of ``box`` again ``where``; below a first look, if one lies there.

        ``box`` lies in the region, in volume voxels.
        """
        left = where.copy()
        for covered, below in self._covered:  # the oldest first: it covers what was proposed
            for awaited in self._awaited:
                common = covered.intersection(awaited)
                if common and (common := common.intersection(box)):
                    here = common.relative_to(box).slices
                    under = below[common.relative_to(covered).slices]
                    np.copyto(under, probability[here], where=left[here])
                    left[here] = False
        np.copyto(self.probability(box), probability, where=left)

    def replace(self, probability: np.ndarray) -> None:
        """Show ``probability`` (uint8, the region's shape) instead of all there is; no copy."""
        self._probability = probability
        self._covered.clear()

    def put_first_look(self, box: Box, probability: np.ndarray) -> Box | None:
        """Show a first look at ``box`` where its proposal is still to come; return the box.

        It takes no proposal's place, and goes where none comes; of very many all go at once.
        """
        if sum(before.nbytes for _, before in self._covered) > _MOST_COVERED:
            self._withdraw()
        inside = box.intersection(self.region)
        parts = [part for each in self._awaited if inside and (part := each.intersection(inside))]
        for part in parts:
            self._covered.append((part, self.probability(part).copy()))
            self.put(part, probability[part.relative_to(box).slices])
        return inside if parts else None

    def await_box(self, box: Box) -> None:
        """Expect a new proposal of ``box``: until it comes nothing there can be accepted."""
        self._awaited = [box]

    def arrived(self, box: Box) -> None:
        """Note that ``box`` holds its new proposal."""
        self._awaited = [rest for part in self._awaited for rest in _without(part, box)]

    def stop_waiting(self, *, complete: bool = False) -> list[Box]:
        """Expect nothing more; return where a first look went whose proposal did not come.

        Where a prediction is ``complete`` all of it came.
        """
        changed = [] if complete else self._withdraw()
        self._awaited = []
        self._covered.clear()
        return changed

    def _withdraw(self) -> list[Box]:
        changed = []
        while self._covered:  # the newest first: older ones lie below it
            box, before = self._covered.pop()
            for part in filter(None, (each.intersection(box) for each in self._awaited)):
                self.put(part, before[part.relative_to(box).slices])
                changed.append(part)
        return changed

    def awaited_in(self, box: Box) -> bool:
        """Tell whether a new proposal of any voxel of ``box`` is still to come."""
        return any(part.intersection(box) for part in self._awaited)


def _without(box: Box, hole: Box) -> list[Box]:
    """Cut ``hole`` out of ``box``, leaving at most six boxes."""
    common = box.intersection(hole)
    if common is None:
        return [box]
    rest, start, stop = [], list(box.start), list(box.stop)
    for axis in range(3):
        if start[axis] < common.start[axis]:
            rest.append(_box(start, [*stop[:axis], common.start[axis], *stop[axis + 1 :]]))
        if common.stop[axis] < stop[axis]:
            rest.append(_box([*start[:axis], common.stop[axis], *start[axis + 1 :]], stop))
        start[axis], stop[axis] = common.start[axis], common.stop[axis]
    return rest


def _box(start: list[int], stop: list[int]) -> Box:
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
