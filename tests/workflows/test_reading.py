"""Laws of how a network is shown a volume's voxels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import IntensityWindow, volume_of_array
from napari_vessel.workflows._reading import PolarityUsed, windowed_reader

IMAGE = np.linspace(0, 1000, 4 * 5 * 6).reshape(4, 5, 6).astype(np.uint16)
SHARE = IMAGE / np.float32(1000)


@pytest.mark.parametrize(
    ("learned", "normalisation", "shown", "expected"),
    [
        ("dark", "window", "dark", SHARE),
        ("dark", "window", "bright", 1 - SHARE),
        ("bright", "window", "bright", SHARE),
        ("dark", "signed", "dark", SHARE),
        ("dark", "signed", "bright", -np.sqrt(SHARE)),
        ("bright", "signed", "bright", -np.sqrt(SHARE)),
        ("bright", "signed", "dark", SHARE),
    ],
)
def test_a_volume_is_shown_as_the_network_learned_to_see_it(
    learned: str, normalisation: str, shown: str, expected: np.ndarray
) -> None:
    card = CheckpointCard(voxel_size_um=(1, 1, 1), polarity=learned, normalisation=normalisation)
    volume = volume_of_array(IMAGE)
    used = PolarityUsed(shown, "choice", "")
    read = windowed_reader(volume, IntensityWindow(low=0, high=1000), card, used)
    np.testing.assert_allclose(read(Box.of(IMAGE.shape)), expected, atol=1e-6)
