import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from napari_vessel.errors import CallerError, CheckpointError, DeviceMemoryError
from napari_vessel.inference import Forward, InferenceConfig, predict_slices

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
