from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize, Zyx
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    TileStep,
    disagreement,
    fuse,
    predict_block,
    predict_slice,
    to_uint8,
)
from napari_vessel.tiling import BlockGrid, TileConfig

XY, XZ, YZ = Plane
Config = Callable[..., InferenceConfig]
Volume = Callable[[Zyx], NDArray[np.float32]]
Read = Callable[[Box], NDArray[np.float32]]
Reader = Callable[[NDArray[np.float32]], Read]
THREE = tuple(Plane)


def end(
    network: nn.Module, read: Read, box: Box, bounds: Box, config: InferenceConfig
) -> BlockPrediction:
    *_, last = predict_block(network, read, box, bounds, config)
    assert isinstance(last, BlockPrediction)
    return last


def joined(predictions: Sequence[BlockPrediction], region: Box) -> NDArray[np.uint8]:
    """All arrays of all blocks, put together, (arrays, z, y, x)."""
    whole = np.zeros((2 + len(predictions[0].planes), *region.shape), np.uint8)
    for p in predictions:
        where = p.box.relative_to(region).slices
        arrays = [p.probability, p.disagreement, *p.planes.values()]
        whole[(slice(None), *where)] = np.stack(arrays)
    return whole


def close(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 40, 3), (37, 31, 41), (5, 67, 70)])
@pytest.mark.parametrize("grid", [(16, 16, 16), (64, 32, 7)])
def test_a_pointwise_network_gives_the_same_on_any_grid_and_tiling(
    pointwise: nn.Module, volume: Volume, reader: Reader, config: Config, shape: Zyx, grid: Zyx
) -> None:
    voxels, bounds = volume(shape), Box.of(shape)
    settings = config(planes=THREE, halo=5, views="none", tiles=TileConfig(tile=32, overlap=8))
    parts = [
        end(pointwise, reader(voxels), block, bounds, settings)
        for block in BlockGrid(bounds, grid).blocks
    ]
    expected = to_uint8(torch.from_numpy(6 * (voxels - 0.5)).sigmoid().numpy())
    for array in np.delete(joined(parts, bounds), 1, axis=0):
        close(array, expected)


@pytest.mark.parametrize("shape", [(70, 67, 79), (1, 97, 101), (33, 1, 64)])
@pytest.mark.parametrize("grid", [(32, 32, 32), (64, 50, 40)])
def test_blocks_equal_the_whole_for_a_network_that_sees_no_farther_than_the_halo(
    pooling: nn.Module, volume: Volume, reader: Reader, config: Config, shape: Zyx, grid: Zyx
) -> None:
    voxels, bounds = volume(shape), Box.of(shape)
    settings = config(planes=THREE, halo=16, views="none")
    whole = joined([end(pooling, reader(voxels), bounds, bounds, settings)], bounds)
    parts = [
        end(pooling, reader(voxels), block, bounds, settings)
        for block in BlockGrid(bounds, grid).blocks
    ]
    close(joined(parts, bounds), whole)
    assert whole[2].std() > 1  # the network says something


def test_a_region_anywhere_equals_the_whole(
    pooling: nn.Module, volume: Volume, reader: Reader, config: Config
) -> None:
    voxels = volume((40, 90, 100))
    bounds, region = Box.of(voxels.shape), Box((11, 37, 41), (25, 71, 99))
    settings = config(planes=THREE, halo=16, views="none")
    whole = joined([end(pooling, reader(voxels), bounds, bounds, settings)], bounds)
    part = end(pooling, reader(voxels), region, bounds, settings)
    close(joined([part], region), whole[(slice(None), *region.slices)])


def test_without_a_halo_the_seams_would_show(
    pooling: nn.Module, volume: Volume, reader: Reader, config: Config
) -> None:
    voxels = volume((1, 64, 64))
    bounds, block = Box.of(voxels.shape), Box((0, 0, 0), (1, 32, 32))
    results = [
        end(pooling, reader(voxels), block, bounds, config(planes=(XY,), halo=h, views="none"))
        for h in (0, 16)
    ]
    difference = results[0].probability.astype(int) - results[1].probability
    assert np.abs(difference).max() > 2


