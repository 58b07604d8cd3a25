"""S3 and Google buckets, with a person's credentials or as anybody.

The one door to obstore, which speaks both and finds the usual credentials: environment
variables, and for Google a file of application credentials. Where there are none a bucket is
read unsigned, which is what a public one wants.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from zarr.abc.store import Store
from zarr.storage import ObjectStore

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.volumes._address import Address, endpoint
from napari_vessel.volumes._options import RetryConfig

if TYPE_CHECKING:
    from obstore.store import ClientConfig, GCSConfig, GCSStore, S3Config, S3Store
    from obstore.store import RetryConfig as RetryConfigOfObstore

__all__ = ["bucket_store"]

_AMAZON = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
           "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")  # fmt: skip
_GOOGLE = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT",
           "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY")  # fmt: skip


def bucket_store(
    address: Address, retries: RetryConfig
) -> tuple[Store, Callable[[str], Awaitable[str | None]]]:
    """Open a bucket as a store, and give what asks when a file in it last changed.

    Raises
    ------
    UnsupportedVolumeError
        If the credentials or the address that were found cannot be used.
    """
    import obstore
    from obstore.exceptions import BaseError

    try:
        bucket = _opened(address, retries)
    except (BaseError, ValueError) as error:
        message = f"{address.url} cannot be opened with the settings found: {type(error).__name__}."
        raise UnsupportedVolumeError(message) from None  # its text may hold what is secret

    async def stamp(key: str) -> str | None:
        try:
            told = await obstore.head_async(bucket, key)
        except (BaseError, OSError):
            return None
        found = told.get("e_tag") or told.get("last_modified")
        return f"{address.url};{found}" if found else None

    return ObjectStore(bucket, read_only=True), stamp


def _opened(address: Address, retries: RetryConfig) -> GCSStore | S3Store:
    from obstore.store import GCSStore, S3Store

    bucket, _, path = address.url.partition("://")[2].partition("/")
    # Patience is ours: one attempt for every request.
    once: RetryConfigOfObstore = {
        "max_retries": 0,
        "retry_timeout": timedelta(seconds=retries.request_s),
    }
    client: ClientConfig = {"timeout": timedelta(seconds=retries.request_s)}
    if address.scheme == "gs":
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        google: GCSConfig = {"skip_signature": not _any(_GOOGLE)}
        if emulator:
            google["google_base_url"] = emulator  # type: ignore[typeddict-unknown-key]  # has it
        client["allow_http"] = bool(emulator and emulator.startswith("http://"))
        return GCSStore(
            bucket, prefix=path or None, config=google, client_options=client, retry_config=once
        )
    named = endpoint()
    config: S3Config = {"skip_signature": not _any(_AMAZON), "region": _region()}
    if named:
        config["endpoint"] = named
        client["allow_http"] = named.startswith("http://")
    return S3Store(
        bucket, prefix=path or None, config=config, client_options=client, retry_config=once
    )


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _any(names: tuple[str, ...]) -> bool:
    return any(os.environ.get(name) for name in names)
