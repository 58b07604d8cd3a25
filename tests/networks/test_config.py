import subprocess
import sys

import pytest
from pydantic import ValidationError

from napari_vessel.networks import NetworkConfig


@pytest.mark.parametrize("architecture", ["fpn", "segformer", "linknet"])
def test_a_width_that_would_be_ignored_is_refused(architecture: str) -> None:
    with pytest.raises(ValidationError, match="no effect"):
        NetworkConfig(architecture=architecture, decoder_channels=(8, 8, 8, 8))


@pytest.mark.parametrize("architecture", ["unetplusplus", "linknet"])
def test_a_decoder_that_cannot_take_mit_is_refused(architecture: str) -> None:
    with pytest.raises(ValidationError, match=f"{architecture} cannot take encoder=mit_b2"):
        NetworkConfig(architecture=architecture, encoder="mit_b2")


@pytest.mark.parametrize("encoder", ["mit_b2", "tu-convnext_tiny"])
def test_fpn_takes_the_whole_of_an_encoder_that_begins_at_a_quarter(encoder: str) -> None:
    with pytest.raises(ValidationError, match="encoder_depth=5 only, not 4"):
        NetworkConfig(architecture="fpn", encoder=encoder)
    NetworkConfig(architecture="fpn", encoder=encoder, encoder_depth=5)


def test_an_encoder_whose_weights_are_gone_is_refused() -> None:
    with pytest.raises(ValidationError, match="use tu-regnetx_002"):
        NetworkConfig(encoder="timm-regnetx_002", pretrained=True)


@pytest.mark.parametrize(
    "architecture", ["unet", "attention_unet", "manet", "fpn", "segformer", "linknet"]
)
def test_a_config_survives_json(architecture: str) -> None:
    config = NetworkConfig(architecture=architecture)
    assert NetworkConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(("encoder", "multiple"), [("tu-resnet10t", 8), ("mit_b0", 32)])
def test_image_edges_are_multiples_that_the_encoder_can_take(encoder: str, multiple: int) -> None:
    config = NetworkConfig(encoder=encoder, encoder_depth=3, decoder_channels=(8, 8, 8))
    assert config.multiple_of == multiple


def test_every_stage_has_a_width() -> None:
    with pytest.raises(ValidationError, match="expected 5 widths"):
        NetworkConfig(encoder_depth=5)


def test_config_and_card_start_without_torch() -> None:
    code = (
        "import sys; from napari_vessel.networks import NetworkConfig, CheckpointCard, read_card; "
        "assert not {'torch', 'segmentation_models_pytorch', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
