"""The one door to segmentation-models-pytorch: from a config to a network."""

from __future__ import annotations

from typing import Any

import segmentation_models_pytorch as smp
from torch import nn

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks._config import NetworkConfig

__all__ = ["build_network"]

_MAKERS = {
    "unet": smp.Unet,
    "unetplusplus": smp.UnetPlusPlus,
    "manet": smp.MAnet,
    "fpn": smp.FPN,
    "segformer": smp.Segformer,
    "linknet": smp.Linknet,
}


def build_network(config: NetworkConfig) -> nn.Module:
    """Make the network that ``config`` describes, its weights drawn at random.

    Nothing is downloaded unless ``config.pretrained``.

    Parameters
    ----------
    config
        Architecture, encoder and widths.

    Returns
    -------
    nn.Module
        From (N, ``in_channels``, H, W) float to (N, 1, H, W) logits, for H and W
        that are multiples of 32.

    Raises
    ------
    CallerError
        Where the encoder is unknown or does not go with the other fields.
    CheckpointError
        Where pretrained weights were asked for and cannot be had.
    """
    try:
        network: nn.Module = _MAKERS[config.architecture](**_arguments(config))
    except OSError as error:
        raise CheckpointError(
            f"The pretrained weights of {config.encoder} could not be downloaded ({error}). "
            "Check the connection, or set pretrained = false."
        ) from error
    # What the libraries raise for a name or a depth they do not have.
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CallerError(
            f"No network can be made of architecture={config.architecture!r}, "
            f"encoder={config.encoder!r}, encoder_depth={config.encoder_depth}: {_first(error)}"
        ) from error
    return network


def _arguments(config: NetworkConfig) -> dict[str, Any]:
    """Return what smp calls the fields of ``config``."""
    arguments: dict[str, Any] = {
        "encoder_name": config.encoder,
        "encoder_depth": config.encoder_depth,
        "encoder_weights": _weights(config),
        "in_channels": config.in_channels,
        "classes": 1,
    }
    if config.decoder_channels:
        arguments["decoder_channels"] = config.decoder_channels
    if config.architecture == "fpn":  # its decoder ends two levels below a depth of 5
        arguments["upsampling"] = 2 ** (config.encoder_depth - 3)
    return arguments


def _weights(config: NetworkConfig) -> str | bool | None:
    """Name the encoder's weights; timm's encoders carry the name in their own."""
    if not config.pretrained:
        return None
    return True if config.encoder.startswith("tu-") else "imagenet"


def _first(error: Exception) -> str:
    """Return an error's text, without the long lists some libraries add."""
    text = str(error.args[0] if error.args else error).split("\n")[0]
    return text if len(text) <= 120 else text[:117] + "…"
