"""Refuse labels that do not lie on the volume they are given for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vessel.errors import LabelsError
from napari_vessel.volumes import Volume

_ROUNDED = 0.01  # of an edge: what formats that keep dots per inch lose


def require_same_place(labels: Volume, volume: Volume, name: str) -> None:
    """Refuse labels of another shape, scale or offset than the volume's.

    Scale and offset count where both say them: many formats cannot hold an offset, so labels that
    begin at 0 may be of a volume that does not. A voxel size that a person gave for the volume is
    as good as the one in its file.

    Parameters
    ----------
    labels, volume
        Opened at the level they are used at.
    name
        What the labels are called.

    Raises
    ------
    LabelsError
        Naming both.
    """
    if labels.shape != volume.shape:
        raise LabelsError(
            f"{name} has {_times(labels.shape)} voxels and the project's volume "
            f"{_times(volume.shape)}: give labels of the same volume and level."
        )
    if not (labels.voxel_size_known and volume.voxel_size_known):
        return
    if not any(np.allclose(labels.voxel_size.zyx, s, rtol=_ROUNDED) for s in _sizes(volume)):
        raise LabelsError(
            f"{name} has voxels of {labels.voxel_size} and the project's volume of "
            f"{volume.voxel_size}: give labels of the same volume and level."
        )
    begins, ours = np.array(labels.origin_um), np.array(volume.origin_um)
    if begins.any() and (np.abs(begins - ours) > np.array(volume.voxel_size.zyx) / 2).any():
        raise LabelsError(
            f"The labels in {name} begin at {_times(begins)} µm and the project's volume begins "
            f"at {_times(ours)} µm: give labels of the same part of the organ."
        )


def _sizes(volume: Volume) -> list[tuple[float, float, float]]:
    factors = volume.source.factors[volume.options.level]
    own = volume.source.voxel_size if volume.source.voxel_size_known else None
    return [volume.voxel_size.zyx, *([own.scaled(factors).zyx] if own else [])]


def _times(edges: Sequence[float] | np.ndarray) -> str:
    return " × ".join(f"{edge:.6g}" if isinstance(edge, float) else str(edge) for edge in edges)
