import pytest
import segmentation_models_pytorch as smp
import torch

from napari_vessel.errors import CallerError
from napari_vessel.networks import NetworkConfig, build_network

WIDE = ["unet", "unetplusplus", "attention_unet", "manet"]
ARCHITECTURES = [*WIDE, "fpn", "segformer", "linknet"]
QUICK = [
    ("unet", "resnet50", 4),
    ("attention_unet", "resnext50_32x4d", 4),
    ("attention_unet", "tu-convnext_tiny", 4),
    ("segformer", "mit_b2", 5),
]
OTHERS = [
    (architecture, encoder, 5)
    for architecture in ARCHITECTURES
    for encoder in ("resnet50", "resnext50_32x4d", "mit_b2", "tu-convnext_tiny")
    if not (encoder == "mit_b2" and architecture in {"unetplusplus", "linknet"})
]


def config_of(architecture: str, encoder: str, depth: int) -> NetworkConfig:
    widths = {"decoder_channels": (16,) * depth} if architecture in WIDE else {}
    return NetworkConfig(architecture=architecture, encoder=encoder, encoder_depth=depth, **widths)


@pytest.mark.parametrize("depth", [3, 4, 5])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_have_the_image_s_height_and_width(architecture: str, depth: int) -> None:
    config = config_of(architecture, "tu-resnet10t", depth)
    edges = 3 * config.multiple_of, config.multiple_of
    with torch.inference_mode():
        logits = build_network(config).eval()(torch.zeros(2, 1, *edges))
    assert logits.shape == (2, 1, *edges)


@pytest.mark.parametrize(
    ("architecture", "encoder", "depth"),
    [*QUICK, *(pytest.param(*combination, marks=pytest.mark.slow) for combination in OTHERS)],
)
def test_the_networks_of_the_field_learn(architecture: str, encoder: str, depth: int) -> None:
    torch.manual_seed(0)
    network = build_network(config_of(architecture, encoder, depth))
    logits = network(torch.rand(2, 1, 64, 64))
    assert logits.shape == (2, 1, 64, 64)
    logits.square().mean().backward()
    found = [part.grad for name, part in network.named_parameters() if "encoder" not in name]
    assert all(grad is not None and torch.isfinite(grad).all() for grad in found)
    (first, *_) = (part.grad for part in network.encoder.parameters())
    assert first is not None
    assert torch.isfinite(first).all()
    assert first.any()


def test_the_default_network_stays_small_enough_to_bundle() -> None:
    parameters = sum(p.numel() for p in build_network(NetworkConfig()).parameters())
    assert parameters * 2 < 5_000_000  # bytes in half precision


@pytest.mark.parametrize("encoder", ["tu-resnet10t", "mit_b0", "resnet18"])
def test_channels_are_those_of_the_config(encoder: str) -> None:
    config = NetworkConfig(
        encoder=encoder, in_channels=3, encoder_depth=3, decoder_channels=(8, 8, 8)
    )
    network = build_network(config).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 32, 32)


@pytest.mark.parametrize("encoder", ["nonsense", "tu-nonsense"])
def test_an_unknown_encoder_is_named(encoder: str) -> None:
    with pytest.raises(CallerError, match="nonsense"):
        build_network(NetworkConfig(encoder=encoder))


def test_a_network_that_could_not_run_is_refused_when_it_is_made() -> None:
    # A Swin transformer takes images of one size only.
    with pytest.raises(CallerError, match="tu-swin_tiny_patch4_window7_224"):
        build_network(NetworkConfig(encoder="tu-swin_tiny_patch4_window7_224"))


def test_trying_a_network_leaves_no_trace() -> None:
    network = build_network(NetworkConfig())
    assert all(part.training for part in network.modules())
    statistics = dict(network.named_buffers())
    assert not any(v.any() for name, v in statistics.items() if name.endswith("running_mean"))


def test_every_architecture_is_built_of_smp_s() -> None:
    from napari_vessel.networks._build import _MAKERS

    assert set(_MAKERS) == set(ARCHITECTURES)
    for architecture in ARCHITECTURES:
        network = build_network(config_of(architecture, "tu-resnet10t", 3))
        assert isinstance(network, smp.base.SegmentationModel)
        assert isinstance(network.encoder, torch.nn.Module)
