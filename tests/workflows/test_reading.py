"""Laws of how a network is shown a volume's voxels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import IntensityWindow, VolumeOptions, volume_of_array
from napari_vessel.workflows._reading import PolarityUsed, reader_for, window_for, windowed_reader

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
        ("dark", "saturated", "dark", SHARE),
        ("dark", "saturated", "bright", -np.sqrt(SHARE)),
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


@pytest.mark.parametrize(
    ("normalisation", "shown", "own"),
    [
        ("saturated", "bright", True),
        ("saturated", "dark", False),
        ("signed", "bright", False),
        ("window", "bright", False),
    ],
)
def test_bright_vessels_alone_have_a_window_that_ends_below_the_brightest(
    normalisation: str, shown: str, *, own: bool
) -> None:
    grey = np.full((1, 20, 1), 50.0)
    grey[:, :4], grey[:, 4:8] = 400, 1000  # dim vessels, and bright ones
    image = (grey * np.random.default_rng(0).uniform(0.9, 1.1, (4, 20, 20))).astype(np.uint16)
    volume = volume_of_array(image, options=VolumeOptions(polarity=shown))
    card = CheckpointCard(voxel_size_um=(1, 1, 1), normalisation=normalisation)
    window = window_for(volume, card, PolarityUsed(shown, "choice", ""))
    assert (window != volume.window()) is own
    seen = reader_for(volume, card)(Box.of(image.shape))
    assert bool(abs(seen[:, :4] - seen[:, 4:8]).max() < 0.3) is own, "dim as white as bright"
