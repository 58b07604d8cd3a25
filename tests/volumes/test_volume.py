import json

import numpy as np
import pytest
import zarr

from napari_vessel.errors import CallerError, ReadError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import VolumeOptions, WindowConfig, open_volume, volume_of_array
from napari_vessel.volumes._sample import sample_boxes

from .source_contract import truth
from .zarr_writing import voxels, write_ome_zarr


def test_nothing_told_means_one_micrometre_and_not_known():
    volume = volume_of_array(truth())
    assert volume.voxel_size == VoxelSize(1, 1, 1)
    assert not volume.voxel_size_known


def test_a_persons_voxel_size_goes_before_the_files_and_scales_with_the_level(tmp_path):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), scale=[9.0, 9.0, 9.0])
    options = VolumeOptions(voxel_size=VoxelSize(5, 2, 2), level=1)
    volume = open_volume(path, options)
    assert volume.voxel_size == VoxelSize(10, 4, 4)
    assert volume.voxel_size_known


def test_a_coarse_level_of_a_single_scale_volume_can_be_worked_on(tmp_path):
    data = np.random.default_rng(1).integers(0, 9, (4, 1200, 8)).astype("u1")
    volume = volume_of_array(data, options=VolumeOptions(level=1), voxel_size=VoxelSize(5, 2, 2))
    assert volume.shape == (4, 600, 8)
    assert volume.voxel_size == VoxelSize(5, 4, 2)
    assert volume.origin_um == (0, 1, 0)
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), volume.pyramid()[0].compute())


def test_the_summary_is_json_and_reads_no_voxels(tmp_path):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels())
    volume = open_volume(path)
    for file in (path / "0" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage")
    summary = json.loads(json.dumps(volume.describe()))
    assert summary["shape"] == [11, 37, 29]
    assert summary["levels"] == [[11, 37, 29], [6, 19, 15]]
    assert summary["bytes"] == 2 * 11 * 37 * 29


def test_the_window_is_found_once_and_is_the_same_again(tmp_path):
    np.save(tmp_path / "a.npy", truth(shape=(60, 90, 80)))
    first, second = open_volume(tmp_path / "a.npy"), open_volume(tmp_path / "a.npy")
    assert first.window() is first.window()
    assert first.window() == second.window()


def test_the_windows_sample_is_bounded(monkeypatch):
    data = np.broadcast_to(np.arange(300, dtype="u2")[:, None, None], (300, 200, 200))
    config = WindowConfig(voxels=2**14, pieces=10)
    volume = volume_of_array(data, options=VolumeOptions(window=config))
    asked = []
    read = volume.source.read
    monkeypatch.setattr(
        volume.source, "read", lambda box, level: asked.append(box) or read(box, level)
    )
    volume.organ()  # is a coarse look at the whole, bounded on its own
    asked.clear()
    window = volume.window()
    assert len(asked) == 10
    assert 0 <= window.low < 30
    assert 270 < window.high < 300


def test_a_damaged_piece_does_not_spoil_the_window(tmp_path):
    data = truth(shape=(16, 32, 32))
    zarr.create_array(tmp_path / "a.zarr", data=data, chunks=(8, 16, 16))
    (tmp_path / "a.zarr" / "c" / "0" / "0" / "0").write_bytes(b"garbage")
    window = open_volume(tmp_path / "a.zarr").window()
    assert window.high > 60_000
    for file in (tmp_path / "a.zarr" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage")
    with pytest.raises(ReadError, match="damaged"):
        open_volume(tmp_path / "a.zarr").window()


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 5, 3), (1000, 10, 10), (2, 3000, 9)])
@pytest.mark.parametrize("pieces", [1, 7, 24])
def test_sample_boxes_lie_within_and_do_not_overlap(shape, pieces):
    boxes = list(sample_boxes(shape, (1, 5, 4), pieces))
    assert 1 <= len(boxes) <= pieces
    assert len({box.start for box in boxes}) == len(boxes)
    assert all(Box.of(shape).contains(box) and box.size for box in boxes)


def test_a_box_outside_is_refused():
    with pytest.raises(CallerError, match="outside of level 0"):
        volume_of_array(truth()).read(Box((0, 0, 0), (12, 1, 1)))


def test_a_constant_volume_maps_to_zero():
    volume = volume_of_array(np.full((4, 5, 6), 9, "u1"))
    assert not volume.window().apply(volume.read(Box.of(volume.shape))).any()
