"""What an image is compared with."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

__all__ = ["baseline_of"]

_SIGMA = 8.0  # pixels: the vessels that a network finds are gone


def baseline_of(image: Tensor, kind: Literal["median", "blur", "zero"]) -> Tensor:
    """Return a baseline (1, C, H, W) for an image of that shape.

    ``median``: each channel's own, everywhere: no structure, and the grey value of most of the
    tissue. ``blur``: the image without what is smaller than some 20 pixels. ``zero``: nothing;
    where vessels are dark, it looks like the inside of one.
    """
    if kind == "zero":
        return torch.zeros_like(image)
    if kind == "median":
        return image.flatten(2).median(dim=2).values[..., None, None].expand_as(image).contiguous()
    return _blurred(_blurred(image, -1), -2)


def _blurred(image: Tensor, axis: int) -> Tensor:
    """Blur one axis by a Gaussian; beyond its ends the outermost pixel goes on."""
    reach = round(3 * _SIGMA)
    at = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-(at**2) / (2 * _SIGMA**2))
    lines = image.movedim(axis, -1)
    shape = lines.shape
    flat = torch.nn.functional.pad(lines.reshape(-1, 1, shape[-1]), (reach, reach), "replicate")
    blurred = torch.nn.functional.conv1d(flat, (kernel / kernel.sum())[None, None])
    return blurred.reshape(shape).movedim(-1, axis).contiguous()
