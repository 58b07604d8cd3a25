from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_vessel.errors import CallerError
from napari_vessel.networks import NetworkConfig, build_network
from napari_vessel.training import FeatureCache, TailNetwork
from napari_vessel.training._tail import Features, tail_stages


def network(architecture: str = "unet", depth: int = 4) -> nn.Module:
    torch.manual_seed(0)
    channels = (16, 8, 8, 8)[:depth] if architecture in {"unet", "attention_unet", "manet"} else ()
    config = NetworkConfig(
        architecture=architecture,
        encoder="tu-resnet10t",
        encoder_depth=5 if architecture == "fpn" else depth,
        **({"decoder_channels": channels} if channels else {}),
    )
    return build_network(config).eval()


def images(count: int = 2, edge: int = 64) -> torch.Tensor:
    return torch.rand(count, 1, edge, edge, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("architecture", ["unet", "attention_unet", "manet", "linknet", "fpn"])
@pytest.mark.parametrize("count", [0, 2])
def test_before_it_learns_it_says_what_the_network_says(architecture: str, count: int) -> None:
    whole = network(architecture)
    light = TailNetwork.of(whole, count, "fp32", most=2**20)
    if architecture != "fpn":
        assert len(light.tail.stages) == count + 1
    with torch.no_grad():
        torch.testing.assert_close(light(images()), whole(images()))


def test_a_network_whose_stages_are_no_chain_has_its_head_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = network()
    blocks = list(whole.decoder.blocks)

    def crossed(features):
        x = features[-1]
        for number, block in enumerate(blocks):
            height, width = features[-2 - number].shape[2:]
            x = block(x, height, width, features[-2 - number] if number < 3 else None) * 2
        return x

    monkeypatch.setattr(whole.decoder, "forward", crossed)
    light = TailNetwork.of(whole, 2, "fp32", most=2**20)
    assert len(light.tail.stages) == 1
    with torch.no_grad():
        torch.testing.assert_close(light(images()), whole(images()))


def test_a_network_without_a_head_is_refused() -> None:
    with pytest.raises(CallerError, match="no head of its own"):
        tail_stages(nn.Conv2d(1, 1, 3), 1)


def test_an_image_goes_through_the_stages_before_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = network()
    light = TailNetwork(whole, 2, "fp32")
    runs = []
    real = whole.encoder.forward
    monkeypatch.setattr(whole.encoder, "forward", lambda x: runs.append(1) or real(x))
    with torch.inference_mode():
        first = light(images(1))
    light(images(1)).sum().backward()  # and what was kept can be learned from
    assert len(runs) == 1
    assert torch.equal(first, light.sibling()(images(1)))
    light(images(1) * 0.5)
    assert len(runs) == 2


def test_what_is_kept_is_bounded() -> None:
    light = TailNetwork(network(), 2, "fp32")
    one = light.features(images(1)[0]).nbytes
    light.cache = FeatureCache(3 * one)
    for number in range(6):
        light.features(torch.full((1, 64, 64), number / 6))
    assert len(light.cache) == 3
    assert light.cache.nbytes == 3 * one


def test_a_window_of_features_says_what_the_whole_says_inside_of_it() -> None:
    light = TailNetwork(network(), 2, "fp32")
    kept = light.features(images(1, 128)[0])
    with torch.no_grad():
        whole, part = light.tail(kept), light.tail(kept.crop((32, 96), (64, 128)))
    torch.testing.assert_close(part[..., 8:-8, 8:], whole[..., 40:88, 72:])


def test_stacked_features_are_those_of_the_stacked_images() -> None:
    light = TailNetwork(network(), 2, "fp32")
    both = Features.stack([light.features(image) for image in images()])
    with torch.no_grad():
        torch.testing.assert_close(light.tail(both), light(images()))


def test_learning_changes_the_tail_alone() -> None:
    whole = network()
    before = {name: value.clone() for name, value in whole.state_dict().items()}
    light = TailNetwork(whole, 2, "fp32")
    other = light.sibling()
    light(images()).sum().backward()
    with torch.no_grad():
        for weight in light.tail.parameters():
            weight.sub_(0.1 * weight.grad)
    assert all(torch.equal(value, before[name]) for name, value in whole.state_dict().items())
    with torch.no_grad():
        torch.testing.assert_close(other(images()), whole(images()))
        assert not torch.allclose(light(images()), whole(images()))