def test_planes_are_fused_as_configured_and_stored_planes_fuse_to_the_same(
    pooling: nn.Module, volume: Volume, reader: Reader, config: Config
) -> None:
    voxels = volume((33, 34, 35))
    settings = config(planes=THREE, fuse="vote", vote=3)
    bounds = Box.of(voxels.shape)
    found = end(pooling, reader(voxels), bounds, bounds, settings)
    assert tuple(found.planes) == THREE
    np.testing.assert_array_equal(found.probability, fuse(found.planes, settings))
    np.testing.assert_array_equal(found.disagreement, disagreement(found.planes))
    assert found.disagreement.max() > 0
    for array in (found.probability, found.disagreement, *found.planes.values()):
        assert array.shape == bounds.shape
        assert array.dtype == np.uint8
        assert array.flags.c_contiguous


def test_each_plane_sees_its_own_slices(config: Config, reader: Reader) -> None:
    def across(images: torch.Tensor) -> torch.Tensor:
        return 6 * images - 3 + 0 * images + 2 * (images.roll(1, -1) - images)

    voxels = np.random.default_rng(0).random((32, 64, 96), np.float32)
    bounds = Box.of(voxels.shape)
    found = end(across, reader(voxels), bounds, bounds, config(planes=THREE, views="none"))  # type: ignore[arg-type]
    for plane in Plane:
        rolled = np.roll(voxels, 1, axis=plane.columns)
        logits = torch.from_numpy(6 * voxels - 3 + 2 * (rolled - voxels))
        close(found.planes[plane], to_uint8(logits.sigmoid().numpy()))


def test_auto_planes_follow_the_voxel_size_of_the_whole(
    pointwise: nn.Module, volume: Volume, reader: Reader, config: Config
) -> None:
    voxels, bounds = volume((40, 40, 40)), Box.of((40, 40, 40))
    block = Box((0, 0, 0), (4, 8, 8))
    for size, planes in ((VoxelSize(5, 1, 1), (XY,)), (None, THREE)):
        *_, last = predict_block(
            pointwise, reader(voxels), block, bounds, config(), voxel_size=size
        )
        assert isinstance(last, BlockPrediction)
        assert tuple(last.planes) == planes


def test_steps_count_the_tiles_of_all_planes_and_the_block_is_read_once(
    pointwise: nn.Module, volume: Volume, config: Config
) -> None:
    voxels, reads = volume((40, 50, 60)), list[Box]()

    def read(box: Box) -> NDArray[np.float32]:
        reads.append(box)
        return voxels[box.slices]

    bounds = Box.of(voxels.shape)
    *steps, _ = predict_block(pointwise, read, bounds, bounds, config(planes=THREE))
    assert all(isinstance(step, TileStep) and step.total == 150 for step in steps)
    done = [step.done for step in steps if isinstance(step, TileStep)]
    assert done == sorted(set(done))
    assert done[-1] == 150
    assert reads == [bounds]


def test_to_cancel_is_to_stop_asking(volume: Volume, reader: Reader, config: Config) -> None:
    calls = []

    def network(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        return images

    voxels = volume((200, 64, 64))
    bounds = Box.of(voxels.shape)
    events = predict_block(network, reader(voxels), bounds, bounds, config(views="none"))
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert len(calls) == 1


@pytest.mark.parametrize("plane", Plane)
def test_the_slice_in_view_is_what_its_plane_says_of_the_region(
    pooling: nn.Module, volume: Volume, reader: Reader, config: Config, plane: Plane
) -> None:
    voxels, region = volume((50, 60, 70)), Box((3, 5, 7), (40, 45, 50))
    read, settings = reader(voxels), config(fuse="vote", vote=3)
    whole = end(pooling, read, region, region, config(planes=THREE))
    found = predict_slice(pooling, read, plane, 20, region, settings)
    index = 20 - region.start[plane.normal]
    close(found, whole.planes[plane].take(index, axis=plane.normal))
    with pytest.raises(CallerError, match="outside"):
        predict_slice(pooling, read, plane, 2, region, settings)


def test_a_constant_volume_has_a_constant_probability(
    pointwise: nn.Module, reader: Reader, config: Config
) -> None:
    voxels = np.zeros((9, 70, 70), np.float32)
    bounds = Box.of(voxels.shape)
    found = end(
        pointwise, reader(voxels), bounds, bounds, config(tiles=TileConfig(tile=32, overlap=8))
    )
    assert np.unique(found.probability).tolist() == [12]  # sigmoid(-3) × 255
