import json
import os
import shutil

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from napari_vessel.errors import CallerError, ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import VolumeOptions, open_volume

from .source_contract import SourceContract
from .zarr_writing import voxels, write_ome_zarr


@pytest.fixture(params=["0.4", "0.5"])
def version(request):
    return request.param


class TestOmeZarrSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path, version):
        path = write_ome_zarr(tmp_path / "größe 1.ome.zarr", voxels(), version=version)
        return open_volume(path).source


class TestShardedOmeZarrSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        path = tmp_path / "a.zarr"
        write_ome_zarr(path, voxels(), levels=1, chunks=(4, 8, 8), shards=(8, 32, 16))
        return open_volume(path).source


class TestPlainZarrSource(SourceContract):
    @pytest.fixture(params=[2, 3])
    def source(self, tmp_path, request):
        zarr.create_array(
            tmp_path / "a.zarr", data=voxels(), zarr_format=request.param, chunks=(5, 16, 9)
        )
        return open_volume(tmp_path / "a.zarr").source

    def test_its_voxel_size_is_not_known(self, source):
        assert source.voxel_size is None
        assert not source.voxel_size_known


class TestTransposedOmeZarrSource(SourceContract):
    """As the Human Organ Atlas stores its arrays: x, y, z."""

    @pytest.fixture
    def source(self, tmp_path, version):
        data = np.ascontiguousarray(voxels().T)
        path = write_ome_zarr(
            tmp_path / "a.zarr", data, version=version, axes="xyz", scale=[3.0, 2.0, 1.0],
            chunks=(6, 7, 8),
        )  # fmt: skip
        return open_volume(path).source

    def test_its_voxel_size_is_zyx(self, source):
        assert source.voxel_size == VoxelSize(1, 2, 3)
        assert source.chunk == (8, 7, 6)


def whole(volume):
    return volume.read(Box.of(volume.shape))


@pytest.mark.parametrize(
    ("unit", "um"), [("nanometer", 0.001), ("micrometer", 1), ("millimeter", 1000), ("µm", 1)]
)
@pytest.mark.filterwarnings("ignore:Warning. Space axis unit")
def test_units_become_micrometres(tmp_path, version, unit, um):
    path = write_ome_zarr(
        tmp_path / "a.zarr", voxels(), version=version, scale=[5.0, 1.5, 1.5], unit=unit
    )
    volume = open_volume(path)
    assert volume.voxel_size.zyx == pytest.approx((5 * um, 1.5 * um, 1.5 * um))
    assert volume.voxel_size_known


def test_a_size_without_a_unit_is_kept_but_not_known(tmp_path, version):
    path = write_ome_zarr(
        tmp_path / "a.zarr", voxels(), version=version, scale=[5.0, 1.5, 1.5], unit=None
    )
    volume = open_volume(path)
    assert volume.voxel_size == VoxelSize(5, 1.5, 1.5)
    assert not volume.voxel_size_known


def test_all_transformations_are_multiplied(tmp_path, version):
    outer = [
        {"type": "scale", "scale": [10.0, 10.0, 10.0]},
        {"type": "translation", "translation": [1.0, 2.0, 3.0]},
    ]
    path = write_ome_zarr(
        tmp_path / "a.zarr", voxels(), version=version, scale=[0.5, 0.2, 0.1], outer=outer,
        translation=[4.0, 5.0, 6.0], levels=3,
    )  # fmt: skip
    volume = open_volume(path)
    assert volume.voxel_size.zyx == pytest.approx((5, 2, 1))
    assert volume.origin_um == pytest.approx((41, 52, 63))
    np.testing.assert_allclose(volume.source.factors, [(1, 1, 1), (2, 2, 2), (4, 4, 4)])


def test_a_level_can_be_chosen_and_its_voxels_are_as_much_larger(tmp_path, version):
    data = voxels()
    path = write_ome_zarr(tmp_path / "a.zarr", data, version=version, scale=[5.0, 2.0, 2.0])
    volume = open_volume(path, VolumeOptions(level=1))
    assert volume.shape == (6, 19, 15)
    assert volume.voxel_size == VoxelSize(10, 4, 4)
    np.testing.assert_array_equal(whole(volume), data[::2, ::2, ::2])
    assert len(volume.pyramid()) == 1
    with pytest.raises(CallerError, match="levels 0 to 1"):
        open_volume(path, VolumeOptions(level=2))


