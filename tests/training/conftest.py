"""A toy volume, its corrections, and a network that learns them in seconds."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from napari_vessel.geometry import Box, Plane
from napari_vessel.training import TrainingConfig

# Tests are no package and importmode=importlib adds no path: the toys need one.
sys.path.insert(0, str(Path(__file__).parent))

from training_toys import SHAPE, FakeOverlay, Tiny


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def truth() -> np.ndarray:
    """Two straight tubes and one that slants."""
    z, y, x = np.indices(SHAPE)
    upright = ((y - 30) ** 2 + (x - 40) ** 2 < 36) | ((y - 90) ** 2 + (x - 100) ** 2 < 49)
    return upright | ((y - 40 - z) ** 2 + (x - 90) ** 2 < 25)


@pytest.fixture
def image(truth: np.ndarray) -> np.ndarray:
    """Dark lumina on grey, with noise, in [0, 1]."""
    noise = np.random.default_rng(0).normal(0, 0.05, SHAPE)
    return np.clip(np.where(truth, 0.3, 0.6) + noise, 0, 1).astype(np.float32)


@pytest.fixture
def read(image: np.ndarray) -> Callable[[Box], np.ndarray]:
    def read_box(box: Box) -> np.ndarray:
        assert Box.of(SHAPE).contains(box)
        return image[box.slices].copy()

    return read_box


@pytest.fixture
def overlay(truth: np.ndarray) -> FakeOverlay:
    """Three XY slices reviewed, as the demo does."""
    overlay = FakeOverlay()
    overlay.accept(truth, Plane.XY, 6, 15, 25)
    return overlay


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return Tiny()


@pytest.fixture
def config() -> TrainingConfig:
    return TrainingConfig(
        patch=64,
        batch=4,
        steps_per_epoch=6,
        epochs=4,
        learning_rate=0.02,
        precision="fp32",
        keep_statistics=False,
        averaging=0.0,  # two dozen steps are too few for a mean
        minutes=None,
    )
