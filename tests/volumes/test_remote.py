import logging
import subprocess
import sys
import time
import traceback

import numpy as np
import pytest

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VolumeNotFoundError
from napari_vessel.geometry import Box
from napari_vessel.volumes import RetryConfig, VolumeOptions, open_volume

from .http_server import serving
from .source_contract import SourceContract
from .zarr_writing import voxels, write_ome_zarr

QUICK = RetryConfig(attempts=3, first_wait_s=0.01, request_s=0.5, total_s=1.5)
CHUNK = "/0/c/0/1/0"


@pytest.fixture
def served(tmp_path):
    write_ome_zarr(tmp_path / "größe 1.zarr", voxels(), version="0.5")
    write_ome_zarr(tmp_path / "old.zarr", voxels(), version="0.4")
    with serving(tmp_path) as (address, switched):
        yield address, switched


@pytest.fixture
def url(served):
    return f"{served[0]}/größe 1.zarr"


@pytest.fixture
def switched(served):
    return served[1]


def quick(url, **options):
    return open_volume(url, VolumeOptions(retries=QUICK, **options))


def whole(volume):
    return volume.read(Box.of(volume.shape))


class TestRemoteSource(SourceContract):
    @pytest.fixture(params=["größe 1.zarr", "old.zarr/"])
    def source(self, served, request):
        return quick(f"{served[0]}/{request.param}").source


def test_opening_asks_for_metadata_only(url, switched):
    quick(url).pyramid()
    assert switched.asked
    assert all(path.endswith("zarr.json") for path in switched.asked)
    assert len(switched.asked) == len(set(switched.asked))


@pytest.mark.parametrize("mode", ["500", "503", "429", "reset", "cut"])
def test_two_failures_and_then_the_right_voxels(url, switched, mode):
    volume = quick(url)
    switched.set(mode, only=CHUNK, times=2)
    np.testing.assert_array_equal(whole(volume), voxels())
    assert sum(path.endswith(CHUNK) for path in switched.asked) == 3


@pytest.mark.parametrize("mode", ["500", "429", "reset", "hang", "cut"])
def test_failing_for_ever_ends_in_an_error_naming_url_and_chunk(url, switched, mode):
    volume = quick(url)
    switched.set(mode, only=CHUNK)
    start = time.monotonic()
    with pytest.raises(ReadError, match=rf"größe 1\.zarr{CHUNK} cannot be read after"):
        whole(volume)
    assert time.monotonic() - start < 30  # liveness: it ends at all
    np.testing.assert_array_equal(volume.read(Box((0, 0, 0), (11, 16, 29))), voxels()[:, :16])


@pytest.mark.parametrize("mode", ["401", "403"])
def test_no_access_is_told_at_once(url, switched, mode):
    volume = quick(url)
    switched.set(mode, only=CHUNK)
    with pytest.raises(ReadError, match=f"No access to .*{CHUNK}"):
        whole(volume)
    assert sum(path.endswith(CHUNK) for path in switched.asked) == 1


@pytest.mark.parametrize(("mode", "words"), [("403", "No access"), ("503", "after 3 attempts")])
def test_a_server_that_refuses_metadata_is_an_error(url, switched, mode, words):
    switched.set(mode)
    with pytest.raises(ReadError, match=words):
        quick(url)


def test_a_missing_chunk_is_its_fill_value_and_counted(url, switched):
    volume = quick(url)
    switched.set("404", only=CHUNK)
    found = whole(volume)
    assert not found[:, 16:32, :16].any()
    np.testing.assert_array_equal(found[:, :16], voxels()[:, :16])
    assert volume.missing_chunks == 1


def test_a_missing_chunk_is_an_error_if_asked_for(url, switched):
    volume = quick(url, missing="error")
    switched.set("404", only=CHUNK)
    with pytest.raises(ReadError, match=r"Chunk 0/c/0/1/0 of .* is missing"):
        whole(volume)


@pytest.mark.parametrize("mode", ["empty", "html"])
def test_a_garbled_chunk_is_fetched_once_more_then_named(url, switched, mode):
    volume = quick(url)
    switched.set(mode, only=CHUNK, times=1)
    np.testing.assert_array_equal(whole(volume), voxels())
    switched.set(mode, only=CHUNK)
    with pytest.raises(ReadError, match=r"Chunk 0/1/0 of .*größe 1\.zarr/0 is damaged"):
        whole(volume)
    assert sum(path.endswith(CHUNK) for path in switched.asked) == 2


def test_an_address_without_zarr_is_not_found(served):
    with pytest.raises(VolumeNotFoundError, match="no zarr at"):
        quick(f"{served[0]}/nothing.zarr")


def test_a_server_that_is_not_there_is_an_error():
    with pytest.raises(ReadError, match="no connection"):
        quick("http://127.0.0.1:9/a.zarr")


@pytest.mark.parametrize("url", ["http://", "https:///a.zarr", "http://a:b/c"])
def test_an_address_without_a_host_is_refused(url):
    with pytest.raises(UnsupportedVolumeError, match="URL"):
        quick(url)


@pytest.mark.parametrize("mode", ["fine", "500", "403", "reset", "html", "404"])
def test_secrets_in_an_address_are_used_and_never_told(url, switched, mode, caplog):
    caplog.set_level(logging.DEBUG)
    secret = url.replace("http://", "http://me:pass1word@") + "?sig=to1ken&x=%2F"
    volume = quick(secret)
    switched.set(mode, only=CHUNK)
    told = [volume.uri, volume.fingerprint, repr(volume), str(volume.describe())]
    try:
        whole(volume)
    except ReadError as error:
        told += traceback.format_exception(error)
    ours = [record.getMessage() for record in caplog.records]
    assert not [text for text in (*told, *ours) if "pass1word" in text or "to1ken" in text]
    assert switched.queries <= {"sig=to1ken&x=/", "sig=to1ken&x=%2F"}
    assert switched.headers == {"Basic bWU6cGFzczF3b3Jk"}


def test_a_server_without_ranges_gives_the_right_voxels(tmp_path):
    path = tmp_path / "a.zarr"
    write_ome_zarr(path, voxels(), levels=1, chunks=(4, 8, 8), shards=(8, 32, 16))
    with serving(tmp_path) as (address, _):  # http.server knows no ranges
        volume = quick(f"{address}/a.zarr")
        box = Box((1, 9, 17), (3, 11, 20))
        np.testing.assert_array_equal(volume.read(box), voxels()[box.slices])


def test_a_program_that_read_over_http_ends_in_silence(url):
    code = (
        "import sys; from napari_vessel.volumes import open_volume; "
        "from napari_vessel.geometry import Box; volume = open_volume(sys.argv[1]); "
        "volume.read(Box((0, 0, 0), (1, 1, 1)))"
    )
    command = [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", code, url]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stderr == ""
