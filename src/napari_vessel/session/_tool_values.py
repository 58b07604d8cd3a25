"""The values that quick tools hand round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import UNTOUCHED, EditableLabels
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.session._tool_config import ToolConfig

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a tool looks at: what is shown, what the network said, what was corrected.

    All boxes are in region voxels. ``brightness`` reads the image, from 0 to 1 within the
    volume's window.
    """

    labels: EditableLabels
    view: ProposalView
    voxel_size: VoxelSize
    config: ToolConfig
    brightness: Callable[[Box], NDArray[np.float32]]

    @property
    def bounds(self) -> Box:
        """All of the region."""
        return Box.of(self.labels.shape)

    def shown(self, box: Box) -> Mask:
        """Return what is shown as vessel in ``box``."""
        shown: Mask = self.labels.read(box) != 0
        return shown

    def probability(self, box: Box) -> NDArray[np.uint8]:
        """Return the proposal's probability in ``box``; not to be written to."""
        return self.view.probability(box.shifted(self.labels.region.start))

    def untouched(self, box: Box) -> Mask:
        """Return where nothing was corrected yet: a tool changes no more than that unasked."""
        codes = self.labels.corrections.overlay.read(box.shifted(self.labels.region.start))
        untouched: Mask = codes == UNTOUCHED
        return untouched

    def size_of(self, mask: Mask) -> str:
        """Say how large ``mask`` is, in voxels and in µm³."""
        voxels = int(np.count_nonzero(mask))
        return f"{voxels:,} voxels, {voxels * self.voxel_size.volume_um3:,.4g} µm³"


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """What a tool covers: ``mask`` of ``box`` (region voxels), where ``vessel`` becomes vessel."""

    tool: str
    box: Box
    mask: Mask
    vessel: Mask
    sentence: str
    plane: Plane | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """A tool found nothing to do; the sentence says why, and what would help."""

    sentence: str


@dataclass(frozen=True, slots=True)
class ToolDone:
    """A tool came to its end: the box (volume voxels) that changed, if anything did.

    ``accepted`` is the slice (volume voxels) that was accepted, all of it or a window: something
    near it may be learned now.
    """

    box: Box | None
    sentence: str
    applied_local: bool = False
    accepted: tuple[Plane, int] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A slice that a person asked for: shown next."""

    plane: Plane
    index: int
    sentence: str
