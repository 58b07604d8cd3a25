"""A read-only zarr store that stays within its root, counts what is missing, and tries again.

zarr itself turns a chunk that is not there into its fill value without a word, follows any
link, and asks a server only once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Literal, Protocol, Self

from zarr.abc.store import ByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import LocalStore, WrapperStore

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.volumes._cached_store import CachedStore
from napari_vessel.volumes._frames import FrameCheck

__all__ = ["Fetch", "Patience", "ReadingStore", "is_metadata", "local_store"]

_METADATA = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"}


class Fetch(Protocol):
    """Get the bytes of a key, or None where there are none."""

    async def __call__(self) -> Buffer | None: ...


class Patience(Protocol):
    """Fetch with whatever patience the kind of store needs; raises ReadError in the end."""

    async def __call__(self, fetch: Fetch, key: str) -> Buffer | None: ...


def is_metadata(key: str) -> bool:
    """Tell whether a key names a metadata document, not a chunk."""
    return key.rsplit("/", 1)[-1] in _METADATA


class ReadingStore(WrapperStore[Store]):
    """Any store, read-only, with every get guarded.

    Metadata documents are kept once read: what was checked is what is used.

    Parameters
    ----------
    store
        Where bytes come from; read-only.
    uri
        What to call it in messages.
    patience
        Runs a fetch; see :class:`Patience`.
    missing
        Is a missing chunk counted, or an error?
    guard
        Refuses keys that lead elsewhere.
    cached
        The part of ``store`` that keeps chunks, where one does.
    """

    def __init__(
        self,
        store: Store,
        uri: str,
        patience: Patience,
        missing: Literal["report", "error"] = "report",
        guard: Callable[[str], None] | None = None,
        cached: CachedStore | None = None,
    ) -> None:
        super().__init__(store)
        self.cached = cached
        self._uri = uri
        self._patience = patience
        self._missing = missing
        self._guard = guard
        self._frames: dict[str, FrameCheck] = {}
        self._documents: dict[str, Buffer | None] = {}
        self._lost: set[int] = set()
        self._lock = Lock()

    @property
    def missing_chunks(self) -> int:
        """The number of different chunks asked for and not there."""
        return len(self._lost)

    def prefetch(self, keys: Sequence[str]) -> None:
        """Get documents of a remote volume side by side: each would cost a round trip."""
        if self.cached is not None:
            sync(self._prefetched(keys))

    async def _prefetched(self, keys: Sequence[str]) -> None:
        prototype = default_buffer_prototype()
        await asyncio.gather(*(self.get(key, prototype) for key in keys))

    def anew(self) -> AbstractContextManager[None]:
        """Ask anew meanwhile, past what is kept of earlier readings."""
        return self.cached.anew() if self.cached else nullcontext()

    def expect(self, path: str, frame: FrameCheck) -> None:
        """Check every chunk of the array at ``path`` by its header from now on."""
        self._frames[f"{path}/" if path else ""] = frame

    def with_read_only(self, read_only: bool = False) -> Self:
        """Return this store: it is read-only already."""
        if not read_only:
            message = f"{self._uri} is open for reading only."
            raise ReadError(message)
        return self

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Get a document or chunk; None, counted, where a chunk is not there."""
        if is_metadata(key) and byte_range is None:
            if key not in self._documents:
                self._documents[key] = await self._fetched(key, prototype, None)
            return self._documents[key]
        found = await self._fetched(key, prototype, byte_range)
        if found is None:
            self._count(key)
            return None
        if byte_range is None:
            self._check_frame(key, found)
        return _within(found, byte_range)

    async def _fetched(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None
    ) -> Buffer | None:
        if self._guard is not None:
            self._guard(key)

        async def fetch() -> Buffer | None:
            return await self._store.get(key, prototype, byte_range)

        return await self._patience(fetch, key)

    def _check_frame(self, key: str, found: Buffer) -> None:
        for prefix, frame in self._frames.items():
            if key.startswith(prefix):
                frame.check(found[:16].to_bytes(), len(found))
                return

    def _count(self, key: str) -> None:
        if self._missing == "error":
            message = (
                f"Chunk {key} of {self._uri} is missing. Copy the volume again, or read it "
                "with missing=report, which takes the fill value."
            )
            raise ReadError(message)
        with self._lock:
            self._lost.add(hash(key))


def _within(found: Buffer, byte_range: ByteRequest | None) -> Buffer:
    """Cut the range out of a whole file, which a server that knows no ranges sends."""
    if isinstance(byte_range, RangeByteRequest):
        length = byte_range.end - byte_range.start
        if len(found) < length:
            message = f"it is cut: {len(found)} of {length} bytes"
            raise ValueError(message)
        return found[byte_range.start : byte_range.end] if len(found) > length else found
    if isinstance(byte_range, SuffixByteRequest) and len(found) > byte_range.suffix:
        return found[len(found) - byte_range.suffix :]
    return found


def local_store(
    root: Path,
    missing: Literal["report", "error"],
    *,
    view: Callable[[Store], Store] = lambda store: store,
    named: Callable[[str], str] = lambda key: key,
) -> ReadingStore:
    """Open a folder as a store that gives nothing from outside of it.

    ``view`` shows another format as zarr, whose key ``named`` calls as the folder does.
    """
    real = os.path.realpath(root)

    def guard(key: str) -> None:
        # A link inside of the folder must not lead to another place of this computer.
        target = os.path.realpath(Path(real, named(key)))
        if target != real and not target.startswith(real + os.sep):
            message = f"{root}: {key} leads out of the volume's folder; refused."
            raise UnsupportedVolumeError(message)

    async def once(fetch: Fetch, key: str) -> Buffer | None:
        try:
            return await fetch()
        except OSError as error:
            message = f"{key} of {root} cannot be read: {error.strerror or error}"
            raise ReadError(message) from error

    store = view(LocalStore(root, read_only=True))
    return ReadingStore(store, str(root), once, missing, guard)
