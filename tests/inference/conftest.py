from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig

CPU = {"device": "cpu", "precision": "fp32"}
"""What every test computes in: the same everywhere."""


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Pointwise(nn.Module):
    """A network that sees one pixel: any grid, tiling and view gives the same."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 6 * (images - 0.5)


class Pooling(nn.Module):
    """A network that sees a few pixels around and halves its grid twice."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.fine = nn.Conv2d(1, 3, 3, padding=1)
        self.coarse = nn.Conv2d(3, 3, 3, padding=1)
        self.out = nn.Conv2d(6, 1, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        fine = self.fine(images * 3).relu()
        coarse = self.coarse(nn.functional.max_pool2d(fine, 4)).relu()
        up = nn.functional.interpolate(coarse, scale_factor=4)
        return self.out(torch.cat([fine, up], 1))


class Symmetric(nn.Module):
    """A blur that commutes with flips and quarter turns."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 4
        return nn.functional.conv2d(images, kernel, padding=1) - 2


def volume(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    return np.random.default_rng(0).random(shape, np.float32)


def reader(voxels: NDArray[np.float32]) -> Callable[[Box], NDArray[np.float32]]:
    """Read as a store would: never beyond the array."""

    def read(box: Box) -> NDArray[np.float32]:
        assert Box.of(voxels.shape).contains(box)
        return voxels[box.slices]

    return read


def config(**options: object) -> InferenceConfig:
    return InferenceConfig(**{**CPU, **options})  # type: ignore[arg-type]


@pytest.fixture
def pointwise() -> Pointwise:
    return Pointwise()


@pytest.fixture(scope="session")
def pooling() -> Pooling:
    return Pooling().eval()


@pytest.fixture
def symmetric() -> Symmetric:
    return Symmetric()


@pytest.fixture(name="volume")
def _volume() -> Callable[[tuple[int, int, int]], NDArray[np.float32]]:
    return volume


@pytest.fixture(name="reader")
def _reader() -> Callable[[NDArray[np.float32]], Callable[[Box], NDArray[np.float32]]]:
    return reader


@pytest.fixture(name="config")
def _config() -> Callable[..., InferenceConfig]:
    return config
