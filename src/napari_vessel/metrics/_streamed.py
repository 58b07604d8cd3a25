"""Scores of volumes larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.metrics._cldice import ClDice, centreline_counts
from napari_vessel.metrics._confusion import Confusion, confusion
from napari_vessel.metrics._masks import mask_pair
from napari_vessel.metrics._scores import ScoreProgress, Scores
from napari_vessel.metrics._surface_dice import SurfaceDice

__all__ = ["streamed_scores"]

_HALO = 24
"""Slices read on either side of a slab, so that thinning does not see its ends."""

Read = Callable[[Box], NDArray[Any]]


def streamed_scores(
    read_prediction: Read,
    read_truth: Read,
    shape: Zyx,
    *,
    voxel_size: VoxelSize | None = None,
    slab: int = 96,
) -> Iterator[ScoreProgress | Scores]:
    """Score a mask slab by slab, yielding progress and, last, the scores.

    Counts and surface dice equal those of the whole exactly; clDice, whose
    skeletons see 24 slices beyond a slab, to within 0.01. In memory are
    ``slab + 48`` slices of both masks and their skeletons, about 6 bytes a
    voxel at the most.

    Parameters
    ----------
    read_prediction, read_truth : callable(Box) -> ndarray
        Read a box of each; anything but 0 is vessel.
    shape : Zyx
        Of both volumes, in voxels.
    voxel_size : VoxelSize, optional
        Cubes by default.
    slab : int
        Slices compared at a time, at least 1.

    Yields
    ------
    ScoreProgress
        After every slab.
    Scores
        Once, last.

    Raises
    ------
    LabelsError
        Where what was read differs in shape.
    """
    counts, surface, centre = Confusion(), SurfaceDice(voxel_size), ClDice()
    for start in range(0, shape[0], max(slab, 1)):
        stop = min(start + max(slab, 1), shape[0])
        first, last = max(start - _HALO, 0), min(stop + _HALO, shape[0])
        box = Box((first, 0, 0), (last, shape[1], shape[2]))
        predicted, true = mask_pair(read_prediction(box), read_truth(box))
        core = slice(start - first, stop - first)
        counts += confusion(predicted[core], true[core])
        _add_slices(surface, predicted[core], true[core])
        centre += centreline_counts(predicted, true, (core, slice(None), slice(None)))
        yield ScoreProgress(stop, shape[0])
    yield Scores.of(counts, surface_dice=surface.value(), cldice=centre.value)


def _add_slices(
    surface: SurfaceDice, prediction: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> None:
    for predicted, true in zip(prediction, truth, strict=True):
        surface.add(predicted, true)
