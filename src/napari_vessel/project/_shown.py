"""The mask a person sees: corrections over the proposal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_vessel.annotation import Overlay, shown_values
from napari_vessel.geometry import Box
from napari_vessel.project._proposal import Proposal


def shown_mask(
    overlay: Overlay, proposal: Proposal | None, threshold: float
) -> Callable[[Box], np.ndarray]:
    """Return a reader of the shown mask (uint8, 0 or 1) of any box of the volume.

    Outside the proposal's region, and where there is none, what nobody
    corrected is background.
    """

    def read(box: Box) -> np.ndarray:
        mask = np.zeros(box.shape, np.uint8)
        inside = box.intersection(proposal.region) if proposal else None
        if proposal and inside:
            mask[inside.relative_to(box).slices] = proposal.mask(inside, threshold)
        return shown_values(overlay.read(box), mask)

    return read
