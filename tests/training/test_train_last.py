"""Training the last stages of the decoder alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from napari_vessel.networks import NetworkConfig, build_network
from napari_vessel.training import Batch, SegmentationTask, TrainingConfig

CONFIG = TrainingConfig(precision="fp32", averaging=0, augmentation=False, learning_rate=1e-2)


def changed(**how: object) -> set[str]:
    """Return which weights two steps changed."""
    torch.manual_seed(0)
    network = build_network(
        NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    )
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    rng = np.random.default_rng(0)
    image, target = rng.random((2, 2, 1, 32, 32), np.float32)
    batch = Batch(image, (target > 0.5).astype(np.float32), np.ones_like(image))
    task = SegmentationTask(network, lambda _: 0.0, CONFIG.model_copy(update=how))
    for _ in range(2):
        assert task.step(batch) > 0
    after = network.state_dict()
    return {name for name, weight in before.items() if not torch.equal(weight, after[name])}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_only_the_last_stages_and_the_head_learn(count: int) -> None:
    found = changed(train_last=count)
    last = tuple(f"decoder.blocks.{2 - n}." for n in range(count))
    assert all(name.startswith(("segmentation_head.", *last)) for name in found)
    assert {name.split(".")[0] for name in found} == {"segmentation_head"} | (
        {"decoder"} if count else set()
    )


def test_by_default_all_of_it_learns() -> None:
    assert {name.split(".")[0] for name in changed()} == {
        "encoder",
        "decoder",
        "segmentation_head",
    }


@pytest.mark.parametrize("other", [{"keep_encoder": True}, {"keep_statistics": False}])
def test_an_option_that_would_be_ignored_is_refused(other: dict[str, bool]) -> None:
    with pytest.raises(ValidationError, match="train_last keeps"):
        TrainingConfig(train_last=1, **other)
