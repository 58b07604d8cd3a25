"""Stores over http(s), S3 and Google: one way to read them, whoever serves."""

from __future__ import annotations

import asyncio
import atexit
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

import aiohttp
from zarr.abc.store import Store
from zarr.core.sync import sync
from zarr.storage import FsspecStore

from napari_vessel.volumes._address import Address
from napari_vessel.volumes._cached_store import CachedStore
from napari_vessel.volumes._chunk_cache import the_cache
from napari_vessel.volumes._options import RetryConfig
from napari_vessel.volumes._patience import Patient
from napari_vessel.volumes._reading_store import ReadingStore

__all__ = ["keep_chunks", "remote_store"]

_Close = Callable[[], Awaitable[object]]
_STAMPS = ("ETag", "Content-MD5", "Last-Modified")


@dataclass
class _Link:
    """A store, what asks when its files changed, and what closes the connections it opens."""

    store: Store
    stamp: Callable[[str], Awaitable[str | None]]
    closers: list[tuple[asyncio.AbstractEventLoop, _Close]] = field(default_factory=list)


def remote_store(
    address: Address,
    retries: RetryConfig,
    missing: Literal["report", "error"],
    *,
    view: Callable[[Store], Store] = lambda store: store,
) -> ReadingStore:
    """Open an address as a store; asks the server nothing yet.

    ``view`` shows another format as zarr.
    """
    link = _linked(address, retries)
    kept = CachedStore(link.store, the_cache(), link.stamp)
    patient = Patient(address.url, retries)
    store = ReadingStore(view(kept), address.url, patient, missing, cached=kept)
    closer = weakref.finalize(store, _close, link.closers)
    closer.atexit = False
    # Registered after zarr's own, hence run before it.
    atexit.register(_close_at_exit, closer, link.closers)
    return store


def keep_chunks(store: ReadingStore, key: str) -> None:
    """Keep the chunks of an opened volume on this computer from now on.

    Only where the server tells when the document at ``key`` last changed: a volume that is
    written anew must not be shown from what was kept of the old one.
    """
    if store.cached is not None:
        sync(store.cached.keep(key))


def _linked(address: Address, retries: RetryConfig) -> _Link:
    if address.scheme in {"s3", "gs"} and find_spec("obstore"):
        from napari_vessel.volumes._bucket import bucket_store

        store, stamp = bucket_store(address, retries)
        return _Link(store, stamp)
    # Without it, what is public can be read as any file of a web server.
    return _http(address, retries)


def _http(address: Address, retries: RetryConfig) -> _Link:
    from fsspec.implementations.http import HTTPFileSystem

    closers: list[tuple[asyncio.AbstractEventLoop, _Close]] = []

    async def client(**given: Any) -> aiohttp.ClientSession:  # noqa: ANN401 (passed through)
        given.pop("loop", None)
        session = aiohttp.ClientSession(**given)
        closers.append((asyncio.get_running_loop(), session.close))
        return session

    request: dict[str, Any] = {"params": list(address.query)} if address.query else {}
    filesystem = HTTPFileSystem(
        asynchronous=True,
        skip_instance_cache=True,
        get_client=client,
        client_kwargs={
            "headers": {"Authorization": address.authorization} if address.authorization else {},
            "timeout": aiohttp.ClientTimeout(total=retries.request_s),
        },
        **request,
    )
    root = address.http_url
    inner = FsspecStore(filesystem, read_only=True, path=root)
    return _Link(inner, _stamping(filesystem, root), closers)


def _stamping(filesystem: Any, root: str) -> Callable[[str], Awaitable[str | None]]:  # noqa: ANN401
    """Give a function that asks when the file at a key last changed; None: not told."""

    async def stamp(key: str) -> str | None:
        try:
            told = await filesystem._info(f"{root}/{key}")  # noqa: SLF001  its async half
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        found = [f"{name}={told[name]}" for name in _STAMPS if told.get(name)]
        return ";".join([root, *found]) if found else None

    return stamp


def _close(closers: list[tuple[asyncio.AbstractEventLoop, _Close]]) -> list[Future[None]]:
    """Ask for the connections to be closed, from whatever thread lets the store go."""

    async def closing(close: _Close) -> None:
        await close()

    return [
        asyncio.run_coroutine_threadsafe(closing(close), loop)
        for loop, close in closers
        if loop.is_running()
    ]


def _close_at_exit(
    closer: weakref.finalize[..., ReadingStore],
    closers: list[tuple[asyncio.AbstractEventLoop, _Close]],
) -> None:
    """Close what is still open, and wait for it: zarr's event loop ends after this."""
    if closer.detach() is not None:
        wait(_close(closers), timeout=2)
