"""A volume as the network wants it: windowed to [0, 1], vessels as dark or bright as it learned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_vessel.geometry import Box
from napari_vessel.inference import Levels
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import IntensityWindow, Volume

Reader = Callable[[Box], np.ndarray]  # of level 0


def inverted(volume: Volume, card: CheckpointCard) -> bool:
    """Tell whether the volume's vessels have the other polarity than the checkpoint learned."""
    return volume.options.polarity not in {"auto", card.polarity}


def windowed_reader(volume: Volume, window: IntensityWindow, *, invert: bool) -> Levels:
    """Return a reader of float32 voxels in [0, 1] of any box of ``volume``, at any level."""

    def read(box: Box, level: int) -> np.ndarray:
        voxels = window.apply(volume.read(box, level))
        return 1 - voxels if invert else voxels

    return Levels(read, volume.shapes, volume.factors)
