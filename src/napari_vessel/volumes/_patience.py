"""Try again where that may help, with longer and longer waits, within a bounded time."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import aiohttp
from zarr.core.buffer import Buffer

from napari_vessel.errors import ReadError
from napari_vessel.volumes._options import RetryConfig
from napari_vessel.volumes._reading_store import Fetch

__all__ = ["Patient"]

_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_NO_ACCESS = {401, 403}
# obstore tells the status in its text only: "… error (status 503 Service Unavailable) …".
_TOLD = re.compile(r"\b(?:status(?: code)?|returned error)\D{0,24}([45]\d\d)\b", re.IGNORECASE)


class Patient:
    """Fetch from one server.

    A server that answered nothing at all while a chunk was asked for is left alone for a
    while: what is asked for meanwhile fails at once, so that a hundred chunks do not each
    wait for their minute.

    Parameters
    ----------
    url
        What to call the volume.
    retries
        How long, and how often.
    sleep
        Waits; a test's does not.
    """

    def __init__(
        self,
        url: str,
        retries: RetryConfig,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url, self.retries, self._sleep = url, retries, sleep
        self._answered = -1.0  # when the server last said anything
        self._silent_until = -1.0

    async def __call__(self, fetch: Fetch, key: str) -> Buffer | None:
        """Run ``fetch`` until it works or patience ends; raises ReadError then."""
        start = time.monotonic()
        if start < self._silent_until:
            left = self._silent_until - start
            message = f"{self.url} does not answer; it is asked again in {left:.0f} s."
            raise ReadError(message)
        end, wait, reason = start + self.retries.total_s, self.retries.first_wait_s, ""
        for attempt in range(1, self.retries.attempts + 1):
            left = end - time.monotonic()
            if attempt > 1 and left <= 0:
                break
            try:
                limit = min(self.retries.request_s, max(left, 0.01))
                found = await asyncio.wait_for(fetch(), limit)
            except Exception as error:  # noqa: BLE001  sorted there, raised again if unknown
                reason = self._reason(error, key)
            else:
                self._answered = time.monotonic()
                return found
            if attempt < self.retries.attempts:
                await self._sleep(min(wait, max(0.0, end - time.monotonic())))
                wait *= 2
        if self._answered < start:
            self._silent_until = time.monotonic() + self.retries.rest_s
        # "from None": the cause's own message may hold the query with its secrets.
        message = f"{self.url}/{key} cannot be read after {attempt} attempts: {reason}."
        raise ReadError(message) from None

    def _reason(self, error: BaseException, key: str) -> str:
        """Say why an attempt failed, where another may help; else raise."""
        status = _status(error)
        if status is not None:
            self._answered = time.monotonic()
            if status not in _TRY_AGAIN:
                raise self._refused(key, status) from None
            return f"status {status}"
        if isinstance(error, (aiohttp.ClientError, TimeoutError, OSError)) or _is_bucket(error):
            return _in_words(error)
        if isinstance(error, ValueError):
            message = f"{self.url}/{key} is no address: {type(error).__name__}."
            raise ReadError(message) from None
        raise error

    def _refused(self, key: str, status: int) -> ReadError:
        if status in _NO_ACCESS:
            return ReadError(
                f"No access to {self.url}/{key} (status {status}). Check the address and "
                "whether it needs a password, a login or a signed link."
            )
        return ReadError(f"{self.url}/{key} cannot be read: status {status}.")


def _status(error: BaseException) -> int | None:
    """Return the HTTP status behind an error of aiohttp or obstore, where there is one."""
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status
    name = type(error).__name__
    if isinstance(error, PermissionError) or name in {"PermissionDeniedError", "Unauthenticated"}:
        return 403
    if name == "UnauthenticatedError":
        return 401
    if _is_bucket(error) and (found := _TOLD.search(str(error))):
        return int(found[1])
    return None


def _is_bucket(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] == "obstore"


def _in_words(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "no answer in time"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut"
    if isinstance(error, (aiohttp.ClientConnectionError, ConnectionError)) or "Connect" in name:
        return "no connection, or it was lost"
    if _is_bucket(error):
        return "no answer in time" if "timed out" in str(error) else "no connection, or it was lost"
    return name
