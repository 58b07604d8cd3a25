import pytest
import segmentation_models_pytorch as smp
import torch

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks import NetworkConfig, build_network

ARCHITECTURES = ["unet", "unetplusplus", "manet", "fpn", "segformer", "linknet"]


@pytest.mark.parametrize("depth", [3, 4, 5])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_have_the_image_s_height_and_width(architecture: str, depth: int) -> None:
    widths = {"decoder_channels": (8,) * depth} if architecture in ARCHITECTURES[:3] else {}
    config = NetworkConfig(architecture=architecture, encoder_depth=depth, **widths)
    with torch.inference_mode():
        logits = build_network(config).eval()(torch.zeros(2, 1, 32, 64))
    assert logits.shape == (2, 1, 32, 64)


def test_the_default_network_stays_small_enough_to_bundle() -> None:
    parameters = sum(p.numel() for p in build_network(NetworkConfig()).parameters())
    assert parameters * 2 < 5_000_000  # bytes in half precision


def test_channels_are_those_of_the_config() -> None:
    config = NetworkConfig(in_channels=3, encoder_depth=3, decoder_channels=(8, 8, 8))
    network = build_network(config).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 1, 32, 32)


@pytest.mark.parametrize("encoder", ["nonsense", "tu-nonsense"])
def test_an_unknown_encoder_is_named(encoder: str) -> None:
    with pytest.raises(CallerError, match="nonsense"):
        build_network(NetworkConfig(encoder=encoder))


def test_nothing_is_downloaded_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        "napari_vessel.networks._build._MAKERS", {"unet": lambda **a: asked.append(a)}
    )
    build_network(NetworkConfig())
    build_network(NetworkConfig(pretrained=True))
    build_network(NetworkConfig(pretrained=True, encoder="resnet18"))
    assert [a["encoder_weights"] for a in asked] == [None, True, "imagenet"]


def test_a_download_that_fails_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("napari_vessel.networks._build._MAKERS", {"unet": fail})
    with pytest.raises(CheckpointError, match=r"could not be downloaded .*no route to host"):
        build_network(NetworkConfig(pretrained=True))


def test_every_architecture_is_smp_s() -> None:
    from napari_vessel.networks._build import _MAKERS

    assert set(_MAKERS) == set(ARCHITECTURES)
    assert all(maker.__module__.startswith(smp.__name__) for maker in _MAKERS.values())
