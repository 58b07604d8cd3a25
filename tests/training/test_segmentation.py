from collections.abc import Callable
from copy import deepcopy
from math import isnan

import numpy as np
import pytest
import torch
from torch import nn
from training_toys import FakeOverlay, Tiny

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.training import (
    Batch,
    EpochEnd,
    PatchSampler,
    ReviewedIndex,
    SegmentationTask,
    StepEnd,
    TrainingConfig,
    fit,
    mean_score,
    score_blocks,
    split_blocks,
)
from napari_vessel.training._dropping import dropping

Read = Callable[[Box], np.ndarray]


def trained(overlay: FakeOverlay, read: Read, config: TrainingConfig) -> tuple[list, nn.Module]:
    torch.manual_seed(0)
    network = Tiny()
    split = split_blocks(overlay, config)
    sampler = PatchSampler(ReviewedIndex(overlay, split), overlay, read, config)
    judged = split.validation or split.train

    def score(network: nn.Module) -> float:
        return mean_score(score_blocks(network, read, overlay, judged))

    task = SegmentationTask(network, score, config)
    return list(fit(task, sampler, config)), network


def test_a_toy_network_learns_its_corrections(
    overlay: FakeOverlay, read: Read, config: TrainingConfig, truth: np.ndarray
) -> None:
    events, network = trained(overlay, read, config)
    losses = [event.loss for event in events if isinstance(event, StepEnd)]
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:3])
    assert events[-1].score > max(events[-1].start, 0.7)
    assert not network.training


