"""Chunks kept on this computer: right, bounded, and safe with several viewers."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box
from napari_vessel.volumes import CacheConfig, RetryConfig, VolumeOptions, open_volume, the_cache
from napari_vessel.volumes._chunk_cache import ChunkCache

from .http_server import serving
from .zarr_writing import voxels, write_ome_zarr

QUICK = RetryConfig(attempts=2, first_wait_s=0.01, request_s=0.5, total_s=1.0, rest_s=0.3)
CHUNK = "/0/c/0/1/0"


@pytest.fixture
def kept(no_cache_of_the_person):
    the_cache().configure(CacheConfig(limit_gb=1))
    return the_cache()


@pytest.fixture
def served(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", voxels(), version="0.5")
    with serving(tmp_path) as (address, switched):
        yield f"{address}/a.zarr", switched, tmp_path / "a.zarr"


def opened(url, **options):
    return open_volume(url, VolumeOptions(retries=QUICK, **options))


def whole(volume):
    return volume.read(Box.of(volume.shape))


def test_a_chunk_is_asked_of_the_server_once(served, kept):
    url, switched, _ = served
    np.testing.assert_array_equal(whole(opened(url)), voxels())
    switched.set("fine")
    np.testing.assert_array_equal(whole(opened(url)), voxels())  # another viewer
    assert all(path.endswith("zarr.json") for path in switched.asked)
    assert kept.state().chunks == 3 * 2  # of 16³ in 11 × 37 × 29


def test_a_volume_written_anew_is_not_shown_from_what_was_kept(served, kept):
    url, _, path = served
    whole(opened(url))
    write_ome_zarr(path, voxels() + 1, version="0.5")
    for file in path.rglob("zarr.json"):
        os.utime(file, (time.time() + 100, time.time() + 100))
    np.testing.assert_array_equal(whole(opened(url)), voxels() + 1)


def test_a_server_that_tells_no_time_keeps_nothing(served, kept, monkeypatch):
    from .http_server import Handler

    monkeypatch.setattr(Handler, "date_time_string", lambda self, timestamp=None: "")
    url, _, _ = served
    np.testing.assert_array_equal(whole(opened(url)), voxels())
    assert kept.state().chunks == 0


@pytest.mark.parametrize("mode", ["html", "empty"])
def test_a_garbled_chunk_that_was_kept_is_asked_for_again(served, kept, mode):
    url, switched, _ = served
    switched.set(mode, only=CHUNK)
    with pytest.raises(ReadError, match="damaged"):
        whole(opened(url))
    switched.set("fine")
    np.testing.assert_array_equal(whole(opened(url)), voxels())


def test_a_missing_chunk_is_not_kept_and_counted_each_time(served, kept):
    url, switched, _ = served
    for _ in range(2):
        switched.set("404", only=CHUNK)
        volume = opened(url)
        whole(volume)
        assert volume.missing_chunks == 1
    switched.set("fine")
    np.testing.assert_array_equal(whole(opened(url)), voxels())


def test_secrets_of_an_address_are_not_in_the_cache(served, kept):
    url, _, _ = served
    whole(opened(url.replace("http://", "http://me:pa55word@") + "?sig=to1ken"))
    for file in kept.folder.rglob("*"):
        told = str(file).encode() + (file.read_bytes() if file.is_file() else b"")
        assert b"pa55word" not in told
        assert b"to1ken" not in told


def test_the_limit_is_kept_and_the_last_used_stay(tmp_path):
    cache = ChunkCache(tmp_path)
    cache.configure(CacheConfig(limit_gb=1e-4))  # 100 kB
    for number in range(40):
        cache.put(f"{number:064}", bytes(5000))
        os.utime(cache._path(f"{number:064}"), (number + 1, number + 1)) if cache._path(
            f"{number:064}"
        ).exists() else None
        assert cache.state().nbytes <= 115_000
    assert cache.get(f"{0:064}") is None
    assert cache.get(f"{39:064}") == bytes(5000)


def test_a_flipped_bit_is_not_given_back(tmp_path):
    cache = ChunkCache(tmp_path)
    cache.put("ab" * 32, b"voxels")
    path = cache._path("ab" * 32)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert cache.get("ab" * 32) is None
    assert not path.exists()


def test_a_limit_that_cannot_be_read_is_the_default(tmp_path):
    (tmp_path / "cache.json").write_text("{broken")
    assert ChunkCache(tmp_path).config == CacheConfig()
    (tmp_path / "cache.json").write_text(json.dumps({"limit_gb": -1}))
    assert ChunkCache(tmp_path).config == CacheConfig()


def test_a_folder_that_cannot_be_written_keeps_nothing_and_harms_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = ChunkCache(tmp_path / "file" / "chunks")
    cache.put("ab" * 32, b"voxels")
    assert cache.get("ab" * 32) is None
    assert cache.state().nbytes == 0


def test_two_viewers_share_the_folder(tmp_path):
    """Two processes write and drop the same names; what is read is whole or absent."""
    code = (
        "import sys; from pathlib import Path; "
        "from napari_vessel.volumes._chunk_cache import ChunkCache, CacheConfig\n"
        "cache = ChunkCache(Path(sys.argv[1]))\n"
        "for n in range(600):\n"
        "    name = f'{n % 37:064}'\n"
        "    found = cache.get(name)\n"
        "    assert found is None or found == name.encode() * 100, name\n"
        "    cache.put(name, name.encode() * 100)\n"
    )
    ChunkCache(tmp_path).configure(CacheConfig(limit_gb=1e-4))
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert not [
        p for p in tmp_path.rglob("*") if p.is_file() and p.suffix not in {".chunk", ".json"}
    ]


def test_blocks_of_an_n5_are_kept_too(tmp_path, kept):
    from .test_n5 import pyramid

    pyramid(tmp_path / "a", voxels())
    with serving(tmp_path) as (address, switched):
        for _ in range(2):
            switched.set("fine")
            np.testing.assert_array_equal(whole(opened(f"n5://{address}/a")), voxels())
        assert all(path.endswith("attributes.json") for path in switched.asked)
