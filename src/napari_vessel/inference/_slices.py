"""Slices through the network: tiles, views, blending."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._forward import Forward, Network
from napari_vessel.tiling import SliceTiler

__all__ = ["TileStep", "predict_slices", "result_of", "slice_steps", "tiler_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TileStep:
    """How many tiles have gone through the network, of how many."""

    done: int
    total: int


def predict_slices(
    network: Network, slices: NDArray[np.float32], config: InferenceConfig
) -> NDArray[np.float32]:
    """Predict a stack of slices, in one go.

    Parameters
    ----------
    network : callable
        Images (N, 1, H, W) to logits; see :class:`Forward`.
    slices : ndarray (n, rows, columns) of float32
        Windowed intensities in [0, 1].
    config : InferenceConfig
        ``tiles``, ``views``, ``device`` and ``precision`` are followed.

    Returns
    -------
    ndarray (n, rows, columns) of float32
        Probabilities in [0, 1].

    Raises
    ------
    DeviceMemoryError
        Where there is no room for one tile.
    CheckpointError
        Where the network gave NaN or another shape.
    CallerError
        Where the slices are no stack or hold NaN.
    """
    tiler = tiler_of(slices, config)
    found = np.empty(slices.shape, np.float32)

    def take(number: int, probability: NDArray[np.float32]) -> None:
        found[number] = probability

    result_of(slice_steps(Forward(network, config), slices, tiler, take))
    return found


def result_of(steps: Generator[object, None, T]) -> T:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def tiler_of(slices: NDArray[np.float32], config: InferenceConfig) -> SliceTiler:
    """Return what cuts the slices of a stack (n, rows, columns)."""
    if slices.ndim != 3:
        raise CallerError(f"Expected slices (n, rows, columns), found the shape {slices.shape}.")
    return SliceTiler((slices.shape[1], slices.shape[2]), config.tiles)


def slice_steps(
    forward: Forward,
    slices: NDArray[np.float32],
    tiler: SliceTiler,
    take: Callable[[int, NDArray[np.float32]], None],
) -> Generator[TileStep, None, None]:
    """Predict a stack of slices, yielding after every batch; to stop, stop asking.

    Parameters
    ----------
    forward : Forward
        The network, ready.
    slices : ndarray (n, rows, columns) of float32
        Windowed intensities in [0, 1]; a view of any strides will do.
    tiler : SliceTiler
        Cuts slices of this shape.
    take : callable(int, ndarray (rows, columns) of float32)
        Takes the probability of each slice in [0, 1], by its number, as soon as all its tiles
        are there: of no more slices than a batch holds is it kept here.

    Yields
    ------
    TileStep
        Tiles of this stack.
    """
    windows, sums = len(tiler.windows), dict[int, NDArray[Any]]()

    def cut(numbers: range) -> NDArray[np.float32]:
        return np.stack([tiler.tile(slices[i // windows], i % windows) for i in numbers])

    count = slices.shape[0] * windows
    for numbers, probability in forward.batches(count, tiler.tile_shape, cut):
        for number, tile in zip(numbers, probability, strict=True):
            index, window = divmod(number, windows)
            total = sums[index] if window else sums.setdefault(index, tiler.empty_sum(()))
            tiler.add(total, window, tile)
            if window == windows - 1:
                take(index, tiler.mean(sums.pop(index)))
        yield TileStep(numbers.stop, count)
