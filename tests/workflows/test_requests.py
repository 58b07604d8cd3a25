import pickle

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import volume_of_array
from napari_vessel.workflows import WORKFLOWS, NewProject, Progress, Propose, Proposed, forecast
from napari_vessel.workflows._boxes import chunk_of

CARD = CheckpointCard(voxel_size_um=(50, 50, 50))


def test_requests_and_events_survive_the_pipe(tmp_path):
    for value in (
        NewProject("a", tmp_path, box=Box((0, 0, 0), (1, 1, 1))),
        Propose(tmp_path),
        Progress(1, 2, "blocks", "x"),
        Proposed("a", "complete", 1, (), 0.5, 3),
    ):
        assert pickle.loads(pickle.dumps(value)) == value


def test_a_project_goes_beside_its_volume_by_default(volume):
    created = list(WORKFLOWS["new"](NewProject(str(volume))))[-1]
    assert created.path == volume.with_suffix(".vessel")
    assert created.region == Box.of((16, 64, 64))


@pytest.mark.parametrize(
    "block", [(64, 256, 256), (16, 32, 64), (1, 1, 1), (100, 300, 257), (48, 48, 48), (7, 640, 131)]
)
def test_a_block_holds_whole_chunks(block):
    assert not any(edge % part for edge, part in zip(block, chunk_of(block), strict=True))


def forecast_of(edge, size, **options):
    voxels = np.broadcast_to(np.uint8(200), (edge, edge, edge))
    volume = volume_of_array(voxels, voxel_size=VoxelSize(size, size, size), uri="x")
    return forecast(volume, InferenceConfig(halo=0, **options), trial=False, card=CARD)


def test_what_the_network_sees_is_forecast_at_its_own_voxel_size_and_planes():
    whole = forecast_of(256, 50).network_pixels
    assert forecast_of(256, 25).network_pixels == pytest.approx(whole / 8)
    # Finer pixels in each plane, its slices as many as before.
    assert forecast_of(256, 100).network_pixels == pytest.approx(whole * 4)
    assert forecast_of(256, 50, planes=(Plane.XY,)).network_pixels == pytest.approx(whole / 3)
    assert forecast_of(1024, 25).memory_bytes < 3e9  # though its blocks hold more voxels


def test_memory_is_forecast_by_the_block_and_disk_by_the_volume():
    small, large = (
        volume_of_array(
            np.broadcast_to(np.uint8(0), (edge, 512, 512)), voxel_size=VoxelSize(1, 1, 1), uri="x"
        )
        for edge in (4096, 16384)
    )
    one, other = (forecast(v, InferenceConfig(), trial=False) for v in (small, large))
    assert one.memory_bytes == other.memory_bytes
    planes = 3  # apart, each on the disk until they are fused
    # Beside what a block takes while it is worked on.
    more = (3 * 8 / 7 + planes) * 3 * 4096 * 512 * 512
    assert other.disk_bytes - one.disk_bytes == pytest.approx(more, rel=0.01)
    assert one.seconds is None
