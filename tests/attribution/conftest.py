"""Networks small enough to be worked out by hand."""

import numpy as np
import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def segmenter():
    """A network from an image to logits of its shape."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, padding=1, stride=4),
        nn.ReLU(),
        nn.Upsample(scale_factor=4),
        nn.Conv2d(6, 1, 3, padding=1),
    ).eval()


@pytest.fixture
def classifier():
    """A network from two channels of 16² pixels to three classes."""
    torch.manual_seed(2)
    made = nn.Sequential(
        nn.Conv2d(2, 5, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(5, 4, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    ).eval()
    with torch.no_grad():
        made[-1].weight *= 30  # else all images are alike to it
    return made


@pytest.fixture
def image():
    return np.random.default_rng(3).random((1, 16, 16), np.float32)


@pytest.fixture
def pair():
    """An image of two channels."""
    return np.random.default_rng(4).random((2, 16, 16), np.float32)


@pytest.fixture
def place():
    mask = np.zeros((16, 16), bool)
    mask[5:8, 6:10] = True
    return mask
