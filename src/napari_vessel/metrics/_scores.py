"""All scores of a mask, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from numpy.typing import ArrayLike

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics._betti import BettiNumbers
from napari_vessel.metrics._cldice import cldice
from napari_vessel.metrics._confusion import Confusion, confusion
from napari_vessel.metrics._surface_dice import surface_dice

__all__ = ["ScoreProgress", "Scores", "scores"]


@dataclass(frozen=True, slots=True)
class ScoreProgress:
    """How many of all blocks have been compared."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Scores:
    """How a mask compares with the truth: scores in [0, 1], higher is better, and errors.

    ``betti_errors`` is by how much pieces, loops and cavities differ in number; None where
    they were not counted.
    """

    dice: float
    iou: float
    precision: float
    recall: float
    surface_dice: float
    cldice: float
    betti_errors: BettiNumbers | None = None

    @classmethod
    def of(
        cls,
        counts: Confusion,
        *,
        surface_dice: float,
        cldice: float,
        betti_errors: BettiNumbers | None = None,
    ) -> Scores:
        """Join voxel counts with the scores that need neighbourhoods."""
        ratios = counts.dice, counts.iou, counts.precision, counts.recall
        return cls(*ratios, surface_dice, cldice, betti_errors)

    def as_dict(self) -> dict[str, float]:
        """Return the scores by name, as ``evaluate --json`` prints them."""
        found = asdict(self)
        errors = found.pop("betti_errors") or {}
        return found | {f"{name}_error": error for name, error in errors.items()}


def scores(
    prediction: ArrayLike, truth: ArrayLike, *, voxel_size: VoxelSize | None = None
) -> Scores:
    """Score masks (z, y, x) that fit memory; anything but 0 is vessel.

    Raises
    ------
    LabelsError
        Where the shapes differ.
    """
    return Scores.of(
        confusion(prediction, truth),
        surface_dice=surface_dice(prediction, truth, voxel_size=voxel_size),
        cldice=cldice(prediction, truth),
    )