def test_the_same_seed_trains_the_same_network(
    overlay: FakeOverlay, read: Read, config: TrainingConfig
) -> None:
    config = config.model_copy(update={"epochs": 1})
    (first, one), (second, two) = (trained(overlay, read, config) for _ in range(2))
    assert first == second
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_background_alone_trains_without_nan(read: Read, config: TrainingConfig) -> None:
    overlay = FakeOverlay()
    overlay.codes[6, :40, :40] = 1
    events, _ = trained(overlay, read, config)
    losses = [event.loss for event in events if isinstance(event, StepEnd)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    assert all(0 <= event.score <= 1 for event in events if isinstance(event, EpochEnd))


def test_one_voxel_alone_trains_without_nan(read: Read, config: TrainingConfig) -> None:
    overlay = FakeOverlay()
    overlay.codes[6, 30, 40] = 2
    events, _ = trained(overlay, read, config)
    assert np.isfinite([e.loss for e in events if isinstance(e, StepEnd)]).all()


def batch(value: float = 0.5) -> Batch:
    image = np.random.default_rng(0).random((2, 1, 32, 32)).astype(np.float32)
    ones = np.ones_like(image)
    return Batch(image, (image > value).astype(np.float32), ones)


def states(part: nn.Module) -> list[torch.Tensor]:
    return [value.clone() for value in part.state_dict().values()]


def same(before: list[torch.Tensor], part: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(before, states(part), strict=True))


def test_a_kept_encoder_does_not_change(network: Tiny, config: TrainingConfig) -> None:
    config = TrainingConfig(keep_encoder=True, precision="fp32")
    encoder, head = states(network.encoder), states(network.head)
    SegmentationTask(network, lambda _: 0.0, config).step(batch())
    assert same(encoder, network.encoder)
    assert not same(head, network.head)


@pytest.mark.parametrize("keep", [True, False])
def test_statistics_stay_in_fine_tuning_and_move_from_scratch(network: Tiny, keep: bool) -> None:
    config = TrainingConfig(keep_statistics=keep, precision="fp32")
    SegmentationTask(network, lambda _: 0.0, config).step(batch())
    assert (network.encoder[1].running_mean.abs().sum() == 0) == keep


def test_an_encoder_that_is_not_there_cannot_be_kept() -> None:
    with pytest.raises(CallerError, match="no encoder"):
        SegmentationTask(nn.Conv2d(1, 1, 1), lambda _: 0.0, TrainingConfig(keep_encoder=True))


def test_a_step_that_is_not_finite_changes_nothing(network: Tiny, config: TrainingConfig) -> None:
    task = SegmentationTask(
        network, lambda _: 0.0, config.model_copy(update={"keep_statistics": True})
    )
    before = states(network)
    broken = batch()
    broken.image[:] = np.nan
    assert isnan(task.step(broken))
    assert same(before, network)


def test_restoring_undoes_steps_and_a_snapshot_does_not_follow(
    network: Tiny, config: TrainingConfig
) -> None:
    # Augmentation draws from torch's generator, whose state is its owner's to keep.
    config = config.model_copy(update={"augmentation": False})
    task = SegmentationTask(network, lambda _: 0.0, config)
    task.step(batch())
    snapshot, before = task.state(), states(network)
    first = task.step(batch())
    assert not same(before, network)
    for _ in range(2):  # a snapshot can be gone back to more than once
        task.restore(snapshot)
        assert same(before, network)
        assert task.step(batch()) == first


def test_what_is_scored_and_kept_is_the_mean_of_the_weights(network: Tiny) -> None:
    seen: list[torch.Tensor] = []

    def score(scored: nn.Module) -> float:
        seen.append(next(scored.parameters()).detach().clone())
        return 0.0

    task = SegmentationTask(network, score, TrainingConfig(precision="fp32", averaging=0.9))
    for _ in range(3):
        task.step(batch())
    own = next(network.parameters()).detach().clone()
    task.validate()
    assert not torch.equal(seen[0], own)
    state = task.state()
    task.step(batch())
    task.restore(state)
    torch.testing.assert_close(next(network.parameters()).detach(), seen[0])


@pytest.mark.parametrize("corrections", [False, True])
def test_a_share_of_the_network_in_use_stays_where_corrections_are_learned_alone(
    network: Tiny, corrections: bool
) -> None:
    config = TrainingConfig(precision="fp32", averaging=0, start_share=0.3)

    def weights() -> list[torch.Tensor]:
        return [value.detach().clone() for value in network.parameters()]

    start = weights()
    task = SegmentationTask(
        network, lambda _: 0.0, config, deepcopy(network).eval() if corrections else None
    )
    task.step(batch())
    own = weights()
    task.show()
    drawn = [a.lerp(b, 0.3) if corrections else a for a, b in zip(own, start, strict=True)]
    for found, expected in zip(weights(), drawn, strict=True):
        torch.testing.assert_close(found, expected)


def test_bf16_learns_too(network: Tiny) -> None:
    config = TrainingConfig(precision="bf16", learning_rate=0.02, keep_statistics=False)
    task = SegmentationTask(network, lambda _: 0.0, config)
    losses = [task.step(batch()) for _ in range(12)]
    assert losses[-1] < losses[0]
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_dropout_drops_while_learning_and_leaves_the_network_as_it_was() -> None:
    network = Tiny()
    network.segmentation_head = nn.Identity()
    seen = []
    network.segmentation_head.register_forward_hook(lambda _m, given, _out: seen.append(given[0]))
    with dropping(network, 0.5):
        network.segmentation_head(torch.ones(8, 16, 4, 4))
    network.segmentation_head(torch.ones(8, 16, 4, 4))
    dropped, whole = seen
    shares = (dropped == 0).float().mean(dim=(2, 3))
    assert set(shares.unique().tolist()) == {0.0, 1.0}  # whole channels
    assert 0.2 < shares.mean() < 0.8
    assert (whole == 1).all()


def test_dropout_is_refused_where_there_is_no_head() -> None:
    with pytest.raises(CallerError, match="leave dropout out"):
        SegmentationTask(Tiny(), lambda _: 0.0, TrainingConfig(dropout=0.5))


def test_momentum_is_the_optimisers() -> None:
    task = SegmentationTask(Tiny(), lambda _: 0.0, TrainingConfig(momentum=0.7))
    assert task.state()["optimiser"]["param_groups"][0]["betas"] == (0.7, 0.999)
