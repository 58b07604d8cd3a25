"""The one importer of captum: each method from an image to the values of its pixels."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import torch
from torch import Tensor

from napari_vessel.attribution._baseline import baseline_of
from napari_vessel.attribution._config import AttributionConfig, Method
from napari_vessel.attribution._layers import layer_of
from napari_vessel.attribution._output import Explained
from napari_vessel.attribution._target import Target

__all__ = ["images_needed", "run_method"]


def run_method(
    network: Explained, image: Tensor, target: Target, config: AttributionConfig, batch: int
) -> Tensor:
    """Return the values (1, C, H, W), or (1, 1, H, W) of a class activation map, of an image.

    Parameters
    ----------
    network
        Gives one number for each image.
    image
        (1, C, H, W).
    batch
        Images that are run at a time; the values do not depend on it.
    """
    values: Tensor = _METHODS[config.method](network, image, target, config, batch)
    return values.detach()


def images_needed(config: AttributionConfig, shape: tuple[int, int]) -> int:
    """Count the images that a method runs, of an image of ``shape`` (rows, columns).

    >>> images_needed(AttributionConfig(method="occlusion", patch=8, stride=4), (16, 16))
    10
    """
    if config.method == "occlusion":
        rows, columns = (ceil(max(n - config.patch, 0) / config.stride) + 1 for n in shape)
        return 1 + rows * columns
    return {"integrated_gradients": config.steps, "smoothgrad": config.samples}.get(
        config.method, 1
    )


def _captum() -> Any:  # noqa: ANN401  it has no complete types
    """Import captum once it is used: it brings matplotlib, which makes folders when imported."""
    from captum import attr

    return attr


def _integrated(
    network: Explained, image: Tensor, _target: Target, config: AttributionConfig, batch: int
) -> Tensor:
    values: Tensor = (
        _captum()
        .IntegratedGradients(network)
        .attribute(
            image,
            baselines=baseline_of(image, config.baseline),
            n_steps=config.steps,
            internal_batch_size=batch,
        )
    )
    return values


def _occlusion(
    network: Explained, image: Tensor, _target: Target, config: AttributionConfig, batch: int
) -> Tensor:
    channels, rows, columns = image.shape[1:]
    patch = min(config.patch, rows), min(config.patch, columns)
    values: Tensor = (
        _captum()
        .Occlusion(network)
        .attribute(
            image,
            sliding_window_shapes=(channels, *patch),
            strides=(channels, config.stride, config.stride),
            baselines=baseline_of(image, config.baseline),
            perturbations_per_eval=batch,
        )
    )
    return values


def _smoothgrad(
    network: Explained, image: Tensor, _target: Target, config: AttributionConfig, batch: int
) -> Tensor:
    with torch.random.fork_rng(devices=[image.device] if image.is_cuda else []):
        torch.manual_seed(config.seed)
        captum = _captum()
        values: Tensor = captum.NoiseTunnel(captum.Saliency(network)).attribute(
            image,
            nt_type="smoothgrad",
            nt_samples=config.samples,
            nt_samples_batch_size=min(batch, config.samples),
            stdevs=config.noise,
            abs=False,
        )
    return values


def _gradient(
    network: Explained, image: Tensor, _target: Target, config: AttributionConfig, _batch: int
) -> Tensor:
    shown = image.detach().requires_grad_()  # captum would do it, with a warning
    values: Tensor = _captum().Saliency(network).attribute(shown, abs=config.method == "saliency")
    return values


def _cam(
    network: Explained, image: Tensor, target: Target, config: AttributionConfig, _batch: int
) -> Tensor:
    layer = layer_of(network, image, target, config.layer)
    if config.method == "grad_cam":
        values = _captum().LayerGradCam(network, layer).attribute(image, relu_attributions=True)
    else:
        values = (
            _captum().LayerGradientXActivation(network, layer).attribute(image).sum(1, keepdim=True)
        )
    found: Tensor = _captum().LayerAttribution.interpolate(
        values.detach(), image.shape[-2:], interpolate_mode="bilinear"
    )
    return found


_Method = Callable[[Explained, Tensor, Target, AttributionConfig, int], Tensor]
_METHODS: dict[Method, _Method] = {
    "integrated_gradients": _integrated,
    "occlusion": _occlusion,
    "smoothgrad": _smoothgrad,
    "gradient": _gradient,
    "saliency": _gradient,
    "grad_cam": _cam,
    "hires_cam": _cam,
}
