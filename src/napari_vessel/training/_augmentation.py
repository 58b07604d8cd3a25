"""Patches varied as scans differ, on the device that trains, all of a batch at once.

Ranges follow what is common for CT-like greyscale images (Isensee et al. 2021, nnU-Net), made
milder, for a person's few corrections come from one scan. Random numbers are torch's own, of
the default generator: whoever keeps its state can go on from it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as nnf
from torch import Tensor

__all__ = ["Moves", "augment", "blurred", "greyed", "moved", "noisy", "placed", "regraded"]

_TURNED = 0.35  # radians, either way
_ZOOMED = (0.8, 1.0)  # pixels of the patch to one that is seen: above 1 thin labels would be lost


class Moves(NamedTuple):
    """How a patch may be moved; half of them are turned, zoomed and shifted freely."""

    square: bool = True  # flips and quarter turns
    turned: float = 0.0  # radians, either way
    zoomed: tuple[float, float] = (1.0, 1.0)
    shifted: float = 0.0  # of half an edge, either way


def augment(
    image: Tensor, target: Tensor, reviewed: Tensor, strength: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Turn, flip and zoom images with their labels, then vary the images' grey values.

    Parameters
    ----------
    image
        (n, 1, p, p), float, in [0, 1], or where vessels are bright in [-1, 0] (see
        ``CheckpointCard``).
    target, reviewed
        Of the same shape, 0 or 1.
    strength
        Of the ranges; 0 leaves flips and quarter turns, which take nothing away.

    Returns
    -------
    image, target, reviewed
        New tensors; each image in the range it was in. What comes in from beyond a patch is
        mirrored in the image, and not reviewed.
    """
    image, target, reviewed = moved(image, target, reviewed, strength)
    low = torch.where(image.amin(dim=(1, 2, 3), keepdim=True) < 0, -1.0, 0.0)
    return greyed((image - low).clamp(0, 1), strength) + low, target, reviewed


def greyed(image: Tensor, strength: float = 1.0) -> Tensor:
    """Vary grey values in [0, 1], each image of its own: gamma, contrast, blur and noise.

    Parameters
    ----------
    image
        (n, 1, p, p), float.
    strength
        Of the ranges: 0 leaves an image nearly as it is.
    """
    varied = image
    graded = regraded(
        varied,
        gamma=torch.exp(_between(varied, -0.3 * strength, 0.3 * strength)),
        contrast=_between(varied, 0.8**strength, 1.25**strength),
        brightness=_between(varied, -0.1 * strength, 0.1 * strength),
    )
    varied = torch.where(_some(varied, 0.7), graded, varied)
    wide = 0.3 + 0.5 * strength
    varied = torch.where(_some(varied, 0.2), blurred(varied, _between(varied, 0.3, wide)), varied)
    noise = _between(varied, 0.0, 0.05 * strength)
    return torch.where(_some(varied, 0.3), noisy(varied, noise), varied)


def moved(
    image: Tensor, target: Tensor, reviewed: Tensor, strength: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Turn each patch by quarters, flip half of them, and turn and zoom half of them a little.

    Labels take the nearest pixel's, so that they stay 0 or 1.
    """
    low, high = _ZOOMED
    zoomed = (low**strength, high**strength)
    grid = placed(image, Moves(turned=_TURNED * strength, zoomed=zoomed))
    seen = nnf.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
    labels = torch.cat([target, reviewed], dim=1)
    labels = nnf.grid_sample(labels, grid, mode="nearest", align_corners=False)
    return seen, labels[:, :1], labels[:, 1:]


def placed(image: Tensor, moves: Moves) -> Tensor:
    """Draw, for each image of a batch, where its pixels come from: a grid to sample by."""
    count, device = len(image), image.device
    quarters = torch.randint(4, (count,), device=device) * (torch.pi / 2) * moves.square
    freely = torch.rand(count, device=device) < 0.5
    angle = quarters + freely * (torch.rand(count, device=device) * 2 - 1) * moves.turned
    low, high = moves.zoomed
    zoom = torch.where(freely, low + (high - low) * torch.rand(count, device=device), 1.0)
    mirrored = (torch.rand(count, device=device) < 0.5) & moves.square
    flip = torch.where(mirrored, -1.0, 1.0)
    cos, sin, none = torch.cos(angle) * zoom, torch.sin(angle) * zoom, torch.zeros_like(zoom)
    right = down = none
    if moves.shifted:
        right, down = freely * (torch.rand(2, count, device=device) * 2 - 1) * moves.shifted
    rows = [cos * flip, -sin, right, sin * flip, cos, down]
    theta = torch.stack(rows, dim=1).view(count, 2, 3)
    return nnf.affine_grid(theta, list(image.shape), align_corners=False)


def regraded(image: Tensor, *, gamma: Tensor, contrast: Tensor, brightness: Tensor) -> Tensor:
    """Return ``(image ** gamma - 0.5) * contrast + 0.5 + brightness``, clipped to [0, 1].

    >>> one = torch.ones(1)
    >>> grey = torch.tensor([0.0, 0.5, 1.0])
    >>> regraded(grey, gamma=one, contrast=2 * one, brightness=0.125 * one).tolist()
    [0.0, 0.625, 1.0]
    """
    return ((image**gamma - 0.5) * contrast + (0.5 + brightness)).clamp(0, 1)


def blurred(image: Tensor, sigma: Tensor) -> Tensor:
    """Blur by Gaussians of ``sigma`` pixels, below 1: three pixels wide, the edges repeated."""
    side = torch.exp(-0.5 / sigma**2)
    padded = nnf.pad(image, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., 1:-1, :] + side * (padded[..., :-2, :] + padded[..., 2:, :])
    both = rows[..., 1:-1] + side * (rows[..., :-2] + rows[..., 2:])
    return both / (1 + 2 * side) ** 2


def noisy(image: Tensor, sigma: Tensor) -> Tensor:
    """Add Gaussian noise of standard deviation ``sigma`` and clip to [0, 1]."""
    return (image + torch.randn_like(image) * sigma).clamp(0, 1)


def _between(image: Tensor, low: float, high: float) -> Tensor:
    """Draw a number for each image of a batch."""
    return low + (high - low) * torch.rand(len(image), 1, 1, 1, device=image.device)


def _some(image: Tensor, share: float) -> Tensor:
    """Draw some images of a batch."""
    return torch.rand(len(image), 1, 1, 1, device=image.device) < share
