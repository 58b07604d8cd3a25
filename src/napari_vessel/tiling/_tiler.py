"""Slices to tiles and back."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.tiling._config import STRIDE, TileConfig
from napari_vessel.tiling._importance import importance_map
from napari_vessel.tiling._reflection import cut_reflected

__all__ = ["SliceTiler", "tile_starts"]


def tile_starts(length: int, *, tile: int, overlap: int) -> list[int]:
    """Place tiles to cover an edge, the last one flush with its end.

    Parameters
    ----------
    length, tile, overlap : int
        The edge, the tile's edge and the least overlap of neighbours.

    Returns
    -------
    list of int
        Ascending starts. A tile longer than the edge starts at 0.

    Examples
    --------
    >>> tile_starts(11, tile=4, overlap=1)
    [0, 3, 6, 7]
    """
    last = max(length - tile, 0)
    return [*range(0, last, tile - overlap), last]


class SliceTiler:
    """Cut slices of one shape into tiles a network takes, and blend them back.

    A side that fits a tile is not cut: the tile is then the side, mirrored up
    to the next multiple of 32. A longer side is cut into as few tiles as will do,
    none larger than needed for the overlap. All tiles of a tiler have one shape.

    Parameters
    ----------
    shape : (rows, columns)
        The slices' shape, each side at least 1.
    config : TileConfig
        The largest tile, and the least overlap.

    Attributes
    ----------
    shape : (rows, columns)
        The slices' shape.
    tile_shape : (rows, columns)
        The tiles' shape, multiples of 32.
    windows : list of (slice, slice)
        What of the slice each tile holds, row by row.
    """

    def __init__(self, shape: tuple[int, int], config: TileConfig) -> None:
        if min(shape) < 1:
            raise CallerError(f"A slice of {shape[0]} × {shape[1]} pixels cannot be cut.")
        self.shape = shape
        rows, columns = (_side(side, config) for side in shape)
        self.tile_shape = (rows, columns)
        self.windows = [
            (row, column)
            for row in _windows(shape[0], rows, config.overlap)
            for column in _windows(shape[1], columns, config.overlap)
        ]

    def cut(self, slices: NDArray[Any]) -> NDArray[Any]:
        """Cut slices into tiles, mirrored where they reach beyond the slice.

        Parameters
        ----------
        slices : ndarray (..., rows, columns)
            One slice or a stack.

        Returns
        -------
        ndarray (..., len(windows), *tile_shape)
            The tiles, a copy.
        """
        tiles = [self.tile(slices, number) for number in range(len(self.windows))]
        return np.stack(tiles, axis=-3)

    def tile(self, slices: NDArray[Any], number: int) -> NDArray[Any]:
        """Cut tile ``number`` alone; (..., rows, columns) to (..., *tile_shape)."""
        starts = tuple(window.start for window in self.windows[number])
        stops = tuple(a + side for a, side in zip(starts, self.tile_shape, strict=True))
        return cut_reflected(slices, starts, stops)

    def blend(self, tiles: NDArray[Any]) -> NDArray[np.float32]:
        """Put tiles back together, weighing each by its importance.

        Parameters
        ----------
        tiles : ndarray (..., len(windows), *tile_shape)
            What :meth:`cut` gave, or values computed from it.

        Returns
        -------
        ndarray (..., rows, columns) of float32
            The weighted mean: where overlapping tiles agree, exactly their value.
        """
        total = self.empty_sum(tiles.shape[:-3])
        for number in range(len(self.windows)):
            self.add(total, number, tiles[..., number, :, :])
        return self.mean(total)

    def empty_sum(self, lead: tuple[int, ...]) -> NDArray[Any]:
        """Return zeros (*lead, rows, columns) for :meth:`add` to add to.

        Double precision where tiles overlap, so that the mean of equal values
        is that value after rounding to single precision.
        """
        dtype = np.float32 if len(self.windows) == 1 else np.float64
        return np.zeros((*lead, *self.shape), dtype)

    def add(self, total: NDArray[Any], number: int, tile: NDArray[Any]) -> None:
        """Add tile ``number`` (..., *tile_shape), in place, to a sum of :meth:`empty_sum`."""
        row, column = self.windows[number]
        held = (slice(row.stop - row.start), slice(column.stop - column.start))
        values = tile[(..., *held)]
        if len(self.windows) == 1:
            total[...] = values
        else:
            total[..., row, column] += values * self._importance[held].astype(np.float64)

    def mean(self, total: NDArray[Any]) -> NDArray[np.float32]:
        """Turn the complete sum of all tiles into their weighted mean, float32."""
        if len(self.windows) > 1:
            total = total / self._weight
        return np.asarray(total, np.float32)

    @cached_property
    def _importance(self) -> NDArray[np.float32]:
        return importance_map(*self.tile_shape)

    @cached_property
    def _weight(self) -> NDArray[np.float64]:
        weight = np.zeros(self.shape)
        for row, column in self.windows:
            held = self._importance[: row.stop - row.start, : column.stop - column.start]
            weight[row, column] += held
        return weight


def _side(length: int, config: TileConfig) -> int:
    """Return the edge of a tile, of which several of equal overlap cover a length."""
    tile, overlap = config.tile, config.overlap
    count = 1 if length <= tile else -(-(length - overlap) // (tile - overlap))
    return min(-(-(length + (count - 1) * overlap) // (count * STRIDE)) * STRIDE, tile)


def _windows(length: int, tile: int, overlap: int) -> list[slice]:
    # An uncut side has a tile of its own, whose edge may be below the overlap.
    starts = [0] if tile >= length else tile_starts(length, tile=tile, overlap=overlap)
    return [slice(start, min(start + tile, length)) for start in starts]
