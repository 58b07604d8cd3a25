import pytest
import torch
from torch import nn

from napari_vessel.errors import CallerError, DeviceMemoryError
from napari_vessel.networks import (
    autocast,
    choose_device,
    choose_precision,
    memory_explained,
    prepare,
)

CPU = torch.device("cpu")


def test_auto_takes_the_cpu_where_there_is_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == CPU


def test_auto_prefers_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device().type == "cuda"
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(CallerError):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "mps", "tpu", "cuda:x", ""])
def test_an_absent_device_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(CallerError, match="cpu"):
        choose_device(name)


def test_auto_precision_on_the_cpu_is_one_that_was_tried() -> None:
    assert choose_precision(CPU) in {"fp32", "bf16"}


def test_a_trial_leaves_the_network_as_it_was(network: nn.Module) -> None:
    network.train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    choose_precision(CPU, module=network)
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_trial_is_made_once(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    first = choose_precision(CPU, module=network)
    monkeypatch.setattr("napari_vessel.networks._device._try_both", None)
    assert choose_precision(CPU, module=network) == first


@pytest.mark.parametrize("wish", ["fp8", "", "fp16"])
def test_a_precision_that_cannot_be_is_refused(wish: str) -> None:
    with pytest.raises(CallerError):
        choose_precision(CPU, wish)


def test_autocast_computes_in_the_precision_asked_for() -> None:
    layer, image = nn.Conv2d(1, 2, 3), torch.zeros(1, 1, 8, 8)
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(CPU, precision):
            assert layer(image).dtype == dtype


def test_prepared_means_eval_and_channels_last() -> None:
    layer = prepare(nn.Sequential(nn.Conv2d(4, 4, 3)), CPU)
    assert not layer.training
    assert layer[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_running_out_of_memory_becomes_advice() -> None:
    with (
        pytest.raises(DeviceMemoryError, match="8 tiles of 512"),
        memory_explained(tile=512, batch=8),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(DeviceMemoryError), memory_explained(tile=512, batch=8):
        torch.empty(1 << 60, dtype=torch.uint8)  # the CPU's own words


def test_any_other_error_is_left_alone() -> None:
    with pytest.raises(RuntimeError, match="shape"), memory_explained(tile=512, batch=8):
        raise RuntimeError("shape mismatch")
