"""A network small enough to make in every test."""

import pytest
import torch
from torch import nn

from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network

SMALL = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))


@pytest.fixture
def card() -> CheckpointCard:
    return CheckpointCard(network=SMALL, voxel_size_um=(50.0, 50.0, 50.0))


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network(SMALL).eval()
