"""A quick look at a block: what it leaves out, what it may not, and what it costs."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    Look,
    TileStep,
    empty_below_for,
    look_at,
    look_of,
    predict_block,
    predict_needed,
    read_ahead,
)
from napari_vessel.tiling import Zoom

Config = Callable[..., InferenceConfig]
THREE = tuple(Plane)
SHAPE = (48, 96, 128)
BOUNDS = Box.of(SHAPE)
BELOW = 0.5  # pointwise: a grey of 1 is 0.95, of 0 is 0.05


class Counting(nn.Module):
    """Pointwise, and counts the pixels it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.pixels += images.numel()
        return 6 * (images - 0.5)


def with_vessel(box: Box | None = None) -> NDArray[np.float32]:
    voxels = np.zeros(SHAPE, np.float32)
    if box:
        voxels[box.slices] = 1
    return voxels


def part_of(
    voxels: NDArray[np.float32],
    block: Box,
    settings: InferenceConfig,
    network: nn.Module | None = None,
) -> Box | None:
    steps = look_at(
        network or Counting(),
        lambda box: voxels[box.slices],
        (block, Box.of(voxels.shape)),
        settings,
    )
    while True:
        try:
            assert isinstance(next(steps), TileStep)
        except StopIteration as end:
            found: Box | None = end.value
            return found


@pytest.fixture
def asking(config: Config) -> Config:
    """A configuration that asks for a look."""
    return lambda **options: config(**{"planes": THREE, "empty_below": BELOW, **options})


def test_a_block_without_vessel_is_not_predicted(asking: Config) -> None:
    voxels = with_vessel()
    assert part_of(voxels, BOUNDS, asking()) is None
    events = list(predict_needed(Counting(), lambda b: voxels[b.slices], BOUNDS, BOUNDS, asking()))
    assert events
    assert all(isinstance(event, TileStep) and event.done == 0 for event in events)


@pytest.mark.parametrize("zoom", [(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (2.0, 1.5, 1.5), (3.0, 1, 1)])
@pytest.mark.parametrize("planes", [THREE, (Plane.XZ,), (Plane.YZ, Plane.XZ)])
def test_all_that_is_seen_and_a_margin_around_it_is_predicted(
    asking: Config, zoom: Zoom, planes: tuple[Plane, ...]
) -> None:
    vessel = Box((17, 41, 60), (25, 55, 73))
    part = part_of(with_vessel(vessel), BOUNDS, asking(planes=planes, zoom=zoom))
    assert part is not None
    assert BOUNDS.contains(part)
    assert part.contains(vessel)
    assert part.size < BOUNDS.size or min(zoom) < 1  # so large are pixels that it is near all


@pytest.mark.parametrize("step", [2, 4])
@pytest.mark.parametrize(("start", "stop"), [(0, 1), (3, 4), (0, 2), (5, 64), (63, 64), (10, 13)])
def test_slices_looked_at_are_the_same_in_every_block_and_never_none(
    step: int, start: int, stop: int
) -> None:
    look = Look(Plane.XY, step, BELOW)
    picks = list(look.picks(start, stop))
    of_all = [z for z in look.picks(0, 64) if start <= z < stop]
    assert picks == (of_all or [(start + stop) // 2])


def test_a_vessel_just_beside_a_block_keeps_its_edge(asking: Config) -> None:
    left, beside = Box((0, 0, 0), (48, 96, 64)), Box((0, 40, 66), (48, 44, 70))
    part = part_of(with_vessel(beside), left, asking())
    assert part == Box((0, 32, 32), (48, 64, 64))
    far = Box((0, 40, 80), (48, 44, 84))
    assert part_of(with_vessel(far), left, asking()) is None


def test_the_part_starts_and_ends_on_one_grid_for_all_blocks(asking: Config) -> None:
    vessel = Box((20, 40, 40), (24, 44, 44))
    whole = part_of(with_vessel(vessel), BOUNDS, asking())
    assert whole == Box((0, 32, 32), (32, 64, 64))
    block = Box((0, 16, 16), (48, 96, 128))
    assert part_of(with_vessel(vessel), block, asking()) == whole


def test_what_is_predicted_is_as_without_the_look(asking: Config) -> None:
    vessel = Box((20, 40, 40), (24, 44, 44))
    voxels = with_vessel(vessel)

    def read(box: Box) -> NDArray[np.float32]:
        return voxels[box.slices]

    *_, part = predict_needed(Counting(), read, BOUNDS, BOUNDS, asking())
    *_, full = predict_block(Counting(), read, BOUNDS, BOUNDS, asking())
    assert isinstance(part, BlockPrediction)
    assert isinstance(full, BlockPrediction)
    assert part.box.size < BOUNDS.size
    np.testing.assert_array_equal(part.probability, full.probability[part.box.slices])


@pytest.mark.parametrize("zoom", [(1.0, 1.0, 1.0), (0.8, 0.8, 0.8)])
def test_what_was_read_ahead_is_read_for_neither_the_look_nor_the_part(
    asking: Config, zoom: Zoom
) -> None:
    voxels, asked = with_vessel(Box((20, 40, 40), (24, 44, 44))), []

    def read(box: Box) -> NDArray[np.float32]:
        asked.append(box)
        return voxels[box.slices]

    block, settings = Box((0, 32, 32), (48, 96, 96)), asking(zoom=zoom, halo=32)
    ahead = read_ahead(read, block, BOUNDS, settings)
    assert asked
    asked.clear()
    *_, part = predict_needed(Counting(), ahead, block, BOUNDS, settings)
    assert isinstance(part, BlockPrediction)
    assert part.box.size < block.size
    assert not asked


@pytest.mark.parametrize("views", ["none", "flips", "dihedral"])
@pytest.mark.parametrize("planes", [THREE, (Plane.XY, Plane.XZ), (Plane.XY,)])
@pytest.mark.parametrize("depth", [1, 2, 5, 15, 48])
def test_a_look_costs_at_most_a_tenth_or_is_not_made(
    asking: Config, views: str, planes: tuple[Plane, ...], depth: int
) -> None:
    settings = asking(views=views, planes=planes, halo=0)
    block = Box((0, 0, 0), (depth, 96, 128))
    voxels = with_vessel()[:depth]
    looking, predicting = Counting(), Counting()
    part = part_of(voxels, block, settings, looking)
    list(predict_block(predicting, lambda b: voxels[b.slices], block, block, settings))
    assert looking.pixels <= 0.1 * predicting.pixels
    assert (part is None) == (looking.pixels > 0)


def test_no_look_is_made_where_none_is_asked_for(config: Config) -> None:
    for none in (0.0, "auto"):
        settings = config(planes=THREE, empty_below=none)
        network = Counting()
        assert look_of(settings) is None
        assert part_of(with_vessel(), BOUNDS, settings, network) == BOUNDS
        assert network.pixels == 0


def test_the_bound_lies_well_below_the_threshold() -> None:
    for threshold in (0.1, 0.4, 0.6, 0.9):
        assert empty_below_for(threshold) == pytest.approx(threshold / 3, abs=1e-3)
