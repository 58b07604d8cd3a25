"""A volume as the network wants it: windowed to [0, 1], vessels as dark or bright as it learned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_vessel.geometry import Box
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import IntensityWindow, Volume

Reader = Callable[[Box], np.ndarray]


def inverted(volume: Volume, card: CheckpointCard) -> bool:
    """Tell whether the volume's vessels have the other polarity than the checkpoint learned."""
    return volume.options.polarity not in {"auto", card.polarity}


def windowed_reader(volume: Volume, window: IntensityWindow, *, invert: bool) -> Reader:
    """Return a reader of float32 voxels in [0, 1] of any box of ``volume``."""

    def read(box: Box) -> np.ndarray:
        voxels = window.apply(volume.read(box))
        return 1 - voxels if invert else voxels

    return read
