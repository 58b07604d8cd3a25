from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import nn

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    Spill,
    TileStep,
    predict_block,
    read_ahead,
)

Config = Callable[..., InferenceConfig]
Volume = Callable[[Zyx], NDArray[np.float32]]
Reader = Callable[[NDArray[np.float32]], Callable[[Box], NDArray[np.float32]]]
SHAPE, BLOCK = (70, 67, 79), Box((20, 10, 30), (60, 50, 70))


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers, slabs and files for arrays that a test can afford."""
    monkeypatch.setattr("napari_vessel.inference._context._MOST_VOXELS", 2**14)
    monkeypatch.setattr("napari_vessel.inference._seen._MOST_PIXELS", 2**15)
    monkeypatch.setattr("napari_vessel.inference._spill._LEAST", 1)


@pytest.fixture
def whole_volume(volume: Volume, reader: Reader) -> Callable[[Box], NDArray[np.float32]]:
    return reader(volume(SHAPE))


def last(events: Iterable[object]) -> BlockPrediction:
    end = list(events)[-1]
    assert isinstance(end, BlockPrediction)
    return end


@pytest.mark.parametrize("zoom", [1.0, 0.7, (0.5, 1.4, 1.4)])
@pytest.mark.usefixtures("small_pieces")
def test_a_block_in_pieces_and_on_the_disk_is_as_one_in_memory(
    pooling: nn.Module,
    whole_volume: Callable[[Box], NDArray[np.float32]],
    config: Config,
    tmp_path: Path,
    zoom: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, bounds = whole_volume, Box.of(SHAPE)
    settings = config(planes=tuple(Plane), halo=16, views="none", zoom=zoom)
    ahead = read_ahead(read, BLOCK, bounds, settings, spill=Spill(tmp_path))
    pieces = last(predict_block(pooling, ahead, BLOCK, bounds, settings))
    assert not list(tmp_path.iterdir())  # its files have no names
    monkeypatch.undo()
    whole = last(predict_block(pooling, read, BLOCK, bounds, settings))
    assert whole.probability.std() > 1
    for found, expected in (
        (pieces.probability, whole.probability),
        (pieces.disagreement, whole.disagreement),
        *((pieces.planes[plane], whole.planes[plane]) for plane in Plane),
    ):
        np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)


@pytest.mark.usefixtures("small_pieces")
def test_a_disk_without_room_is_said_before_any_voxel_is_read(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="has no room for"):
        Spill(tmp_path).zeros((2**20, 2**20, 2**20), np.float32)


@pytest.mark.parametrize("zoom", [1.0, 0.5, 2.0])
def test_slices_that_nobody_asks_for_are_not_predicted_and_the_others_are_the_same(
    pooling: nn.Module, volume: Volume, reader: Reader, config: Config, zoom: float
) -> None:
    read, bounds = reader(volume(SHAPE)), Box.of(SHAPE)
    settings = config(planes=tuple(Plane), halo=16, views="none", zoom=zoom)
    inner = Box((33, 10, 31), (41, 12, 32))

    def wanted(box: Box) -> bool:
        assert BLOCK.contains(box)
        return (box.intersection(inner) or Box((0, 0, 0), (0, 0, 0))).size > 0

    ahead = read_ahead(read, BLOCK, bounds, settings, wanted=wanted)
    events = list(predict_block(pooling, ahead, BLOCK, bounds, settings))
    some, all_ = last(events), last(predict_block(pooling, read, BLOCK, bounds, settings))
    place = inner.relative_to(BLOCK).slices
    for plane in Plane:
        np.testing.assert_allclose(
            some.planes[plane][place].astype(int), all_.planes[plane][place].astype(int), atol=1
        )
    assert not some.planes[Plane.XY][-1].any()
    steps = [event for event in events if isinstance(event, TileStep)]
    whole = int(sum(BLOCK.shape) * zoom)
    assert steps[-1].done == steps[-1].total < whole / 2


@pytest.mark.parametrize("zoom", [1.0, 0.7])
def test_what_was_read_ahead_is_not_read_again_for_the_block_or_a_part_of_it(
    pooling: nn.Module, volume: Volume, config: Config, zoom: float
) -> None:
    voxels, reads, bounds = volume(SHAPE), list[Box](), Box.of(SHAPE)

    def read(box: Box) -> NDArray[np.float32]:
        reads.append(box)
        return voxels[box.slices]

    settings = config(planes=tuple(Plane), halo=16, views="none", zoom=zoom)
    ahead = read_ahead(read, BLOCK, bounds, settings)
    reads.clear()
    part = Box((20, 10, 30), (50, 40, 60))
    found = [last(predict_block(pooling, ahead, box, bounds, settings)) for box in (BLOCK, part)]
    assert not reads
    np.testing.assert_allclose(
        found[1].probability.astype(int),
        found[0].probability[part.relative_to(BLOCK).slices].astype(int),
        atol=1,
    )
