"""An output of a network, shared out among the pixels of the image it was shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_vessel.attribution._baseline import baseline_of
from napari_vessel.attribution._config import AttributionConfig
from napari_vessel.attribution._methods import images_needed, run_method
from napari_vessel.attribution._output import Explained
from napari_vessel.attribution._stepping import stepwise
from napari_vessel.attribution._target import PlaceTarget, Target
from napari_vessel.attribution._values import Attribution, ImageStep
from napari_vessel.errors import CallerError, DeviceMemoryError
from napari_vessel.networks import memory_explained

__all__ = ["attribute", "attribution_steps"]

_log = logging.getLogger(__name__)
_PIXELS = 2**18  # of the images that are run at a time; their activations take a thousand times it
_DEFAULT = AttributionConfig()


def attribute(
    network: nn.Module,
    image: NDArray[np.float32],
    target: Target,
    config: AttributionConfig = _DEFAULT,
    *,
    pixels: int = _PIXELS,
) -> Attribution:
    """Share an output out among the pixels, in one go; see :func:`attribution_steps`."""
    steps = attribution_steps(network, image, target, config, pixels=pixels)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Attribution = end.value
            return result


def attribution_steps(
    network: nn.Module,
    image: NDArray[np.float32],
    target: Target,
    config: AttributionConfig = _DEFAULT,
    *,
    pixels: int = _PIXELS,
) -> Generator[ImageStep, None, Attribution]:
    """Share an output out among the pixels, yielding before every batch; to stop, stop asking.

    Parameters
    ----------
    network
        From (N, C, H, W) to logits: (N, K) of classes or (N, 1, H, W) of pixels; its weights are
        not changed.
    image : ndarray (C, H, W) of float32
        As the network takes it.
    target
        What is explained.
    config
        How.
    pixels
        How many are run at a time, at least one image. Halves where the device has no room.

    Raises
    ------
    CallerError
        The image holds NaN or has another shape than the target or the layer is not there.
    CheckpointError
        The network gave NaN.
    DeviceMemoryError
        There is no room for one image.
    """
    _refuse(image, target)
    home = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    shown = torch.from_numpy(np.ascontiguousarray(image, np.float32))[None].to(home)
    total = images_needed(config, (image.shape[1], image.shape[2])) + 1
    batch = max(pixels // prod(image.shape[1:]), 1)
    training = network.training
    network.eval()
    try:
        while True:
            try:
                return (yield from _counted(network, shown, (target, config, batch), total))
            except DeviceMemoryError:
                if batch == 1:
                    raise
                batch = batch // 2
                _log.warning("%s has no room for so many images: batches halve.", home)
    finally:
        network.train(training)


def _counted(
    network: nn.Module, image: Tensor, how: tuple[Target, AttributionConfig, int], total: int
) -> Generator[ImageStep, None, Attribution]:
    """Run the method on a thread, and count its images."""
    target, _, batch = how

    def work(tell: Callable[[ImageStep], None]) -> Attribution:
        done = 0

        def count(images: int) -> None:
            nonlocal done
            tell(ImageStep(min(done, total), total))
            done += images

        with memory_explained(tile=max(image.shape[-2:]), batch=batch):
            return _explained(Explained(network, target, count), image, how)

    return (yield from stepwise(work))


def _explained(
    network: Explained, image: Tensor, how: tuple[Target, AttributionConfig, int]
) -> Attribution:
    target, config, batch = how
    ends = [image]
    if config.method in ("integrated_gradients", "occlusion"):
        ends.append(baseline_of(image, config.baseline))
    with torch.no_grad():
        outputs = [float(network(end)) for end in ends]
    values = run_method(network, image, target, config, batch)
    found = values[0].float().cpu().numpy()
    return Attribution(found, outputs[0], outputs[1] if len(outputs) > 1 else None)


def _refuse(image: NDArray[np.float32], target: Target) -> None:
    if image.ndim != 3 or not image.size:
        raise CallerError(f"An image of shape {image.shape}: expected (channels, rows, columns).")
    wrong = int((~np.isfinite(image)).sum())
    if wrong:
        raise CallerError(
            f"The image holds NaN or infinity in {wrong} of {image.size} values: apply the "
            "intensity window first, which turns them into 0."
        )
    if isinstance(target, PlaceTarget):
        if target.mask.shape != image.shape[1:]:
            raise CallerError(
                f"A target of {target.mask.shape} pixels in an image of {image.shape[1:]}: "
                "expected the same."
            )
        if not target.mask.any():
            raise CallerError("The target holds no pixel: name at least one.")
