"""Views of an image (test-time augmentation) and how they are undone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch

__all__ = ["View", "views_of"]


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at images (N, C, H, W): transposed or not, then flipped or not.

    All eight symmetries of the square can be said so; only flips copy.

    Parameters
    ----------
    transpose : bool
        Whether rows become columns, before flipping.
    flips : tuple of int
        Axes flipped: -2 (rows), -1 (columns).
    """

    transpose: bool = False
    flips: tuple[int, ...] = ()

    def apply(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images as seen in this view."""
        seen = images.transpose(-1, -2) if self.transpose else images
        return seen.flip(self.flips) if self.flips else seen

    def invert(self, seen: torch.Tensor) -> torch.Tensor:
        """Return what :meth:`apply` was given."""
        images = seen.flip(self.flips) if self.flips else seen
        return images.transpose(-1, -2) if self.transpose else images


def views_of(name: Literal["none", "flips", "dihedral"]) -> tuple[View, ...]:
    """List the views of a name: none (1), flips (4), dihedral (8). The first is as it is."""
    if name == "none":
        return (View(),)
    turns = (False, True) if name == "dihedral" else (False,)
    flips: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
    return tuple(View(transpose, axes) for transpose, axes in product(turns, flips))
