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

    What nobody predicted and nobody corrected is background.
    """

    def read(box: Box) -> np.ndarray:
        mask = proposal.mask(box, threshold) if proposal else np.zeros(box.shape, np.uint8)
        return shown_values(overlay.read(box), mask)

    return read
