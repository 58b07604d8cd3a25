"""Zarr over http(s): tried again where that may help, an error in words where not."""

from __future__ import annotations

import asyncio
import atexit
import time
import weakref
from base64 import b64encode
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import aiohttp
from zarr.core.buffer import Buffer
from zarr.storage import FsspecStore

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.volumes._options import RetryConfig
from napari_vessel.volumes._reading_store import Fetch, ReadingStore

__all__ = ["Address", "remote_store"]

_Sessions = list[tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]]
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_NO_ACCESS = {401, 403}


@dataclass(frozen=True)
class Address:
    """A URL taken apart, so that its secrets are never written anywhere.

    Attributes
    ----------
    url
        Without user, password, query and fragment: what messages show.
    """

    url: str
    authorization: str | None = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Address:
        """Take a URL apart.

        Raises
        ------
        UnsupportedVolumeError
            If it names no host.
        """
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host:
            message = "The address is no URL of a host; expected https://HOST/PATH.zarr."
            raise UnsupportedVolumeError(message)
        named = f"[{host}]" if ":" in host else host
        place = named if port is None else f"{named}:{port}"
        url = urlunsplit((parts.scheme.lower(), place, parts.path.rstrip("/"), "", ""))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        return cls(url, _basic(parts.username, parts.password), query)


def _basic(user: str | None, password: str | None) -> str | None:
    """Return the Authorization header of user and password (RFC 7617)."""
    if not user:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return f"Basic {b64encode(pair).decode('ascii')}"


def remote_store(
    address: Address, retries: RetryConfig, missing: Literal["report", "error"]
) -> ReadingStore:
    """Open an address as a store; asks the server nothing yet."""
    from fsspec.implementations.http import HTTPFileSystem

    sessions: _Sessions = []

    async def client(**given: Any) -> aiohttp.ClientSession:  # noqa: ANN401 (passed through)
        given.pop("loop", None)
        session = aiohttp.ClientSession(**given)
        sessions.append((asyncio.get_running_loop(), session))
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
    inner = FsspecStore(filesystem, read_only=True, path=address.url)
    store = ReadingStore(inner, address.url, _Patient(address.url, retries), missing)
    closer = weakref.finalize(store, _close, sessions)
    closer.atexit = False
    # Registered after zarr's own, hence run before it.
    atexit.register(_close_at_exit, closer, sessions)
    return store


@dataclass(frozen=True)
class _Patient:
    """Fetch, and try again with longer and longer waits, within a bounded time."""

    url: str
    retries: RetryConfig
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(self, fetch: Fetch, key: str) -> Buffer | None:
        end = time.monotonic() + self.retries.total_s
        wait, reason = self.retries.first_wait_s, ""
        for attempt in range(1, self.retries.attempts + 1):
            left = end - time.monotonic()
            if attempt > 1 and left <= 0:
                break
            try:
                limit = min(self.retries.request_s, max(left, 0.01))
                return await asyncio.wait_for(fetch(), limit)
            except aiohttp.ClientResponseError as error:
                reason = f"status {error.status}"
                if error.status not in _TRY_AGAIN:
                    raise self._refused(key, error.status) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason = _in_words(error)
            except ValueError as error:
                message = f"{self.url}/{key} is no address: {type(error).__name__}."
                raise ReadError(message) from None
            if attempt < self.retries.attempts:
                await self.sleep(min(wait, max(0.0, end - time.monotonic())))
                wait *= 2
        # "from None": the cause's own message may hold the query with its secrets.
        message = f"{self.url}/{key} cannot be read after {attempt} attempts: {reason}."
        raise ReadError(message) from None

    def _refused(self, key: str, status: int) -> ReadError:
        if status in _NO_ACCESS:
            return ReadError(
                f"No access to {self.url}/{key} (status {status}). Check the address and "
                "whether it needs a password or a signed link."
            )
        return ReadError(f"{self.url}/{key} cannot be read: status {status}.")


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut"
    if isinstance(error, aiohttp.ClientConnectionError):
        return "no connection, or it was lost"
    return type(error).__name__


def _close(sessions: _Sessions) -> list[Future[None]]:
    """Ask for the connections to be closed, from whatever thread lets the store go."""
    return [
        asyncio.run_coroutine_threadsafe(session.close(), loop)
        for loop, session in sessions
        if loop.is_running()
    ]


def _close_at_exit(closer: weakref.finalize[..., ReadingStore], sessions: _Sessions) -> None:
    """Close what is still open, and wait for it: zarr's event loop ends after this."""
    if closer.detach() is not None:
        wait(_close(sessions), timeout=2)
