import numpy as np
import pytest
import tifffile
import yaozarrs

from napari_vessel.errors import ExportError, OutputExistsError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import VolumeOptions, _convert, open_volume, slow_planes
from napari_vessel.workflows import WORKFLOWS, Convert, Converted

SHAPE = (24, 100, 90)


def voxels(shape=SHAPE, dtype="u2"):
    return np.random.default_rng(5).integers(1, 60_000, shape).astype(dtype)


def slices(folder, data):
    folder.mkdir()
    for z, page in enumerate(data):
        tifffile.imwrite(folder / f"{z:04}.tif", page, compression="zlib")
    return folder


def run(request):
    *_, last = WORKFLOWS["convert"](request)
    assert isinstance(last, Converted)
    return last


def whole(volume, level=0):
    return volume.read(Box.of(volume.shapes[level]), level)


@pytest.fixture
def small(monkeypatch):
    """Several shards, slabs and levels of a small volume."""
    monkeypatch.setattr(_convert, "_CHUNK", 32)
    monkeypatch.setattr(_convert, "_SHARD", (16, 64, 64))
    monkeypatch.setattr(_convert, "_DEEP", (8,))
    monkeypatch.setattr("napari_vessel.volumes._pyramid._SMALLEST", 80)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4"])
def test_slices_become_an_equal_pyramid_that_others_accept(tmp_path, small, dtype):
    data = voxels(dtype=dtype)
    source = slices(tmp_path / "in", data)
    options = VolumeOptions(voxel_size=VoxelSize(5, 3, 2))
    result = run(Convert(str(source), tmp_path / "out.ome.zarr", options, workers=3))
    found = open_volume(result.path)
    np.testing.assert_array_equal(whole(found), data)
    assert found.voxel_size == VoxelSize(5, 3, 2)
    assert len(found.shapes) > 1
    whole(found, 1)
    yaozarrs.validate_zarr_store(result.path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out.ome.zarr"]


def test_a_chunked_volume_is_read_in_whole_shards(tmp_path, small):
    from tests.volumes.zarr_writing import write_ome_zarr

    write_ome_zarr(tmp_path / "in.zarr", voxels(), levels=1, version="0.4")
    result = run(Convert(str(tmp_path / "in.zarr"), tmp_path / "out.ome.zarr"))
    np.testing.assert_array_equal(whole(open_volume(result.path)), voxels())


def test_an_unknown_voxel_size_stays_unknown(tmp_path, small):
    result = run(Convert(str(slices(tmp_path / "in", voxels())), tmp_path / "out.ome.zarr"))
    assert not open_volume(result.path).voxel_size_known


@pytest.mark.parametrize("stop", [1, 5, 11, 14])
def test_a_conversion_goes_on_where_it_broke_off(tmp_path, small, stop, monkeypatch):
    source = slices(tmp_path / "in", voxels())
    request = Convert(str(source), tmp_path / "out.ome.zarr")
    events = WORKFLOWS["convert"](request)
    for _ in range(stop):
        next(events)
    events.close()
    assert not request.out.exists()
    written = []
    real = _convert._Conversion._written
    monkeypatch.setattr(
        _convert._Conversion, "_written", lambda self, *a: (written.append(a[1]), real(self, *a))
    )
    result = run(request)
    assert result.resumed
    assert len(written) <= max(12 - stop, 0) + 2
    np.testing.assert_array_equal(whole(open_volume(result.path)), voxels())
    uninterrupted = run(Convert(str(source), tmp_path / "whole.ome.zarr"))
    for level in range(len(open_volume(result.path).shapes)):
        one, other = open_volume(result.path), open_volume(uninterrupted.path)
        np.testing.assert_array_equal(whole(one, level), whole(other, level))


def test_what_stands_there_and_the_input_are_safe(tmp_path, small):
    source = slices(tmp_path / "in", voxels())
    (tmp_path / "dear").mkdir()
    (tmp_path / "dear" / "photo").write_text("dear")
    with pytest.raises(OutputExistsError):
        run(Convert(str(source), tmp_path / "dear"))
    with pytest.raises(ExportError, match="does not look like"):
        run(Convert(str(source), tmp_path / "dear", overwrite=True))
    with pytest.raises(ExportError, match="would harm"):
        run(Convert(str(source), source / "out.ome.zarr"))


def test_memory_is_bounded_by_slab_and_shards_never_by_the_volume(tmp_path):
    small = open_volume(slices(tmp_path / "a", voxels((3, 20, 20))))
    long = open_volume(slices(tmp_path / "b", voxels((40, 20, 20))))
    assert (
        _convert.convert_plan(small, 2).memory_bytes == _convert.convert_plan(long, 2).memory_bytes
    )


def test_conversion_is_proposed_where_side_views_are_slow_and_only_there(tmp_path, monkeypatch):
    monkeypatch.setattr(_convert, "_MUCH", 0)
    source = slices(tmp_path / "in", voxels())
    assert "XZ, YZ" in slow_planes(open_volume(source))
    monkeypatch.setattr(_convert, "_CHUNK", 32)
    result = run(Convert(str(source), tmp_path / "out.ome.zarr"))
    assert slow_planes(open_volume(result.path)) is None
