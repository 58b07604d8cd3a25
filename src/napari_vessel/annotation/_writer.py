"""The thread that makes corrections durable, and says so only when they are."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from napari_vessel.annotation._destination import Destination
from napari_vessel.annotation._draft import Draft, Part, Stroke
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Zyx

DELAY_S = 0.12
"""Rows are gathered this long before a commit, which leaves it half of 250 ms."""

_RETRY_S = 1.0
_POLL_S = 0.5  # how soon the thread sees that the interpreter ends

_log = logging.getLogger(__name__)

OnSaved = Callable[[int], None]
OnFailed = Callable[[JournalError], None]


class JournalWriter:
    """Append rows to one journal on a thread of its own; no call waits for the disk.

    Rows that cannot be saved stay in memory and are tried again every second,
    and at once on :meth:`flush`. The thread starts with the first row and ends
    with :meth:`close`, or with the interpreter.

    Parameters
    ----------
    path
        The journal; made with the first row.
    shape
        The volume's edges, in voxels.
    on_saved, on_failed
        Called on the writer's thread: after a commit with the number of rows
        that are durable; after each failed try with the reason.
    aside
        Where rows that cannot be saved are kept meanwhile, durable too; None for nowhere.
    person
        Whose journal it is.
    """

    def __init__(
        self,
        path: Path,
        shape: Zyx,
        *,
        on_saved: OnSaved | None = None,
        on_failed: OnFailed | None = None,
        aside: Path | None = None,
        person: str = "",
    ) -> None:
        self.path, self.person = path, person
        self._place = Destination(path, shape, aside, person)
        self._on_saved, self._on_failed = on_saved, on_failed
        self._changed = threading.Condition()
        self._queue: deque[Draft] = deque()
        self._thread: threading.Thread | None = None
        self._rows = 0
        self._closing = self._ended = False
        self._hurried = self._flushed = False
        self._retry_at = 0.0
        self._tries = self._failed_try = 0

    @property
    def saved(self) -> bool:
        """Whether every row given so far is committed."""
        return not self._queue

    @property
    def rows(self) -> int:
        """The number of rows that are committed."""
        return self._rows

    @property
    def safe(self) -> bool:
        """Whether every row given so far is durable somewhere: in its place, or aside."""
        with self._changed:
            last = self._queue[-1].header.stamp.sequence if self._queue else 0
            return last <= self._place.rows_aside

    @property
    def aside(self) -> Path | None:
        """Where rows are kept that cannot be in their place, if there are any."""
        return self._place.aside

    @property
    def is_moved(self) -> bool:
        """Whether rows go aside by a person's choice."""
        return self._place.is_moved

    @property
    def position(self) -> dict[str, int]:
        """Our own journals' names to their last durable rows."""
        return self._place.position(self._rows)

    @property
    def paths(self) -> list[Path]:
        """Our own journals that hold rows."""
        return self._place.paths(self._rows)

    @property
    def failing(self) -> bool:
        """Whether the last try to save failed, and rows wait for the next."""
        return bool(self._queue) and self._failed_try == self._tries > 0

    def move_aside(self) -> bool:
        """Save everything from now on aside; return whether there is a place to."""
        with self._changed:
            if not self._place.move():
                return False
            self._retry_at = 0.0
            if self._queue:
                self._run()
            return True

    def place_of(self, sequence: int) -> Path:
        """Return the journal that one of our committed rows lies in."""
        return self._place.place_of(sequence)

    def merge(self, stroke: Stroke, part: Part) -> bool:
        """Merge a brush stamp into the row being painted, if that is still open."""
        with self._changed:
            if not (self._queue and self._queue[-1].takes(stroke, part)):
                return False
            self._queue[-1].add(part)
            return True

    def append(self, rows: Sequence[Draft]) -> None:
        """Queue ``rows``, which are committed together."""
        with self._changed:
            self._queue.extend(rows)
            self._run()

    def hurry(self) -> None:
        """Commit what is queued now; returns at once."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()

    def pending(self, sequence: int) -> bytes | None:
        """Return the payload of a row that is not committed yet, else None."""
        with self._changed:
            for draft in self._queue:
                if draft.header.stamp.sequence == sequence:
                    draft.taken = True
                    return draft.payload()
        return None

    def flush(self, timeout: float = 2.0) -> bool:
        """Commit what is queued and wait for it, at most ``timeout`` seconds.

        Returns
        -------
        bool
            Whether it is durable; False at once where a try fails.
        """
        with self._changed:
            if not self._queue:
                return True
            target, tries = self._queue[-1].header.stamp.sequence, self._tries
            self._flushed = True
            self._run()
            self._changed.wait_for(
                lambda: self._rows >= target or self._failed_try > tries, timeout
            )
            return self._rows >= target

    def close(self, timeout: float = 2.0) -> bool:
        """Save what is queued and end the thread, in ``timeout`` seconds at most.

        Returns
        -------
        bool
            Whether everything is durable. What is not stays in memory: call
            :meth:`flush` or this again once there is room.
        """
        end = time.monotonic() + timeout
        self.flush(timeout)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(end - time.monotonic(), 0.1))
        return self.saved

    def _run(self) -> None:  # with the lock held
        if self._thread is None or self._ended or not self._thread.is_alive():
            self._closing = self._ended = False
            self._thread = threading.Thread(
                target=self._work, args=(self._thread,), name="journal-writer", daemon=False
            )
            self._thread.start()
        self._changed.notify_all()

    def _work(self, previous: threading.Thread | None) -> None:
        if previous is not None:
            previous.join()
        try:
            while self._wait():
                self._save()
        finally:
            self._place.close()

    def _wait(self) -> bool:
        """Wait until a commit is due; False when the thread should end."""
        with self._changed:
            while True:
                ending = self._closing or not threading.main_thread().is_alive()
                gave_up = self._failed_try == self._tries > 0
                if ending and (not self._queue or gave_up):
                    self._ended = True
                    return False
                left = 0.0 if ending else self._seconds_left()
                if left <= 0:
                    return True
                self._changed.wait(min(left, _POLL_S))

    def _seconds_left(self) -> float:
        """Return how long the next commit may wait."""
        if not self._queue:
            return _POLL_S
        if self._flushed:
            return 0.0
        gather = 0.0 if self._hurried else DELAY_S
        return max(self._queue[0].created + gather, self._retry_at) - time.monotonic()

    def _save(self) -> None:
        with self._changed:
            batch = list(self._queue)
            self._tries += 1
            self._hurried = self._flushed = False
            for draft in batch:
                draft.taken = True
        rows: list[tuple[int, bytes]] = []
        try:
            rows = [(d.header.stamp.sequence, d.payload()) for d in batch]
            self._place.commit(rows)
        except (sqlite3.Error, OSError, MemoryError) as error:
            self._failed(error, self._place.keep_aside(rows))
        else:
            self._succeeded(batch)

    def _succeeded(self, batch: Sequence[Draft]) -> None:
        with self._changed:
            for _ in batch:
                self._queue.popleft()
            self._rows = batch[-1].header.stamp.sequence
            self._retry_at = 0.0
            self._changed.notify_all()
        _tell(self._on_saved, self._rows)

    def _failed(self, error: Exception, kept: str) -> None:
        self._place.drop()
        with self._changed:
            self._failed_try = self._tries
            self._retry_at = time.monotonic() + _RETRY_S
            self._changed.notify_all()
            count = len(self._queue)
        message = (
            f"{count} rows of corrections cannot be saved to {self.path} ({error}). They are "
            f"{kept} and tried again every second: make room there, or write access."
        )
        failure = JournalError(message)
        failure.__cause__ = error
        _tell(self._on_failed, failure)


def _tell(listener: Callable[..., None] | None, news: object) -> None:
    if listener is None:
        return
    try:
        listener(news)
    except Exception:  # noqa: BLE001 - a listener's fault, whatever it is, must not end the saving
        _log.exception("A listener of the journal failed; saving goes on.")
