import pytest
import torch
from torch import nn

from napari_vessel.networks import NetworkConfig, build_network
from napari_vessel.networks._attention import AttentionGate, GatedBlock

WIDTHS = {"encoder": "tu-resnet10t", "encoder_depth": 3, "decoder_channels": (8, 8, 8)}


def gated(openness: float) -> nn.Module:
    """An attention U-Net with every gate held open or closed."""
    torch.manual_seed(0)
    network = build_network(NetworkConfig(architecture="attention_unet", **WIDTHS)).eval()
    for part in network.modules():
        if isinstance(part, AttentionGate):
            nn.init.zeros_(part.to_weight.weight)
            nn.init.constant_(part.to_weight.bias, openness)
    return network


def plain(network: nn.Module) -> nn.Module:
    """The plain U-Net with the same weights."""
    state = {
        name.replace(".block.", "."): value
        for name, value in network.state_dict().items()
        if ".gate." not in name
    }
    unet = build_network(NetworkConfig(**WIDTHS)).eval()
    unet.load_state_dict(state, strict=True)
    return unet


@torch.inference_mode()
def test_with_open_gates_it_is_the_plain_u_net() -> None:
    network, image = gated(100.0), torch.rand(1, 1, 32, 48)
    torch.testing.assert_close(network(image), plain(network)(image))


@torch.inference_mode()
def test_closed_gates_hide_every_skip() -> None:
    network, image = gated(-200.0), torch.rand(1, 1, 32, 48)
    unet = plain(network)
    features = unet.encoder(image)
    blind = [*(torch.zeros_like(f) for f in features[:-1]), features[-1]]
    expected = unet.segmentation_head(unet.decoder(blind))
    torch.testing.assert_close(network(image), expected)


def test_every_skip_has_a_gate_and_what_has_none_has_none() -> None:
    blocks = gated(0).decoder.blocks
    assert [isinstance(block, GatedBlock) for block in blocks] == [True, True, False]
    # convnext has nothing at half resolution.
    config = NetworkConfig(architecture="attention_unet", encoder="tu-convnext_atto")
    blocks = build_network(config).decoder.blocks
    assert [isinstance(block, GatedBlock) for block in blocks] == [True, True, False, False]


def test_a_gate_weighs_each_pixel_by_skip_and_coarser_features() -> None:
    torch.manual_seed(0)
    gate, skip, coarse = AttentionGate(6, 4), torch.randn(2, 6, 8, 12), torch.randn(2, 4, 4, 6)
    weight = gate(skip, coarse) / skip
    assert (weight > 0).all()
    assert (weight < 1).all()
    torch.testing.assert_close(weight, weight[:, :1].expand_as(weight))  # one for all channels
    assert weight.std() > 0.01
    assert not torch.equal(gate(skip, coarse + 1), gate(skip, coarse))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_gate_takes_thin_skips(channels: int) -> None:
    found = AttentionGate(channels, 5)(torch.rand(1, channels, 4, 4), torch.rand(1, 5, 2, 2))
    assert found.shape == (1, channels, 4, 4)
