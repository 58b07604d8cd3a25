import subprocess
import sys

import pytest
from pydantic import ValidationError

from napari_vessel.networks import NetworkConfig


@pytest.mark.parametrize("architecture", ["fpn", "segformer", "linknet"])
def test_a_width_that_would_be_ignored_is_refused(architecture: str) -> None:
    with pytest.raises(ValidationError, match="no effect"):
        NetworkConfig(architecture=architecture, decoder_channels=(8, 8, 8, 8))


@pytest.mark.parametrize("architecture", ["unet", "manet", "fpn", "segformer", "linknet"])
def test_a_config_survives_json(architecture: str) -> None:
    config = NetworkConfig(architecture=architecture)
    assert NetworkConfig.model_validate_json(config.model_dump_json()) == config


def test_every_stage_has_a_width() -> None:
    with pytest.raises(ValidationError, match="expected 5 widths"):
        NetworkConfig(encoder_depth=5)


def test_config_and_card_start_without_torch() -> None:
    code = (
        "import sys; from napari_vessel.networks import NetworkConfig, CheckpointCard, read_card; "
        "assert not {'torch', 'segmentation_models_pytorch', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
