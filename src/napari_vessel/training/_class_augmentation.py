"""Images varied for a classifier, on the device that trains, all of a batch at once."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as nnf
from torch import Tensor

from napari_vessel.training._augmentation import Moves, greyed, placed

__all__ = ["Augmentation", "vary"]

Augmentation = Literal["none", "flips", "upright", "full"]

# At a strength of 1, twice what patches of vessels are varied by.
_TURNED = 0.7  # radians, either way
_ZOOMED = 1.5  # and its inverse
_SHIFTED = 0.2  # of half an edge, either way


def vary(image: Tensor, kind: Augmentation, strength: float) -> Tensor:
    """Move images and vary their grey values, each image, and each channel's grey, of its own.

    Parameters
    ----------
    image
        (n, C, H, W), float in [0, 1].
    kind
        ``"flips"``: flips and quarter turns; ``"upright"``: small turns, zooms, shifts and grey
        values; ``"full"``: both; ``"none"``: neither.
    strength
        0 to 1: how far the small ones go.

    Returns
    -------
    Tensor
        Of the same shape, in [0, 1]. What comes in from beyond an image is mirrored.
    """
    if kind == "none":
        return image
    if kind == "flips":
        return _sampled(image, Moves())
    zoom = _ZOOMED**strength
    freely = Moves(kind == "full", _TURNED * strength, (1 / zoom, zoom), _SHIFTED * strength)
    seen = _sampled(image, freely).clamp(0, 1)
    return greyed(seen.flatten(0, 1)[:, None], 2 * strength).view_as(seen)


def _sampled(image: Tensor, moves: Moves) -> Tensor:
    grid = placed(image, moves)
    return nnf.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
