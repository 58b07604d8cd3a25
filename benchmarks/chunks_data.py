"""Chunks of the real HiP-CT volumes; which are learned from, chosen by and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import tifffile
from numpy.typing import NDArray

from _real_data import FRAME, data_folder
from napari_vessel.datasets import ChunksData, ChunkVolume, open_data
from napari_vessel.volumes import IntensityWindow

# Each turn tests on one of these, chooses by the next and learns from the other two: every volume
# is tested on once. Each has one of the four volumes that hold many vessels, and as many others.
TURNS = (
    ("01_kidney1", "00_kidney1", "10_kidney3", "11_kidney3"),
    ("02_kidney1", "03_kidney1", "12_kidney3", "13_kidney3"),
    ("04_kidney1", "07_kidney1", "14_kidney3", "16_kidney3", "17_kidney3"),
    ("05_kidney1", "06_kidney1", "09_kidney1", "18_kidney3", "19_kidney3"),
)
EDGE = 32  # voxels of 63 µm: cubes of 2 mm
CLASSES = ("background", "vessel")
_ORGANS = {"kidney1": "hipct2d_kidney_1_dense_0427", "kidney3": "hipct2d_kidney_3_sparse_0362"}
_SLICES, _ROWS = 32, 128


@dataclass(frozen=True, eq=False)
class Chunks:
    """Images (n, edge, edge, edge), the place of each one's class, and its volume."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    volumes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Turn:
    """What is learned from, chosen by and tested on."""

    train: Chunks
    validation: Chunks
    test: Chunks


@cache
def turn(number: int, *, chosen_by: int = 1, overlapping: bool = False, edge: int = EDGE) -> Turn:
    """Return a turn.

    Parameters
    ----------
    number
        The quarter of the volumes that it is tested on.
    chosen_by
        How many quarters further the one lies that it is chosen by, 1 to 3; it learns from the
        other two.
    overlapping
        What is learned from is cut at every half chunk.
    edge
        Of the cubes, in voxels.
    """
    ahead = {at: TURNS[(number + at) % len(TURNS)] for at in (1, 2, 3)}
    validation = ahead.pop(chosen_by)
    rest = [name for names in ahead.values() for name in names]
    train = _cut(tuple(rest), overlapping, edge)
    return Turn(train, _cut(validation, False, edge), _cut(TURNS[number], False, edge))


@cache
def parted_turn(number: int) -> Turn:
    """Return a turn of chunks shuffled without regard to their volumes: what leaks."""
    parts = [_cut(names) for names in TURNS]
    images = np.concatenate([part.images for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    volumes = np.array([name for part in parts for name in part.volumes])
    lot = np.random.default_rng(0).permutation(len(labels))
    order = lot[np.argsort(labels[lot], kind="stable")]  # quarters of every class
    quarters = [order[at :: len(TURNS)] for at in range(len(TURNS))]

    def chunks(*ahead: int) -> Chunks:
        some = np.concatenate([quarters[(number + at) % len(TURNS)] for at in ahead])
        return Chunks(images[some], labels[some], tuple(volumes[some].tolist()))

    return Turn(chunks(2, 3), chunks(1), chunks(0))


@cache
def _cut(names: tuple[str, ...], overlapping: bool = False, edge: int = EDGE) -> Chunks:
    config = ChunksData(
        volumes=tuple(_volume(f"hipct3d_{name}") for name in names),
        chunk=(edge, edge, edge),
        step=(edge, edge // 2, edge // 2) if overlapping else None,
    )
    data = open_data(config, edge, CLASSES)
    volumes = tuple(sample.group for sample in data.samples)
    return Chunks(data.images(range(len(data.samples))), data.labels(), volumes)


@cache
def _window(organ: str) -> tuple[float, float]:
    """Return the intensity window of an organ, of a whole slice of it.

    The chunks' volumes are small pieces of two organs, most of them without any tissue. Whoever
    predicts has the whole organ, and its window; labels have no part in it.
    """
    slice_ = tifffile.imread(data_folder() / _ORGANS[organ] / "image.tif")
    found = IntensityWindow.of(slice_)
    return found.low, found.high


def _volume(item: str) -> ChunkVolume:
    folder = data_folder() / item
    inner = f"{FRAME}:{_ROWS - FRAME}"
    return ChunkVolume(
        image=str(folder / "image.tif"),
        mask=str(folder / "label.tif"),
        voxel_size=63.08,
        window=_window(item.rpartition("_")[2]),
        box=f"0:{_SLICES},{inner},{inner}",
    )
