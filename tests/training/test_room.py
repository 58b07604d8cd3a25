"""Memory that runs out in training: the batch goes in parts, what is learned stays the same."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_vessel.errors import DeviceMemoryError
from napari_vessel.training import (
    Batch,
    LossConfig,
    SegmentationTask,
    TrainingConfig,
    reviewed_loss,
)
from napari_vessel.training._room import Room

CPU = torch.device("cpu")


class Small(nn.Module):
    """A network with dropout that has room for so many images at a time."""

    def __init__(self, room: int = 100, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.Dropout(dropout), nn.Conv2d(4, 1, 3, padding=1)
        )
        self.room, self.tried = room, []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.tried.append(len(images))
        if len(images) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.layers(images)


def batch(count: int = 6) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(1)
    image = torch.rand(count, 1, 16, 16, generator=random)
    target = (torch.rand(count, 1, 16, 16, generator=random) > 0.9).float()
    return image, target, (torch.rand(count, 1, 16, 16, generator=random) > 0.5).float()


def step(network: Small, room: Room, loss: LossConfig) -> torch.Tensor:
    image, target, reviewed = batch()
    network.zero_grad(set_to_none=True)
    found = reviewed_loss(room.logits(network, image).float(), target, reviewed, loss)
    found.backward()
    return found.detach()


def gradient(network: Small) -> torch.Tensor:
    return torch.cat([weight.grad.flatten() for weight in network.parameters()])


@pytest.mark.parametrize(
    "loss",
    [
        LossConfig(),
        LossConfig(bce=0, dice=0, tversky=1, tversky_exponent=0.75),
        LossConfig(bce=0.5, dice=0, boundary=0.3, surface_dice=0.5),
    ],
)
def test_a_batch_in_parts_has_the_gradient_of_the_whole(loss: LossConfig) -> None:
    whole, parted, room = Small(), Small(), Room()
    room.most = 2
    assert torch.allclose(step(whole, Room(), loss), step(parted, room, loss), atol=1e-6)
    torch.testing.assert_close(gradient(whole), gradient(parted), rtol=1e-4, atol=1e-6)
    assert max(parted.tried) == 2


def attempted(network: Small, room: Room) -> torch.Tensor:
    return room.attempt(lambda: step(network, room, LossConfig()), count=6, patch=16, device=CPU)


def test_memory_that_runs_out_halves_the_parts_and_no_more_is_tried_again() -> None:
    network, room = Small(room=2), Room()
    attempted(network, room)
    assert room.most == 1 or room.most <= 2
    first = len(network.tried)
    torch.testing.assert_close(gradient(network), gradient_of_whole(), rtol=1e-4, atol=1e-6)
    attempted(network, room)
    assert max(network.tried[first:]) <= 2


def gradient_of_whole() -> torch.Tensor:
    whole = Small()
    step(whole, Room(), LossConfig())
    return gradient(whole)


def test_every_attempt_begins_with_the_same_random_numbers() -> None:
    drawn = []
    room = Room()

    def work() -> None:
        drawn.append(torch.rand(1).item())
        if len(drawn) < 3:
            raise torch.OutOfMemoryError("out of memory")

    room.attempt(work, count=8, patch=64, device=CPU)
    assert len(set(drawn)) == 1
    assert room.most == 2


def test_dropout_is_the_same_forward_and_backward_of_a_part() -> None:
    network, room = Small(dropout=0.5), Room()
    room.most = 2
    torch.manual_seed(3)
    step(network, room, LossConfig())
    first = gradient(network)
    torch.manual_seed(3)
    step(network, room, LossConfig())
    assert torch.equal(first, gradient(network))
    assert first.abs().sum() > 0


def test_where_not_even_one_patch_fits_it_says_what_would_do() -> None:
    with pytest.raises(DeviceMemoryError, match="smaller patches of 64²") as caught:
        Room().attempt(lambda: step(Small(room=0), Room(), LossConfig()), **SIX)
    assert [offer.options for offer in caught.value.offers] == [{"patch": 64}]


def test_on_a_gpu_the_cpu_is_offered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_vessel.training import _room

    error = _room._no_room(torch.device("cuda"), 32)
    assert [offer.options for offer in error.offers] == [{"device": "cpu"}]


def test_what_is_no_lack_of_memory_is_not_tried_again() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        Room().attempt(work, **SIX)
    assert tries == [1]


SIX = {"count": 6, "patch": 128, "device": CPU}


class Roomless(Small):
    """One with an encoder, as networks have."""


def trained(room: int) -> tuple[torch.Tensor, list[int]]:
    """Train three steps with a task whose device has room for so many patches."""
    network = Roomless(room=room)
    config = TrainingConfig(augmentation=True, precision="fp32", averaging=0, replay_share=0)
    task = SegmentationTask(network, lambda _: 0.0, config)
    arrays = [part.numpy() for part in batch()]
    losses = [task.step(Batch(*arrays)) for _ in range(3)]
    assert all(loss > 0 for loss in losses)
    return torch.cat([w.detach().flatten() for w in network.parameters()]), network.tried


def test_a_task_that_runs_out_of_memory_learns_the_same() -> None:
    whole, _ = trained(100)
    parted, tried = trained(2)
    torch.testing.assert_close(parted, whole, rtol=1e-3, atol=1e-5)
    assert tried[0] == 6
    assert max(tried[4:]) <= 3
