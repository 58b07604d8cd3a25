"""From a config to a classifier: the door to timm."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Self

import timm
import torch
from torch import Tensor, nn

from napari_vessel.errors import CallerError
from napari_vessel.networks._build import REFUSALS, first_line
from napari_vessel.networks._classifier_config import ClassifierConfig
from napari_vessel.networks._lenet import lenet
from napari_vessel.networks._pretrained import download_explained

__all__ = ["Classifier", "build_classifier", "layers", "standardise", "trainable_parameters"]


class Classifier(nn.Module):
    """Images standardised, their features by the backbone, and classes by the head.

    What is frozen stays in eval mode, whatever :meth:`train` is told: running statistics of
    layers that do not learn are theirs to keep.

    Attributes
    ----------
    mean, std
        (C, 1, 1) buffers: what images are standardised by; see :func:`standardise`.
    size
        Edge of the images that it takes, in pixels.
    backbone, head
        From images to (N, F) features, and from these to (N, K) logits.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, backbone: nn.Module, head: nn.Module, *, in_channels: int, size: int
    ) -> None:
        super().__init__()
        self.size = size
        # Images are in [0, 1], evenly as far as is known.
        self.register_buffer("mean", torch.full((in_channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((in_channels, 1, 1), 0.25))
        self.backbone, self.head = backbone, head
        self._frozen: list[nn.Module] = []

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, H, W) images in [0, 1]."""
        logits: Tensor = self.head(self.features(image))
        return logits

    def features(self, image: Tensor) -> Tensor:
        """Return (N, F) features of (N, C, H, W) images in [0, 1]."""
        features: Tensor = self.backbone((image - self.mean) / self.std)
        return features

    def freeze(self, parts: Sequence[nn.Module]) -> None:
        """Let ``parts``, as :func:`layers` lists them, learn no more."""
        self._frozen = list(parts)
        for part in parts:
            part.eval()
            for weight in part.parameters(recurse=False):
                weight.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Go to training mode, but for what is frozen."""
        super().train(mode)
        for part in self._frozen:
            part.training = False
        return self


def build_classifier(config: ClassifierConfig) -> Classifier:
    """Make the classifier that ``config`` describes, its weights drawn at random.

    Nothing is downloaded unless ``config.pretrained``; then the backbone's weights are those
    that timm has by that name, the first layer adapted to ``config.in_channels``.

    Parameters
    ----------
    config
        Backbone, head, what learns, and the classes' names.

    Returns
    -------
    Classifier
        From (N, ``in_channels``, ``size``, ``size``) float in [0, 1] to (N, K) logits.

    Raises
    ------
    CallerError
        Where no classes are named, the backbone is unknown or cannot take such an image.
    CheckpointError
        Where pretrained weights were asked for and cannot be had.
    """
    if not config.classes:
        raise CallerError("No classes are named: a classifier needs at least two of them.")
    try:
        backbone = _backbone(config, pretrained=False)
        features = _features(backbone, config)
    except REFUSALS as error:
        said = first_line(error).rstrip(".")
        raise CallerError(
            f"No classifier can be made of backbone={config.backbone!r}, "
            f"size={config.size}, in_channels={config.in_channels}: {said}. "
            f"{_advice(config.backbone)}"
        ) from error
    if config.pretrained:
        with download_explained(config.backbone):
            backbone = _backbone(config, pretrained=True)
    network = Classifier(
        backbone, _head(features, config), in_channels=config.in_channels, size=config.size
    )
    frozen = _frozen(backbone, config)
    if not config.pretrained:
        _open(frozen)
    network.freeze(frozen)
    return network


def trainable_parameters(network: nn.Module) -> list[nn.Parameter]:
    """List the weights that learn."""
    return [weight for weight in network.parameters() if weight.requires_grad]


def layers(backbone: nn.Module) -> list[nn.Module]:
    """List a backbone's layers, from the image on: the modules with weights of their own."""
    return [
        part
        for part in backbone.modules()
        if next(part.parameters(recurse=False), None) is not None
    ]


@torch.no_grad()
def standardise(network: Classifier, mean: Sequence[float], std: Sequence[float]) -> None:
    """Have the network standardise images by the mean and deviation of each channel.

    They are kept with the weights. A channel without any contrast is left as it is.
    """
    if not len(mean) == len(std) == len(network.mean):
        raise CallerError(
            f"{len(mean)} means and {len(std)} deviations for {len(network.mean)} channels: "
            "expected one of each for every channel."
        )
    network.mean.copy_(torch.tensor(list(mean)).view(-1, 1, 1))
    network.std.copy_(torch.tensor([one if one > 0 else 1.0 for one in std]).view(-1, 1, 1))


def _advice(backbone: str) -> str:
    known = ["lenet", *timm.list_models()]
    if backbone == "lenet" or timm.is_model(backbone):
        return "Choose another size, or another backbone."
    near = get_close_matches(backbone, known) or ["lenet", "resnet50", "convnext_tiny"]
    return f"Choose a name that timm knows, as {', '.join(near)}."


def _backbone(config: ClassifierConfig, *, pretrained: bool) -> nn.Module:
    if config.backbone == "lenet":
        return lenet(config.in_channels, config.size, config.dropout)
    backbone: nn.Module = timm.create_model(
        config.backbone, pretrained=pretrained, in_chans=config.in_channels, num_classes=0
    )
    return backbone


def _features(backbone: nn.Module, config: ClassifierConfig) -> int:
    """Run a small image through, as some backbones refuse it only then; count its features."""
    with torch.inference_mode():
        found = backbone.eval()(torch.zeros(2, config.in_channels, config.size, config.size))
    backbone.train()
    if found.ndim != 2:
        raise ValueError(f"gives features of shape {tuple(found.shape)}, expected two dimensions")
    return int(found.shape[1])


def _head(features: int, config: ClassifierConfig) -> nn.Sequential:
    parts: list[nn.Module] = []
    for width in config.hidden:
        parts.append(nn.Linear(features, width))
        if config.batch_norm:
            parts.append(nn.BatchNorm1d(width))
        parts += [nn.ReLU(), nn.Dropout(config.dropout)]
        features = width
    if not config.hidden:
        parts.append(nn.Dropout(config.dropout))
    return nn.Sequential(*parts, nn.Linear(features, len(config.classes)))


@torch.no_grad()
def _open(frozen: Sequence[nn.Module]) -> None:
    """Let random blocks that will not learn pass something on.

    The last normalisation of a residual block begins at 0, to be learned; frozen, the block
    would be cut off for ever, and with it most of what it is given.
    """
    for part in frozen:
        weight = getattr(part, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.ndim == 1 and not bool(weight.any()):
            weight.fill_(1)


def _frozen(backbone: nn.Module, config: ClassifierConfig) -> list[nn.Module]:
    """List what does not learn; where the head alone does, all of the backbone."""
    if config.train == "head":
        return list(backbone.modules())
    return layers(backbone)[: -config.train_last] if config.train == "last" else []
