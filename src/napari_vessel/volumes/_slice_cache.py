"""Keep the decoded slices last used, up to a number of bytes.

Blocks of a volume are read one after another, and each cuts a piece of the same slices:
without this every slice would be decoded once for every block.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from napari_vessel.volumes._dtypes import Voxels

__all__ = ["SliceCache"]


class SliceCache:
    """Slices by number, the least recently used dropped first; for several threads."""

    def __init__(self, load: Callable[[int], Voxels], max_bytes: int = 2**28) -> None:
        self._load = load
        self._max_bytes = max_bytes
        self._slices: OrderedDict[int, Voxels] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __getitem__(self, number: int) -> Voxels:
        """Return slice ``number`` (rows, columns); it must not be written to."""
        with self._lock:
            found = self._slices.get(number)
            if found is not None:
                self._slices.move_to_end(number)
                return found
        # Decoded outside of the lock: two threads may decode one slice, none waits.
        loaded = self._load(number)
        self._keep(number, loaded)
        return loaded

    def _keep(self, number: int, loaded: Voxels) -> None:
        with self._lock:
            if number in self._slices or loaded.nbytes > self._max_bytes // 2:
                return
            self._slices[number] = loaded
            self._bytes += loaded.nbytes
            while self._bytes > self._max_bytes:
                self._bytes -= self._slices.popitem(last=False)[1].nbytes
