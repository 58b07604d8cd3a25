"""All scores of a mask, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from numpy.typing import ArrayLike

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics._cldice import cldice
from napari_vessel.metrics._confusion import Confusion, confusion
from napari_vessel.metrics._surface_dice import surface_dice

__all__ = ["ScoreProgress", "Scores", "scores"]


@dataclass(frozen=True, slots=True)
class ScoreProgress:
    """How many of all slices have been compared."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Scores:
    """How a mask compares with the truth; each in [0, 1], higher is better."""

    dice: float
    iou: float
    precision: float
    recall: float
    surface_dice: float
    cldice: float

    @classmethod
    def of(cls, counts: Confusion, *, surface_dice: float, cldice: float) -> Scores:
        """Join voxel counts with the scores that need neighbourhoods."""
        return cls(counts.dice, counts.iou, counts.precision, counts.recall, surface_dice, cldice)

    def as_dict(self) -> dict[str, float]:
        """Return the scores by name, as ``evaluate --json`` prints them."""
        return asdict(self)


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
