"""Laws of the running mean of weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_vessel.training._averaging import RunningMean


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def weights(network: nn.Module) -> torch.Tensor:
    return network[0].weight.detach().clone()


def moved(network: nn.Module, mean: RunningMean, by: float) -> None:
    with torch.no_grad():
        network[0].weight += by
    mean.update()


def test_without_keeping_the_mean_is_the_weights(network: nn.Module) -> None:
    mean = RunningMean(network, 0.0)
    moved(network, mean, 1.0)
    own = weights(network)
    mean.show()
    torch.testing.assert_close(weights(network), own)


def test_the_mean_lags_behind_the_weights_and_hiding_brings_those_back(network: nn.Module) -> None:
    mean, start = RunningMean(network, 0.9), weights(network)
    for _ in range(5):
        moved(network, mean, 1.0)
    own = weights(network)
    mean.show()
    shown = weights(network)
    assert ((start < shown) & (shown < own)).all()
    mean.show()  # again changes nothing
    mean.hide()
    torch.testing.assert_close(weights(network), own)


@pytest.mark.parametrize("shown", [False, True])
def test_a_state_goes_on_as_if_nothing_had_been(network: nn.Module, shown: bool) -> None:
    mean = RunningMean(network, 0.9)
    moved(network, mean, 1.0)
    if shown:
        mean.show()
    state = mean.state()
    mean.hide()
    moved(network, mean, 2.0)
    mean.show()
    expected = weights(network)
    mean.restore(state)
    mean.hide()
    moved(network, mean, 2.0)
    mean.show()
    torch.testing.assert_close(weights(network), expected)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_start_stays_in_what_is_shown_and_none_in_what_learns(
    network: nn.Module, share: float
) -> None:
    start, mean = weights(network), RunningMean(network, 0.0, share)
    moved(network, mean, 1.0)
    mean.show()
    torch.testing.assert_close(weights(network), start + (1 - share))
    mean.hide()
    torch.testing.assert_close(weights(network), start + 1)


def test_a_state_brings_the_start_that_its_training_began_with(network: nn.Module) -> None:
    mean = RunningMean(network, 0.9, 0.3)
    moved(network, mean, 1.0)
    mean.show()
    state, expected = mean.state(), weights(network)
    again = RunningMean(network, 0.9, 0.3)  # begun with the network that came of it
    again.restore(state)
    torch.testing.assert_close(weights(network), expected)
