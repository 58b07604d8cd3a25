"""A toy overlay and a toy network, for these tests only."""

import numpy as np
import torch
from torch import nn

from napari_vessel.geometry import Box, Plane, Zyx

SHAPE = (32, 128, 128)


class FakeOverlay:
    """State codes in one array, its boxes in chunks of 64³, as the overlay has them."""

    def __init__(self, shape: Zyx = SHAPE) -> None:
        self.codes = np.zeros(shape, np.uint8)

    @property
    def shape(self) -> Zyx:
        z, y, x = self.codes.shape
        return z, y, x

    def boxes(self) -> list[Box]:
        whole = Box.of(self.shape)
        return [box for box in whole.cells((64, 64, 64)) if self.codes[box.slices].any()]

    def read(self, box: Box) -> np.ndarray:
        assert Box.of(self.shape).contains(box)
        return self.codes[box.slices].copy()

    def accept(self, truth: np.ndarray, plane: Plane, *indices: int) -> None:
        """Review whole slices as they truly are."""
        for index in indices:
            at = Box.of(self.shape).slice_at(plane, index).slices
            self.codes[at] = np.where(truth[at], 6, 5)


class Tiny(nn.Module):
    """Three convolutions with batch normalisation: an encoder and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(image))
