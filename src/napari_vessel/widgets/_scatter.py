"""Scattered voxels as a few boxes with masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box

__all__ = ["Piece", "box_of_slices", "pieces_of"]

_CELL = 64  # the chunk edge of the overlay; far voxels then cost two cells, not the box between


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Voxels ``mask`` of ``box`` (region voxels) that became ``value``, 0 or 1."""

    box: Box
    mask: np.ndarray
    value: int


def box_of_slices(key: tuple[slice, ...]) -> Box:
    """Return the box that three slices cut out."""
    z, y, x = key
    return Box((z.start, y.start, x.start), (z.stop, y.stop, x.stop))


def pieces_of(
    indices: Sequence[np.ndarray], values: np.ndarray | int, shape: tuple[int, ...]
) -> list[Piece]:
    """Gather voxels into pieces; where one is named twice, the last value counts.

    Parameters
    ----------
    indices
        One index array per axis, as for numpy's advanced indexing.
    values
        One value, or one for each voxel; ≠ 0 is vessel.
    shape
        Edges of the array that is written, voxels.

    Raises
    ------
    LabelsError
        An index lies outside of ``shape``, or there are too few or too many.
    """
    points, vessel = _points(indices, values, shape)
    if not len(points):
        return []
    cells = points // _CELL
    _, cell_of, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(cell_of.ravel(), kind="stable")
    parts = np.split(order, np.cumsum(counts)[:-1])
    return [piece for part in parts for piece in _cell_pieces(points[part], vessel[part])]


def _points(
    indices: Sequence[np.ndarray], values: np.ndarray | int, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    if len(indices) != len(shape):
        raise LabelsError(f"Expected {len(shape)} index arrays, one an axis, found {len(indices)}.")
    axes = np.broadcast_arrays(*indices)
    points = np.stack([np.asarray(axis, np.int64).ravel() for axis in axes], axis=1)
    edges = np.asarray(shape)
    if ((points < -edges) | (points >= edges)).any():
        raise LabelsError(f"A voxel to set lies outside of the labels of shape {shape}.")
    vessel = np.broadcast_to(np.asarray(values) != 0, axes[0].shape).ravel()
    return np.where(points < 0, points + edges, points), vessel


def _cell_pieces(points: np.ndarray, vessel: np.ndarray) -> list[Piece]:
    start, stop = points.min(axis=0), points.max(axis=0) + 1
    box = Box(tuple(map(int, start)), tuple(map(int, stop)))  # type: ignore[arg-type]  # three axes
    covered, value = np.zeros(box.shape, bool), np.zeros(box.shape, bool)
    where = tuple((points - start).T)
    covered[where] = True
    # Assigned in turn: numpy does not promise which of two values for one voxel stays.
    last = {tuple(p): bool(v) for p, v in zip((points - start).tolist(), vessel, strict=True)}
    value[tuple(np.array(list(last)).T)] = list(last.values())
    masks = ((covered & ~value, 0), (covered & value, 1))
    return [Piece(box, mask, v) for mask, v in masks if mask.any()]
