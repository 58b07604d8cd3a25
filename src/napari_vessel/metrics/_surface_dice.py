"""Surface dice at tolerance 0: the competition's metric, whole and streamed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics._masks import mask_pair, ratio, same_shape
from napari_vessel.metrics._surfels import neighbour_codes, surfel_areas

__all__ = ["SurfaceDice", "surface_dice"]

_CODES = 256


class SurfaceDice:
    """Surface dice, slice by slice, with two slices of each mask in memory.

    Only counts of neighbourhoods are kept, so the result equals that of the
    whole to the last bit, whatever the order of adding up.

    Parameters
    ----------
    voxel_size : VoxelSize, optional
        Edges; their unit does not matter, their ratios do. Cubes by default.
    """

    def __init__(self, voxel_size: VoxelSize | None = None) -> None:
        self._areas = surfel_areas(voxel_size or VoxelSize(1, 1, 1))
        self._counts = np.zeros((2, 2, _CODES), np.int64)  # mask, (all | shared), code
        self._last: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None

    def add(self, prediction: ArrayLike, truth: ArrayLike) -> None:
        """Add the next slice along z.

        Parameters
        ----------
        prediction, truth : array_like (rows, columns)
            Anything but 0 is vessel.

        Raises
        ------
        LabelsError
            Where a shape differs from the other's or from the slice before.
        """
        pair = mask_pair(prediction, truth)
        if pair[0].ndim != 2:
            raise LabelsError(f"Expected slices (rows, columns), found the shape {pair[0].shape}.")
        last = self._last or _nothing_like(pair)
        same_shape(pair[0].shape, last[0].shape)
        self._counts += _counted(last, pair)
        self._last = tuple(mask.copy() for mask in pair)  # type: ignore[assignment]  # two

    def value(self) -> float:
        """Return the score of the slices so far, in [0, 1]; more can be added after.

        1.0 for two empty masks, 0.0 where one is empty.
        """
        counts = self._counts
        if self._last is not None:
            counts = counts + _counted(self._last, _nothing_like(self._last))
        everything, shared = (counts.sum(axis=0) @ self._areas).tolist()
        return ratio(shared, everything, empty=1.0)


def surface_dice(
    prediction: ArrayLike, truth: ArrayLike, *, voxel_size: VoxelSize | None = None
) -> float:
    """Score how much of two surfaces coincides, at tolerance 0.

    Both volumes are padded by one voxel; a surface element is shared where
    both masks have surface within the same 2×2×2 neighbourhood.

    Parameters
    ----------
    prediction, truth : array_like (z, y, x)
        Anything but 0 is vessel.
    voxel_size : VoxelSize, optional
        Cubes by default.

    Returns
    -------
    float
        In [0, 1]; 1.0 for two empty masks, 0.0 where one is empty.

    Raises
    ------
    LabelsError
        Where the shapes differ.
    """
    masks = mask_pair(prediction, truth)
    score = SurfaceDice(voxel_size)
    for predicted, true in zip(*masks, strict=True):
        score.add(predicted, true)
    return score.value()


_Pair = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def _nothing_like(pair: _Pair) -> _Pair:
    return np.zeros_like(pair[0]), np.zeros_like(pair[1])


def _counted(upper: _Pair, lower: _Pair) -> NDArray[np.int64]:
    """Count surface codes between two slices: (mask, (all | shared), code)."""
    codes = [neighbour_codes(a, b) for a, b in zip(upper, lower, strict=True)]
    surface = [(code != 0) & (code != _CODES - 1) for code in codes]
    shared = surface[0] & surface[1]
    return np.array(
        [
            [np.bincount(code[where], minlength=_CODES) for where in (own, shared)]
            for code, own in zip(codes, surface, strict=True)
        ]
    )
