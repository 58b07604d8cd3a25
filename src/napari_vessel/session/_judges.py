"""What is missing until networks are judged for sure: how many blocks, and where."""

from __future__ import annotations

from dataclasses import dataclass

from napari_vessel.annotation import Overlay
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.training import split_blocks
from napari_vessel.workflows import audit_spared

__all__ = ["Judges", "judges_of"]

_PLACES = 5
_TRIED = 60  # cells whose proposal is looked at for vessels


@dataclass(frozen=True, slots=True)
class Judges:
    """The blocks that networks are judged by, which nobody learns from.

    ``there`` are reviewed and hold vessel; ``needed`` more are, until adoption is not provisional;
    ``places`` are cells to review to that end, those with proposed vessels and near ones first.
    """

    there: int = 0
    needed: int = 0
    places: tuple[Box, ...] = ()

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        if not self.needed:
            return f"Networks are judged by {self.there} blocks that none learned from."
        more = f"{self.needed} more block{'s' if self.needed > 1 else ''}"
        if not self.places:
            return (
                "Networks are judged provisionally, by what they learned from, too: the volume is "
                "too small to hold blocks out."
            )
        return (
            f"Networks are judged provisionally: review vessels in {more} that are held out, "
            f"the nearest at {self.places[0]}."
        )


def judges_of(project: Project, overlay: Overlay) -> Judges:
    """Work out what is missing; reads all reviewed blocks, so on a worker's thread.

    As a training would: nothing in the audit set judges networks, or makes a block of its own.
    """
    split = split_blocks(audit_spared(project, overlay), project.config.training)
    there = project.config.training.min_validation_blocks - split.needed
    if not split.needed:
        rich = sum(1 for box in split.validation if not split.vessel or box in split.vessel)
        return Judges(there=max(rich, there))
    cells = split.places_to_review(overlay.shape, _TRIED)
    return Judges(there, split.needed, _with_vessels(project, cells)[:_PLACES])


def _with_vessels(project: Project, cells: tuple[Box, ...]) -> tuple[Box, ...]:
    """Put cells first in which vessels are proposed; as they are where that cannot be told."""
    try:
        proposal, threshold = project.open_proposal(), project.threshold
        if proposal is None:
            return cells
        holding = {cell for cell in cells if proposal.mask(cell, threshold).any()}
    except VesselError:  # what is wrong with a proposal is told where it is shown
        return cells
    return tuple(sorted(cells, key=lambda cell: cell not in holding))