def test_a_channel_is_chosen_by_number(tmp_path, version):
    data = voxels((1, 3, 5, 6, 7))
    path = write_ome_zarr(tmp_path / "a.zarr", data, version=version, axes="tczyx")
    with pytest.raises(UnsupportedVolumeError, match="3 channels; choose one of 0 to 2"):
        open_volume(path)
    volume = open_volume(path, VolumeOptions(channel=2))
    np.testing.assert_array_equal(whole(volume), data[0, 2])
    assert volume.fingerprint != open_volume(path, VolumeOptions(channel=1)).fingerprint


def test_several_time_points_are_refused(tmp_path, version):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels((2, 5, 6, 7)), version=version, axes="tzyx")
    with pytest.raises(UnsupportedVolumeError, match="2 time points"):
        open_volume(path)


def test_an_image_without_z_is_refused(tmp_path, version):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels((6, 7)), version=version, axes="yx")
    with pytest.raises(UnsupportedVolumeError, match="2-D"):
        open_volume(path)


@pytest.mark.parametrize("dtype", [">u2", "<i4", ">f4", "?", "u1", "f8"])
def test_every_number_type_reads_as_its_native_self(tmp_path, version, dtype):
    data = (voxels() % 2).astype(dtype)
    path = write_ome_zarr(tmp_path / "a.zarr", data, version=version)
    found = whole(open_volume(path))
    np.testing.assert_array_equal(found, data)
    assert found.dtype.isnative
    assert found.dtype == (np.dtype("u1") if dtype == "?" else np.dtype(dtype).newbyteorder("="))


def test_complex_voxels_are_refused(tmp_path, version):
    write_ome_zarr(tmp_path / "a.zarr", voxels().astype("c8"), version=version)
    with pytest.raises(UnsupportedVolumeError, match="expected integers, floats or bool"):
        open_volume(tmp_path / "a.zarr")


def chunk_files(path):
    documents = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"}
    return sorted(p for p in path.rglob("*") if p.is_file() and p.name not in documents)


def test_opening_reads_no_voxels_and_missing_chunks_are_counted_once(tmp_path, version):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), version=version, fill_value=7)
    for file in chunk_files(path):
        file.unlink()
    volume = open_volume(path)
    volume.pyramid()
    assert volume.fingerprint
    assert volume.missing_chunks == 0
    for _ in range(2):
        assert (volume.read(Box((0, 0, 0), (1, 17, 1))) == 7).all()
        assert volume.missing_chunks == 2


def test_a_missing_chunk_is_an_error_if_asked_for(tmp_path, version):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), version=version)
    for file in chunk_files(path):
        file.unlink()
    volume = open_volume(path, VolumeOptions(missing="error"))
    with pytest.raises(ReadError, match=r"0[./]0[./]0 of .*a\.zarr is missing"):
        volume.read(Box((0, 0, 0), (1, 1, 1)))


CODECS = {
    "blosc of 0.4": ("0.4", {}),
    "zstd": ("0.5", {"compressors": ZstdCodec()}),
    "blosc": ("0.5", {"compressors": BloscCodec()}),
    "none": ("0.5", {"compressors": None}),
    "gzip": ("0.5", {"compressors": GzipCodec()}),
}


@pytest.mark.parametrize("damage", [b"", b"<html>Sorry</html>", None])
@pytest.mark.parametrize("codec", CODECS)
def test_a_damaged_chunk_is_named_and_the_others_read(tmp_path, damage, codec):
    version, options = CODECS[codec]
    data = voxels()
    path = write_ome_zarr(tmp_path / "a.zarr", data, version=version, **options)
    file = path / "0" / ("c/0/1/0" if version == "0.5" else "0.1.0")
    file = file if file.exists() else path / "0" / "0" / "1" / "0"
    file.write_bytes(file.read_bytes()[:40] if damage is None else damage)
    volume = open_volume(path)
    with pytest.raises(ReadError, match=r"Chunk 0/1/0 of .*a\.zarr/0 is damaged"):
        whole(volume)
    np.testing.assert_array_equal(volume.read(Box((0, 0, 0), (11, 16, 29))), data[:, :16])
    holes = []
    shown = volume.pyramid(holes.append)[0].compute()
    assert len(holes) == 1
    assert not shown[:, 16:32, :16].any()
    np.testing.assert_array_equal(shown[:, :16], data[:, :16])


def test_a_moved_volume_keeps_its_fingerprint_and_a_changed_one_does_not(tmp_path, version):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), version=version)
    before = open_volume(path).fingerprint
    moved = shutil.copytree(path, tmp_path / "b.zarr")
    zarr.open_group(moved, mode="r+").attrs["note"] = "looked at"
    assert open_volume(moved).fingerprint == before
    other = write_ome_zarr(tmp_path / "c.zarr", voxels((12, 37, 29)), version=version)
    assert open_volume(other).fingerprint != before


