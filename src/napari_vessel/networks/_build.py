"""The one door to segmentation-models-pytorch: from a config to a network."""

from __future__ import annotations

from typing import Any

import segmentation_models_pytorch as smp
import torch
from torch import nn

from napari_vessel.errors import CallerError
from napari_vessel.networks._attention import gate_skips
from napari_vessel.networks._config import NetworkConfig
from napari_vessel.networks._pretrained import download_explained

__all__ = ["REFUSALS", "build_network", "first_line"]


def _attention_unet(**arguments: Any) -> nn.Module:  # noqa: ANN401 - smp's own
    """Return smp's U-Net with attention gates on its skips."""
    network: nn.Module = smp.Unet(**arguments)
    *skips, coarsest = network.encoder.out_channels[1:]  # type: ignore[union-attr,index]  # smp has no types
    gating = [coarsest, *arguments["decoder_channels"]]
    gate_skips(network.decoder.blocks, skips[::-1], gating)  # type: ignore[union-attr,arg-type]  # smp has no types
    return network


_MAKERS = {
    "unet": smp.Unet,
    "unetplusplus": smp.UnetPlusPlus,
    "attention_unet": _attention_unet,
    "manet": smp.MAnet,
    "fpn": smp.FPN,
    "segformer": smp.Segformer,
    "linknet": smp.Linknet,
}

# What the libraries raise for a name, a depth or an image they do not have or take.
REFUSALS = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)


def build_network(config: NetworkConfig) -> nn.Module:
    """Make the network that ``config`` describes, its weights drawn at random.

    Nothing is downloaded unless ``config.pretrained``; then the encoder's weights are
    those of ImageNet, its first layer adapted to ``config.in_channels``.

    Parameters
    ----------
    config
        Architecture, encoder and widths.

    Returns
    -------
    nn.Module
        From (N, ``in_channels``, H, W) float to (N, 1, H, W) logits, for H and W
        that are multiples of ``config.multiple_of``.

    Raises
    ------
    CallerError
        Where the encoder is unknown or does not go with the other fields.
    CheckpointError
        Where pretrained weights were asked for and cannot be had.
    """
    try:
        network: nn.Module = _MAKERS[config.architecture](**_arguments(config))
        _try(network, config)
    except REFUSALS as error:
        raise CallerError(
            f"No network can be made of architecture={config.architecture!r}, "
            f"encoder={config.encoder!r}, encoder_depth={config.encoder_depth}: {first_line(error)}"
        ) from error
    if config.pretrained:
        _fetch_encoder(network, config)
    return network


def _try(network: nn.Module, config: NetworkConfig) -> None:
    """Run a small image through, as some combinations fail only then."""
    edge = 2 * config.multiple_of
    with torch.inference_mode():
        logits = network.eval()(torch.zeros(1, config.in_channels, edge, edge))
    network.train()
    if logits.shape != (1, 1, edge, edge):
        raise ValueError(f"gives logits of shape {tuple(logits.shape)} for {edge}² pixels")


def _fetch_encoder(network: nn.Module, config: NetworkConfig) -> None:
    """Give the network's encoder the weights of ImageNet."""
    # timm's encoders carry the weights' name in their own.
    weights = True if config.encoder.startswith("tu-") else "imagenet"
    with download_explained(config.encoder):
        trained = smp.encoders.get_encoder(
            config.encoder,
            in_channels=config.in_channels,
            depth=config.encoder_depth,
            weights=weights,
        )
        network.encoder.load_state_dict(trained.state_dict())  # type: ignore[union-attr]  # smp has no types


def _arguments(config: NetworkConfig) -> dict[str, Any]:
    """Return what smp calls the fields of ``config``."""
    arguments: dict[str, Any] = {
        "encoder_name": config.encoder,
        "encoder_depth": config.encoder_depth,
        "encoder_weights": None,  # fetched on their own, after all else has been found right
        "in_channels": config.in_channels,
        "classes": 1,
    }
    if config.decoder_channels:
        arguments["decoder_channels"] = config.decoder_channels
    if config.architecture == "fpn":  # its decoder ends two levels below a depth of 5
        arguments["upsampling"] = 2 ** (config.encoder_depth - 3)
    return arguments


def first_line(error: Exception) -> str:
    """Return an error's text, without the long lists some libraries add."""
    text = str(error.args[0] if error.args else error).split("\n")[0]
    return text if len(text) <= 120 else text[:117] + "…"
