"""What a light update shows over the proposal, until a full one takes its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.workflows import blended

__all__ = ["QuickUpdates"]


@dataclass(frozen=True, slots=True, eq=False)
class _Below:
    """What lies below an update: the proposal, and ``mask`` where the update still shows."""

    proposal: NDArray[np.uint8]
    mask: NDArray[np.bool_]


class QuickUpdates:
    """Puts light updates into a view of the proposal, and takes them away again.

    Corrections lie above the proposal, so that no update can change one. A voxel that shows an
    update belongs to one slice alone, the last that came, which knows what was proposed there.

    Parameters
    ----------
    view
        Of the proposal.
    """

    def __init__(self, view: ProposalView) -> None:
        self.view = view
        self._below: dict[Box, _Below] = {}

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The slices that show one, if only in part, in volume voxels."""
        return tuple(self._below)

    def put(self, box: Box, light: NDArray[np.uint8], weight: float = 0.0) -> Box | None:
        """Show an update of ``box`` (volume voxels); return it, or None where it comes too late.

        It takes the place of others in these voxels. Where a prediction is on its way there, that
        is worth more.
        """
        if not self.view.region.contains(box) or self.view.awaited_in(box):
            return None
        proposal = self._proposal(box)
        self._take_from(box)
        self._below[box] = _Below(proposal, np.ones(box.shape, np.bool_))
        return self.view.put(box, blended(proposal, light, weight))

    def arrived(self, box: Box | None) -> bool:
        """Note that ``box`` holds its full proposal, None: all does; tell whether a slice went."""
        if box is None:
            count = len(self._below)
            self._below.clear()
            return count > 0
        return self._take_from(box)

    def withdraw(self) -> list[Box]:
        """Show what is proposed instead of every update; return what changed."""
        changed = list(self._below)
        for box, below in self._below.items():
            self.view.restore(box, below.proposal, below.mask)
        self._below.clear()
        return changed

    def _proposal(self, box: Box) -> NDArray[np.uint8]:
        """Return what is proposed in ``box``, as if there were no updates."""
        proposal = self.view.probability(box).copy()
        for other, below in self._below.items():
            if common := other.intersection(box):
                there = common.relative_to(other).slices
                part = proposal[common.relative_to(box).slices]
                np.copyto(part, below.proposal[there], where=below.mask[there])
        return proposal

    def _take_from(self, box: Box) -> bool:
        """Let the voxels of ``box`` belong to no update; tell whether one is gone so."""
        gone = []
        for other, below in self._below.items():
            if common := other.intersection(box):
                below.mask[common.relative_to(other).slices] = False
                if not below.mask.any():
                    gone.append(other)
        for other in gone:
            del self._below[other]
        return bool(gone)
