import json

import numpy as np
import pytest
import tensorstore

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box
from napari_vessel.volumes import VolumeOptions, open_volume

from .http_server import serving
from .source_contract import SourceContract, truth

PACKED = {
    "raw": {"type": "raw"},
    "gzip": {"type": "gzip", "level": 1},
    "zlib": {"type": "gzip", "useZlib": True},
    "bzip2": {"type": "bzip2"},
    "xz": {"type": "xz"},
    "blosc": {"type": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 1, "blocksize": 0},
}


def write(path, data, packing="blosc", blocks=(16, 16, 4)):
    """Write zyx voxels with tensorstore, whose N5 axes are x, y, z."""
    dataset = tensorstore.open(
        {"driver": "n5", "kvstore": {"driver": "file", "path": str(path)},
         "metadata": {"compression": PACKED[packing], "dataType": str(data.dtype),
                      "dimensions": data.shape[::-1], "blockSize": blocks}},
        create=True,
    ).result()  # fmt: skip
    dataset[...] = np.ascontiguousarray(data.T)
    return path


def pyramid(root, data, **attributes):
    write(root / "s0", data)
    write(root / "s1", data[::2, ::2, ::2])
    (root / "attributes.json").write_text(json.dumps({"n5": "2.0.0", **attributes}))
    return root


def whole(volume):
    return volume.read(Box.of(volume.shape))


class TestN5Source(SourceContract):
    @pytest.fixture(params=sorted(PACKED))
    def source(self, tmp_path, request):
        return open_volume(write(tmp_path / "a.n5", truth(), request.param)).source


class TestN5Pyramid(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        return open_volume(pyramid(tmp_path / "a", truth())).source


class TestRemoteN5(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        pyramid(tmp_path / "a", truth())
        with serving(tmp_path) as (address, _):
            yield open_volume(f"n5://{address}/a/").source


def test_scales_resolution_and_places(tmp_path):
    told = {"pixelResolution": {"dimensions": [2.0, 3.0, 5.0], "unit": "um"}}
    volume = open_volume(pyramid(tmp_path / "a", truth(), **told))
    assert volume.voxel_size.zyx == (5, 3, 2)
    assert volume.voxel_size_known
    assert volume.factors == [(1, 1, 1), (2, 2, 2)]
    np.testing.assert_array_equal(volume.read(Box.of(volume.shapes[1]), 1), truth()[::2, ::2, ::2])


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u4", "i8", "f4", "f8"])
def test_every_type_reads_as_written(tmp_path, dtype):
    data = truth(dtype)
    found = whole(open_volume(write(tmp_path / "a", data)))
    assert found.dtype == data.dtype
    np.testing.assert_array_equal(found, data)


def test_a_missing_block_is_counted_and_can_be_an_error(tmp_path):
    write(tmp_path / "a", truth())
    (tmp_path / "a" / "1" / "0" / "2").unlink()
    volume = open_volume(tmp_path / "a")
    assert not whole(volume)[8:, :16, 16:].any()
    assert volume.missing_chunks == 1
    with pytest.raises(ReadError, match="missing"):
        whole(open_volume(tmp_path / "a", VolumeOptions(missing="error")))


@pytest.mark.parametrize("packing", sorted(PACKED))
@pytest.mark.parametrize("part", [0.0, 0.05, 0.5, 0.95])
def test_a_cut_block_is_named(tmp_path, packing, part):
    write(tmp_path / "a", truth(), packing)
    block = tmp_path / "a" / "1" / "0" / "2"
    content = block.read_bytes()
    block.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ReadError, match=r"Chunk 2/0/1 of .*a is damaged"):
        whole(open_volume(tmp_path / "a"))


def test_a_block_that_would_fill_the_memory_is_refused(tmp_path):
    import zlib

    write(tmp_path / "a", truth(), "gzip")
    block = tmp_path / "a" / "0" / "0" / "0"
    head = block.read_bytes()[:16]
    block.write_bytes(head[:4] + b"\x7f\xff\xff\xff" * 3 + zlib.compress(bytes(10**7)))
    with pytest.raises(ReadError, match="larger than"):
        whole(open_volume(tmp_path / "a"))


def test_a_group_without_scales_says_what_to_open(tmp_path):
    (tmp_path / "attributes.json").write_text('{"n5": "2.0.0"}')
    with pytest.raises(UnsupportedVolumeError, match="s0, s1"):
        open_volume(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"dimensions": [2**62, 2**62, 2]}, {"dimensions": [-1, 2, 3]}, {"dimensions": "many"},
     {"dimensions": [3, 4]}, {"blockSize": [0, 1, 1]}, {"blockSize": [2**40] * 3},
     {"dataType": "object"}, {"dataType": 3}, {"blockSize": None}],
)  # fmt: skip
def test_metadata_that_no_volume_has_is_refused(tmp_path, change):
    write(tmp_path / "a", truth())
    path = tmp_path / "a" / "attributes.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(VesselError):
        open_volume(tmp_path / "a")


def test_links_out_of_the_folder_are_refused(tmp_path):
    write(tmp_path / "a", truth())
    block = tmp_path / "a" / "0" / "0" / "0"
    block.rename(tmp_path / "outside")
    block.symlink_to(tmp_path / "outside")
    with pytest.raises(VesselError, match="leads out"):
        whole(open_volume(tmp_path / "a"))
