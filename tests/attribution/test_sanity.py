"""Attributions speak of the network: near what it found, and of nothing once it is random."""

import numpy as np
import pytest
import torch

from napari_vessel.attribution import (
    AttributionConfig,
    PlaceTarget,
    alike,
    attribute,
    randomised,
    share_within,
)
from napari_vessel.networks import starter

CONFIGS = (
    AttributionConfig(steps=8),
    AttributionConfig(method="occlusion", patch=16, stride=16),
    AttributionConfig(method="hires_cam"),
)


@pytest.fixture(scope="module")
def network():
    return starter().load()


@pytest.fixture(scope="module")
def phantom():
    """A dark lumen with a bright wall in grey tissue, 64²; the lumen, and what is within 10 px."""
    rows, columns = np.mgrid[:64, :64]
    apart = np.hypot(rows - 30, columns - 34)
    image = np.where(apart < 5, 0.25, np.where(apart < 7, 0.7, 0.6))
    image += np.random.default_rng(0).normal(0, 0.03, image.shape)
    return np.clip(image, 0, 1).astype(np.float32)[None], apart < 5, apart < 15


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.method)
def test_what_speaks_for_a_vessel_lies_near_it_and_vanishes_in_a_random_network(
    network, phantom, config
):
    image, lumen, near = phantom
    assert near.mean() < 0.2
    found = attribute(network, image, PlaceTarget(lumen), config)
    assert found.output > 0  # it is proposed
    assert share_within(found.values, near) > 0.6
    for how in ("drawn", "shuffled"):
        random = attribute(randomised(network, how=how), image, PlaceTarget(lumen), config)
        left = np.abs(random.values[:, near].sum()) / np.abs(found.values[:, near].sum())
        assert left < 0.1, how


def test_a_random_copy_is_another_network_and_the_first_stays(network):
    before = [weight.clone() for weight in network.parameters()]
    for how in ("drawn", "shuffled"):
        one, same, other = (randomised(network, seed=seed, how=how) for seed in (1, 1, 2))
        pairs = zip(one.parameters(), same.parameters(), other.parameters(), strict=True)
        parts = [(a, b, c) for a, b, c in pairs if a.ndim == 4]
        assert all(torch.equal(a, b) and not torch.equal(a, c) for a, b, c in parts)
    for weight, kept in zip(network.parameters(), before, strict=True):
        assert torch.equal(weight, kept)


def test_shuffled_weights_are_the_same_weights(network):
    for weight, shuffled in zip(
        network.parameters(), randomised(network, how="shuffled").parameters(), strict=True
    ):
        assert torch.equal(weight.flatten().sort().values, shuffled.flatten().sort().values)


def test_likeness_is_of_sizes_and_0_of_a_constant():
    ramp = np.arange(12, dtype=np.float32)
    assert alike(ramp, -3 * ramp) == 1
    assert alike(ramp, np.zeros(12, np.float32)) == 0
    assert np.isnan(share_within(np.zeros(3, np.float32), np.ones(3, bool)))
