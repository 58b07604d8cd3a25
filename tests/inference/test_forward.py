import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from napari_vessel.errors import CallerError, CheckpointError, DeviceMemoryError
from napari_vessel.inference import Forward, InferenceConfig, predict_slices
from napari_vessel.networks import no_room

Config = Callable[..., InferenceConfig]
SLICES = np.random.default_rng(1).random((11, 40, 50), np.float32)


class SmallDevice(nn.Module):
    """A stand-in for a device with room for ``room`` tiles."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.batches = room, list[int]()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        self.batches.append(len(images))
        return 6 * (images - 0.5)


@pytest.mark.parametrize("room", [1, 2, 3, 7])
def test_out_of_memory_halves_the_batch_and_gives_the_same(room: int, config: Config) -> None:
    settings = config(views="none")
    small = SmallDevice(room)
    expected = predict_slices(SmallDevice(99), SLICES, settings)
    np.testing.assert_array_equal(predict_slices(small, SLICES, settings), expected)
    assert sum(small.batches) == len(SLICES)
    assert max(small.batches) <= room


def test_no_room_for_one_tile_is_said_with_advice(config: Config) -> None:
    with pytest.raises(DeviceMemoryError, match=r"64 × 64.*smaller tile"):
        predict_slices(SmallDevice(0), SLICES, config(views="none"))


@pytest.mark.parametrize(("edge", "offered"), [(50, [{"tile": 32}]), (20, [])])
def test_no_room_comes_with_offers_that_a_program_can_read(
    config: Config, edge: int, offered: list[dict[str, int]]
) -> None:
    with pytest.raises(DeviceMemoryError) as raised:
        predict_slices(SmallDevice(0), SLICES[:, :edge, :edge], config(views="none"))
    arrived = pickle.loads(pickle.dumps(raised.value))  # as through the runner's pipe
    assert [offer.options for offer in arrived.offers] == offered
    assert str(arrived) == str(raised.value)
    assert all(offer.options_text in str(arrived) for offer in arrived.offers)


def test_a_gpu_without_room_offers_the_cpu() -> None:
    offers = no_room("cuda:0", (512, 512)).offers
    assert [offer.options for offer in offers] == [{"tile": 256}, {"device": "cpu"}]


def test_a_network_found_too_large_is_not_tried_so_large_again(config: Config) -> None:
    small = SmallDevice(3)
    for _ in range(2):
        predict_slices(small, SLICES, config(views="none"))
    assert Forward(small, config(views="none")).pixels <= 3 * 64 * 64


def test_once_halved_the_batch_stays_small(config: Config) -> None:
    small = SmallDevice(3)
    forward = Forward(small, config(views="none"))
    for _ in range(2):
        list(forward.batches(11, (64, 64), lambda numbers: np.zeros((len(numbers), 64, 64))))
    assert forward.pixels <= 3 * 64 * 64


def test_other_errors_of_the_network_are_not_taken_for_memory(config: Config) -> None:
    def broken(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("size mismatch")

    with pytest.raises(RuntimeError, match="size mismatch"):
        predict_slices(broken, SLICES, config())


def test_nan_from_the_network_is_an_error_that_says_so(config: Config) -> None:
    def damaged(images: torch.Tensor) -> torch.Tensor:
        return torch.where(images > 0.99, torch.nan, images)

    with pytest.raises(CheckpointError, match=r"NaN for .* fp32"):
        predict_slices(damaged, SLICES, config())


def test_nan_in_the_voxels_is_not_blamed_on_the_checkpoint(config: Config) -> None:
    spoilt = SLICES.copy()
    spoilt[0, 0, 0] = np.nan
    with pytest.raises(CallerError, match="intensity window"):
        predict_slices(lambda images: images, spoilt, config())


def test_logits_of_another_shape_are_refused(config: Config) -> None:
    with pytest.raises(CheckpointError, match="one channel"):
        predict_slices(lambda images: images.repeat(1, 2, 1, 1), SLICES, config())


def test_a_network_on_another_device_than_named_is_refused(pooling: nn.Module) -> None:
    elsewhere = nn.Conv2d(1, 1, 1, device="meta")
    with pytest.raises(CallerError, match="The network is on meta, not on cpu"):
        Forward(elsewhere, InferenceConfig(device="cpu", precision="fp32"))
    assert Forward(pooling, InferenceConfig(precision="fp32")).device == torch.device("cpu")


def test_predicting_in_bf16_is_close_to_fp32(pooling: nn.Module, config: Config) -> None:
    fine, coarse = (predict_slices(pooling, SLICES, config(precision=p)) for p in ("fp32", "bf16"))
    assert 0 < np.abs(fine - coarse).max() < 0.02


def test_gradients_are_on_again_between_batches(config: Config) -> None:
    forward = Forward(lambda images: images, config())
    for _ in forward.batches(2, (32, 32), lambda numbers: np.zeros((len(numbers), 32, 32))):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


@pytest.mark.gpu
def test_a_gpu_predicts_what_the_cpu_does(pooling: nn.Module, config: Config) -> None:
    expected = predict_slices(pooling, SLICES, config())
    on_gpu = copy.deepcopy(pooling).to("cuda")
    for precision, tolerance in (("fp32", 1e-3), ("auto", 0.02)):
        settings = InferenceConfig(device="cuda", precision=precision)  # type: ignore[arg-type]
        found = predict_slices(on_gpu, SLICES, settings)
        np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.gpu
def test_a_gpu_gives_batches_in_order_though_it_works_ahead(config: Config) -> None:
    def pointwise(images: torch.Tensor) -> torch.Tensor:
        return 6 * (images - 0.5)

    forward = Forward(pointwise, InferenceConfig(device="cuda", precision="fp32", views="flips"))
    forward.pixels = 2 * 64 * 64
    tiles = np.random.default_rng(0).random((11, 64, 64), np.float32)
    found = list(forward.batches(11, (64, 64), lambda numbers: tiles[numbers.start : numbers.stop]))
    assert [number for numbers, _ in found for number in numbers] == list(range(11))
    expected = torch.from_numpy(6 * (tiles - 0.5)).sigmoid().numpy()
    np.testing.assert_allclose(np.concatenate([p for _, p in found]), expected, atol=1e-5)