def array_document(path, version):
    return path / "0" / ("zarr.json" if version == "0.5" else ".zarray")


def edited(tmp_path, version, edit):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), version=version)
    file = array_document(path, version)
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))
    return path


def set_chunk(content, chunk):
    if "chunks" in content:
        content["chunks"] = chunk
    else:
        content["chunk_grid"]["configuration"]["chunk_shape"] = chunk


@pytest.mark.parametrize(
    "shape",
    [[2**62, 2**62, 4], [-1, 5, 5], ["11", 37, 29], [0, 5, 5], [2**40, 9, 9], 7, None, [1.5, 2, 2]],
)
def test_a_shape_no_volume_has_is_refused(tmp_path, version, shape):
    path = edited(tmp_path, version, lambda content: content.update(shape=shape))
    with pytest.raises(UnsupportedVolumeError, match=r"a\.zarr"):
        open_volume(path)


@pytest.mark.parametrize(
    "chunk", [[0, 16, 16], [-1, 16, 16], [2**11, 2**11, 2**11], ["1", 1, 1], [16, 16], None]
)
def test_chunks_that_cannot_be_read_are_refused(tmp_path, version, chunk):
    path = edited(tmp_path, version, lambda content: set_chunk(content, chunk))
    with pytest.raises(UnsupportedVolumeError, match=r"a\.zarr"):
        open_volume(path)


def test_a_billion_chunks_are_refused(tmp_path, version):
    def edit(content):
        content["shape"] = [1000, 1000, 1000]
        set_chunk(content, [1, 1, 1])

    with pytest.raises(UnsupportedVolumeError, match=r"1,000,000,000 chunks"):
        open_volume(edited(tmp_path, version, edit))


@pytest.mark.parametrize("codec", ["pickle", "json2", "no-such-codec"])
def test_codecs_that_run_code_or_are_unknown_are_refused(tmp_path, version, codec):
    def edit(content):
        if "filters" in content:
            content["filters"] = [{"id": codec}]
        else:
            content["codecs"].append({"name": f"numcodecs.{codec}", "configuration": {}})

    with pytest.raises(UnsupportedVolumeError, match=f"{codec}.*not supported"):
        open_volume(edited(tmp_path, version, edit))


@pytest.mark.parametrize("outside", ["../b.zarr/0", "/etc", "a/../../b.zarr/0", "http://x/y"])
def test_a_level_outside_of_the_volume_is_refused(tmp_path, version, outside):
    write_ome_zarr(tmp_path / "b.zarr", voxels(), version=version)
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), version=version)
    file = path / ("zarr.json" if version == "0.5" else ".zattrs")
    file.write_text(file.read_text().replace('"path": "0"', f'"path": "{outside}"'))
    with pytest.raises(UnsupportedVolumeError, match=r"leads out of|not a valid Zarr node"):
        open_volume(path)


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_a_link_out_of_the_volume_is_not_followed(tmp_path, version):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels(), version=version)
    secret = tmp_path / "secret"
    secret.write_bytes(chunk_files(path)[0].read_bytes())
    for file in chunk_files(path):
        file.unlink()
        file.symlink_to(secret)
    with pytest.raises(UnsupportedVolumeError, match="leads out"):
        whole(open_volume(path))


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"node_type": 3}', "[" * 10**5])
def test_damaged_documents_are_refused_in_words(tmp_path, content):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels())
    for file in (path / "0" / "zarr.json", path / "zarr.json"):
        file.write_text(content)
        with pytest.raises(UnsupportedVolumeError, match=r"a\.zarr"):
            open_volume(path)


def test_metadata_of_other_versions_is_refused_by_name(tmp_path):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels())
    file = path / "zarr.json"
    file.write_text(file.read_text().replace('"version": "0.5"', '"version": "0.9"'))
    with pytest.raises(UnsupportedVolumeError, match=r"0\.9.*Expected version 0\.4 or 0\.5"):
        open_volume(path)


def test_a_group_without_an_image_is_refused_with_advice(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w").attrs["ome"] = {"bioformats2raw.layout": 3}
    with pytest.raises(UnsupportedVolumeError, match="subfolder 0"):
        open_volume(tmp_path / "a.zarr")


def test_levels_of_unlike_type_are_refused(tmp_path):
    path = write_ome_zarr(tmp_path / "a.zarr", voxels())
    level = zarr.open_array(path / "1")
    level_data = level[:].astype("u1")
    shutil.rmtree(path / "1")
    zarr.save_array(path / "1", level_data)
    with pytest.raises(UnsupportedVolumeError, match="level '1'"):
        open_volume(path)
