"""Do what may wait for a server so that a person sees how long, and can stop it at any time."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Any, TypeVar

from napari_vessel.session._values import Opened
from napari_vessel.workflows import Progress

__all__ = ["called", "discard_opened", "in_time", "is_remote"]

_T = TypeVar("_T")
_TICK_S = 1.0


def in_time(
    steps: Generator[Progress, None, _T],
    what: str,
    discard: Callable[[_T], object],
    *,
    seconds: float | None = None,
) -> Generator[Progress, None, _T]:
    """Run ``steps`` on a thread of its own; tell every second that it is still at work.

    To stop is to close: this returns at once, and what the thread brings later is discarded.

    Parameters
    ----------
    steps
        What may hang; its end must be bounded by itself.
    what
        Said meanwhile.
    discard
        Gives back what nobody takes any more.
    seconds
        After how long without an answer it gives up, where that is known.
    """
    work = _Work(steps, discard)
    Thread(target=work.run, name="napari-vessel waiting", daemon=True).start()
    started = monotonic()
    try:
        while True:
            try:
                kind, value = work.news.get(timeout=_TICK_S)
            except Empty:
                yield _still(what, monotonic() - started, seconds)
                continue
            if kind == "error":
                raise value
            if kind == "result":
                work.taken = True
                result: _T = value
                return result
            yield value
    finally:
        work.leave()


def called(where: str) -> str:
    """Return the name of a path or address, without what may be secret in it.

    >>> called("https://me:word@host/kidney.zarr?sig=1"), called("/data/a b.tif")
    ('kidney.zarr', 'a b.tif')
    """
    plain = re.split(r"[?#]", where, maxsplit=1)[0] if is_remote(where) else where
    return plain.rstrip("/").rpartition("/")[2] or "the volume"


def is_remote(where: str) -> bool:
    """Tell an address from a path."""
    return "://" in where and not where.lower().startswith("file:")


def discard_opened(opened: Opened) -> None:
    """Close what nobody will work with."""
    opened.corrections.close()


def _still(what: str, waited: float, seconds: float | None) -> Progress:
    bound = f"; gives up after {seconds:.0f} s without an answer" if seconds else ""
    said = f"{what} {waited:.0f} s{bound}. Cancel stops it."
    return Progress(min(waited, seconds) if seconds else 0.0, seconds or 1.0, "s", said)


class _Work:
    """Steps on a thread, what they bring, and whether anybody still wants it."""

    def __init__(
        self, steps: Generator[Progress, None, Any], discard: Callable[[Any], object]
    ) -> None:
        self._steps, self._discard = steps, discard
        self.news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.taken = False
        self._left = False
        self._lock = Lock()

    def run(self) -> None:
        """Draw all steps; stop between two where nobody waits any more."""
        try:
            while True:
                step = next(self._steps)
                if self._left:
                    self._steps.close()
                    return
                self.news.put(("step", step))
        except StopIteration as end:
            self._bring(end.value)
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            self.news.put(("error", error))

    def leave(self) -> None:
        """Say that nobody waits any more; give back what came too late to be taken."""
        with self._lock:
            self._left = True
        if self.taken:
            return
        while not self.news.empty():
            kind, value = self.news.get()
            if kind == "result":
                self._discard(value)

    def _bring(self, result: Any) -> None:  # noqa: ANN401  whatever it is
        with self._lock:
            if not self._left:
                self.news.put(("result", result))
                return
        self._discard(result)
