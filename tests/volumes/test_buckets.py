"""s3:// and gs://, against servers on loopback."""

import numpy as np
import pytest

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VolumeNotFoundError
from napari_vessel.geometry import Box
from napari_vessel.volumes import RetryConfig, VolumeOptions, open_volume
from napari_vessel.volumes._address import Address, scheme_of

from .http_server import serving
from .source_contract import SourceContract
from .zarr_writing import voxels, write_ome_zarr

QUICK = RetryConfig(attempts=3, first_wait_s=0.01, request_s=1.0, total_s=3.0, rest_s=0.2)
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "GOOGLE_APPLICATION_CREDENTIALS")  # fmt: skip


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)


@pytest.fixture(scope="module")
def amazon():
    """An S3-compatible server with a bucket; gives its address and a client."""
    pytest.importorskip("moto")
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
        aws_access_key_id="me", aws_secret_access_key="pa55word",
    )  # fmt: skip
    client.create_bucket(Bucket="organs")
    yield f"http://{host}:{port}", client
    server.stop()


@pytest.fixture
def bucket(amazon, tmp_path, monkeypatch):
    address, client = amazon
    write_ome_zarr(tmp_path / "a.zarr", voxels(), version="0.5")
    for path in (tmp_path / "a.zarr").rglob("*"):
        if path.is_file():
            key = f"in/größe 1.zarr/{path.relative_to(tmp_path / 'a.zarr')}"
            client.put_object(Bucket="organs", Key=key, Body=path.read_bytes(), ACL="public-read")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    return client


def quick(url, **options):
    return open_volume(url, VolumeOptions(retries=QUICK, **options))


def whole(volume):
    return volume.read(Box.of(volume.shape))


class TestS3Source(SourceContract):
    @pytest.fixture(params=["anonymous", "credentials", "without obstore"])
    def source(self, bucket, request, monkeypatch):
        if request.param == "credentials":
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pa55word")
        elif request.param == "without obstore":
            monkeypatch.setattr("napari_vessel.volumes._remote.find_spec", lambda name: None)
        return quick("s3://organs/in/größe 1.zarr/").source


def test_a_missing_chunk_is_counted_and_can_be_an_error(bucket):
    bucket.delete_object(Bucket="organs", Key="in/größe 1.zarr/0/c/0/1/0")
    volume = quick("s3://organs/in/größe 1.zarr")
    assert not whole(volume)[:, 16:32, :16].any()
    assert volume.missing_chunks == 1
    with pytest.raises(ReadError, match=r"0/c/0/1/0 of s3://organs.* is missing"):
        whole(quick("s3://organs/in/größe 1.zarr", missing="error"))


def test_nothing_there_is_told(bucket):
    with pytest.raises(VolumeNotFoundError, match="no zarr at s3://organs/nothing"):
        quick("s3://organs/nothing")


@pytest.mark.parametrize("mode", ["500", "503", "429"])
def test_two_failures_and_then_the_right_voxels(tmp_path, monkeypatch, mode):
    write_ome_zarr(tmp_path / "organs" / "a.zarr", voxels(), version="0.5")
    with serving(tmp_path) as (address, switched):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        volume = quick("s3://organs/a.zarr")
        switched.set(mode, only="/0/c/0/1/0", times=2)
        np.testing.assert_array_equal(whole(volume), voxels())


@pytest.mark.parametrize(("mode", "words"), [("403", "No access"), ("503", "after 3 attempts"),
                                             ("hang", "after"), ("reset", "after")])  # fmt: skip
def test_a_server_that_refuses_or_is_silent_is_told_in_bounded_time(
    tmp_path, monkeypatch, mode, words
):
    with serving(tmp_path) as (address, switched):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        switched.set(mode)
        with pytest.raises(ReadError, match=words):
            quick("s3://organs/a.zarr")


class TestGoogleSource(SourceContract):
    """As anybody reads a public bucket: the address of a bucket is that of a web server."""

    @pytest.fixture
    def source(self, tmp_path, monkeypatch):
        write_ome_zarr(tmp_path / "organs" / "größe 1.zarr", voxels(), version="0.4")
        monkeypatch.setattr("napari_vessel.volumes._remote.find_spec", lambda name: None)
        with serving(tmp_path) as (address, _):
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
            yield quick("zarr://gs://organs/größe 1.zarr/").source


def test_secrets_and_settings_are_in_no_message(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "my1key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pa55word")
    volume = quick("s3://organs/in/größe 1.zarr")
    told = [volume.uri, volume.fingerprint, repr(volume), str(volume.describe())]
    assert not [text for text in told if "pa55word" in text or "my1key" in text]
    assert Address.of("s3://me:pa55word@organs/a?sig=to1ken").url == "s3://organs/a"


@pytest.mark.parametrize("text", ["s3://", "gs:///a.zarr", "s3://a b/c", "gs://../x", "s3://UP/x"])
def test_an_address_without_a_bucket_is_refused(text):
    with pytest.raises(UnsupportedVolumeError, match="bucket"):
        quick(text)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [("n5://gs://b/c", "gs"), ("zarr://https://h/a", "https"), ("C:\\a", None), ("/a://b", None)],
)
def test_schemes_are_told(text, scheme):
    assert scheme_of(text) == scheme
