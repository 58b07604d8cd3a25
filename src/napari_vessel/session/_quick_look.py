"""What a light update shows over the proposal, until a full one takes its place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.workflows import blended

__all__ = ["QuickUpdates"]


class QuickUpdates:
    """Puts light updates into a view of the proposal, and takes them away again.

    Corrections lie above the proposal, so that no update can change one.

    Parameters
    ----------
    view
        Of the proposal.
    """

    def __init__(self, view: ProposalView) -> None:
        self.view = view
        self._before: dict[Box, NDArray[np.uint8]] = {}

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The slices that show one, in volume voxels."""
        return tuple(self._before)

    def put(self, box: Box, light: NDArray[np.uint8], weight: float = 0.0) -> Box | None:
        """Show an update of ``box`` (volume voxels); return it, or None where it comes too late.

        A second one of the same slice takes the first one's place. Where a prediction is on its
        way there, that is worth more.
        """
        if not self.view.region.contains(box) or self.view.awaited_in(box):
            return None
        before = self._before.get(box)
        if before is None:
            self._forget(box)
            before = self._before[box] = self.view.probability(box).copy()
        return self.view.put(box, blended(before, light, weight))

    def arrived(self, box: Box | None) -> bool:
        """Note that ``box`` holds its full proposal, None: all does; tell whether one went."""
        if box is None:
            count = len(self._before)
            self._before.clear()
            return count > 0
        return self._forget(box)

    def withdraw(self) -> list[Box]:
        """Show what was there before; return what changed."""
        changed = [box for box in self._before if not self.view.awaited_in(box)]
        for box in changed:
            self.view.put(box, self._before[box])
        self._before.clear()
        return changed

    def _forget(self, box: Box) -> bool:
        """Forget those that reach into ``box``: what lies below is no longer what it was."""
        touched = [other for other in self._before if other.intersection(box)]
        for other in touched:
            del self._before[other]
        return bool(touched)
