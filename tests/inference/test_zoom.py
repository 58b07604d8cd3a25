"""A volume of other voxels than the network learned at."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    Levels,
    plane_zoom,
    predict_block,
    predict_slice,
)
from napari_vessel.tiling import BlockGrid, Zoom, grid_of, inverse, resample

XY, XZ, YZ = Plane
THREE = tuple(Plane)
Config = Callable[..., InferenceConfig]
ZOOMS = [(0.5, 0.5, 0.5), (1.26, 1.26, 1.26), (2.0, 1.0, 1.0), (0.7, 1.4, 1.0), (1.0, 0.3, 0.3)]


def end(network: object, read: object, box: Box, bounds: Box, config: InferenceConfig):
    *_, last = predict_block(network, read, box, bounds, config)  # type: ignore[arg-type]
    assert isinstance(last, BlockPrediction)
    return last


@pytest.mark.parametrize("zoom", ZOOMS)
def test_blocks_equal_the_whole_at_any_zoom(
    pooling: nn.Module, volume: Callable, reader: Callable, config: Config, zoom: Zoom
) -> None:
    voxels = volume((50, 67, 71))
    read, bounds = reader(voxels), Box.of(voxels.shape)
    settings = config(planes=THREE, halo=16, views="none", zoom=zoom)
    whole = end(pooling, read, bounds, bounds, settings)
    assert whole.probability.std() > 1
    for block in BlockGrid(bounds, (32, 40, 32)).blocks:
        part = end(pooling, read, block, bounds, settings)
        for found, expected in [
            (part.probability, whole.probability),
            *((part.planes[p], whole.planes[p]) for p in THREE),
        ]:
            assert found.shape == block.shape
            gap = found.astype(int) - expected[block.slices]
            assert np.abs(gap).max() <= 1


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_plane_s_probability_is_that_of_the_resampled_volume_resampled_back(
    pooling: nn.Module, volume: Callable, reader: Callable, config: Config, plane: Plane, zoom: Zoom
) -> None:
    voxels = volume((40, 36, 44))
    bounds, own = Box.of(voxels.shape), plane_zoom(zoom, plane)
    grid = grid_of(bounds, own)
    seen = resample(voxels, bounds, grid, own, bounds)
    one = config(planes=(plane,), views="none")
    there = end(pooling, reader(seen), grid, grid, one).probability.astype(np.float32)
    expected = resample(there, grid, bounds, inverse(own), grid)
    found = end(pooling, reader(voxels), bounds, bounds, one.model_copy(update={"zoom": zoom}))
    np.testing.assert_allclose(found.probability, expected, atol=1.1)
    index = 17
    view = predict_slice(
        pooling, reader(voxels), plane, index, bounds, config(views="none", zoom=zoom)
    )
    expected_slice = expected.take(index, axis=plane.normal)
    np.testing.assert_allclose(view, expected_slice, atol=1.1)


def test_along_the_normal_slices_are_the_volume_s_own_where_coarser_than_pixels() -> None:
    assert plane_zoom((5.0, 0.8, 0.8), XY) == (1.0, 0.8, 0.8)
    assert plane_zoom((5.0, 0.8, 0.8), XZ) == (5.0, 0.8, 0.8)
    assert plane_zoom((2.0, 2.0, 2.0), YZ) == (2.0, 2.0, 1.0)
    assert plane_zoom((0.5, 0.5, 0.5), YZ) == (0.5, 0.5, 0.5)


def test_half_the_voxel_size_costs_an_eighth(reader: Callable, config: Config) -> None:
    pixels = {}
    for zoom in (1.0, 0.5):
        seen: list[int] = []

        def network(images: torch.Tensor, seen: list[int] = seen) -> torch.Tensor:
            seen.append(images.numel())
            return images

        voxels = np.zeros((64, 128, 128), np.float32)
        bounds = Box.of(voxels.shape)
        settings = config(planes=THREE, views="none", halo=0, zoom=zoom)
        end(network, reader(voxels), bounds, bounds, settings)
        pixels[zoom] = sum(seen)
    assert pixels[0.5] * 8 == pixels[1.0]


def test_one_number_counts_along_the_finest_edge_in_y_and_x() -> None:
    settings = InferenceConfig(zoom=2)
    assert settings.zoom_for(VoxelSize(5, 1, 1)) == (10, 2, 2)
    assert settings.zoom_for() == (2, 2, 2)
    assert InferenceConfig().zoom_for(VoxelSize(5, 1, 1)) == (1, 1, 1)
    assert InferenceConfig(zoom=(1, 2, 3)).zoom_for(VoxelSize(5, 1, 1)) == (1, 2, 3)


@pytest.mark.parametrize(("zoom", "level"), [(1.0, 0), (0.6, 0), (0.5, 1), (0.3, 1), (0.2, 2)])
def test_the_coarsest_level_that_is_fine_enough_is_read(
    pointwise: nn.Module, config: Config, zoom: float, level: int
) -> None:
    # Of a slope, all levels say the same.
    edge, read = 64, set()
    ramp = (np.arange(edge, dtype=np.float32) + 0.5) / edge
    levels = [ramp, ramp.reshape(-1, 2).mean(1), ramp.reshape(-1, 4).mean(1)]

    def at(box: Box, number: int) -> NDArray[np.float32]:
        read.add(number)
        shape = (len(levels[number]),) * 3
        assert Box.of(shape).contains(box)
        return np.broadcast_to(levels[number], shape)[box.slices]

    pyramid = Levels(at, [(n, n, n) for n in (64, 32, 16)], [(f, f, f) for f in (1.0, 2.0, 4.0)])
    block, bounds = Box((8, 16, 16), (24, 48, 48)), Box.of((edge,) * 3)
    found = end(pointwise, pyramid, block, bounds, config(views="none", zoom=zoom, halo=0))
    assert read == {level}
    one = Levels(lambda box, _: at(box, 0))
    expected = end(pointwise, one, block, bounds, config(views="none", zoom=1.0, halo=0))
    gap = found.probability.astype(int) - expected.probability
    assert np.abs(gap).max() <= 2
