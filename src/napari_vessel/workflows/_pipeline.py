"""Reading, predicting and writing blocks at the same time: one read ahead, one still written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from napari_vessel.geometry import Box
from napari_vessel.inference import ReadAhead

__all__ = ["Ahead", "Behind", "Written", "working"]


@dataclass(frozen=True, slots=True)
class Written:
    """A block that is on the disk, and how many of its voxels a look left out."""

    block: Box
    left_out: int


class Ahead:
    """Reads the block that is likely to be next."""

    def __init__(self, pool: ThreadPoolExecutor, read: Callable[[Box], ReadAhead]) -> None:
        self._pool, self._read = pool, read
        self._coming: tuple[Box, Future[ReadAhead]] | None = None

    @property
    def idle(self) -> bool:
        """Whether it reads nothing, and holds nothing that was read."""
        return self._coming is None

    def expect(self, block: Box) -> None:
        """Begin to read ``block``; only where :attr:`idle`."""
        self._coming = block, self._pool.submit(self._read, block)

    def take(self, block: Box) -> ReadAhead:
        """Return ``block``, read; another that was expected instead is dropped."""
        if self._coming is None or self._coming[0] != block:
            if self._coming and not self._coming[1].cancel():
                self._coming[1].exception()  # at most one is held in memory: wait for its end
            self._coming = block, self._pool.submit(self._read, block)
        coming, self._coming = self._coming[1], None
        return coming.result()


class Behind:
    """Writes the block that was predicted last."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._going: tuple[Written, Future[None]] | None = None

    def write(self, written: Written, write: Callable[[], None]) -> None:
        """Begin to write a block; the one before it has been taken out by :meth:`ended`."""
        self._going = written, self._pool.submit(write)

    def ended(self, *, wait: bool = False) -> Iterator[Written]:
        """Give the block that has been written since, if one has; ``wait`` until it has.

        Raises
        ------
        Whatever its writing failed with.
        """
        if self._going and (wait or self._going[1].done()):
            (written, going), self._going = self._going, None
            going.result()
            yield written


@contextmanager
def working() -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor, Event]]:
    """Give a thread that reads, one that writes, and what tells both to halt.

    On leaving both are told. Who writes is waited for, so that nothing changes on the disk
    later; who reads may still hang on a server that does not answer.
    """
    halt = Event()
    reading = ThreadPoolExecutor(1, "napari-vessel reading")
    writing = ThreadPoolExecutor(1, "napari-vessel writing")
    try:
        yield reading, writing, halt
    finally:
        halt.set()
        reading.shutdown(wait=False, cancel_futures=True)
        writing.shutdown(wait=True, cancel_futures=True)
