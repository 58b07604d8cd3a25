"""A store whose chunks are kept on this computer once read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import WrapperStore

from napari_vessel.volumes._chunk_cache import ChunkCache

__all__ = ["CachedStore"]


class CachedStore(WrapperStore[Store]):
    """Any store; nothing is kept before :meth:`keep`.

    Parameters
    ----------
    store
        Where bytes come from.
    cache
        Where they are kept.
    stamp
        Asks when the file at a key last changed; None where that is not told.
    """

    def __init__(
        self, store: Store, cache: ChunkCache, stamp: Callable[[str], Awaitable[str | None]]
    ) -> None:
        super().__init__(store)
        self._cache, self._stamp = cache, stamp
        self._volume: str | None = None
        self._distrusted = 0

    async def keep(self, key: str) -> None:
        """Keep chunks from now on, of the volume as it was when ``key`` last changed."""
        if self._cache.config.limit_gb > 0:
            self._volume = await self._stamp(key)

    @contextmanager
    def anew(self) -> Iterator[None]:
        """Ask the server meanwhile, whatever is kept: that was damaged."""
        self._distrusted += 1
        try:
            yield
        finally:
            self._distrusted -= 1

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Get bytes: kept ones, else the server's."""
        if self._volume is None:
            return await self._store.get(key, prototype, byte_range)
        told = f"{self._volume}\n{key}\n{byte_range!r}"
        name = sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
        kept = None if self._distrusted else await asyncio.to_thread(self._cache.get, name)
        if kept is not None:
            return prototype.buffer.from_bytes(kept)
        found = await self._store.get(key, prototype, byte_range)
        if found is not None:
            await asyncio.to_thread(self._cache.put, name, found.to_bytes())
        return found
