"""What a comparison of two networks is asked, and answers. Frozen, picklable, torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_vessel.geometry import Box, Plane
from napari_vessel.workflows._requests import Focus

LINE = 255  # in a picture of grey levels below it: around what a network calls vessel


@dataclass(frozen=True, slots=True)
class Compare:
    """Predict the slice in view with two networks of a project, from its plane alone."""

    project: Path
    first: str
    second: str
    focus: Focus


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What one network sees in a slice, to be looked at.

    Parameters
    ----------
    picture : ndarray (rows, columns) of uint8
        The image, with ``LINE`` around what the network calls vessel; of a very large slice
        every second, third, … pixel.
    dice : float or None
        Where a person reviewed the slice; None where they did not, or there is no vessel.
    """

    picture: np.ndarray
    dice: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What two networks see in a slice: ``first`` and ``second`` are masks, of ``box``'s shape.

    Each at its own threshold, or at the one that a person chose; ``sides`` are their pictures.
    """

    names: tuple[str, str]
    box: Box
    plane: Plane
    first: np.ndarray
    second: np.ndarray
    sides: tuple[Side, Side] | None = None

    @property
    def picture(self) -> np.ndarray:
        """Where the first alone sees vessel (1), the second alone (2), both (3), neither (0)."""
        both: np.ndarray = self.first.astype(np.uint8) + 2 * self.second.astype(np.uint8)
        return both

    @property
    def counts(self) -> tuple[int, int, int]:
        """Voxels that the first alone, the second alone, and both call vessel."""
        found = np.bincount(self.picture.ravel(), minlength=4)
        return int(found[1]), int(found[2]), int(found[3])
