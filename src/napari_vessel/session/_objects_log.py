"""The truth of what a person did to objects: lines appended to a file, on the disk at once.

One file per open viewer, ``objects/<utc>-<host>-<uuid>.jsonl`` in the project's folder, so that no
lock can be lost. A line is a CRC and one deed as JSON; lines are never changed, to take a deed back
is a new line. All files together, ordered by a clock that never runs backwards, give the objects.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from zlib import crc32

from napari_vessel.errors import JournalError, VesselError
from napari_vessel.session._objects_values import Deed, deed_of_json, json_of_deed
from napari_vessel.volumes import sync

__all__ = ["ENDING", "ObjectLog", "Row", "read_rows"]

ENDING = ".objects.jsonl"
_RETRY_S = 1.0

OnSaved = Callable[[bool], None]
OnFailed = Callable[[JournalError], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A deed, when it was done and in which viewer."""

    clock: int  # nanoseconds, never smaller than any that was known then
    session: str
    sequence: int
    deed: Deed

    @property
    def order(self) -> tuple[int, str, int]:
        """What rows of all viewers are ordered by."""
        return self.clock, self.session, self.sequence


def line_of(row: Row) -> bytes:
    """Write a row as a line: eight hexadecimal digits of its CRC, a space, JSON."""
    values = {"clock": row.clock, "session": row.session, "sequence": row.sequence}
    text = json.dumps(values | json_of_deed(row.deed), separators=(",", ":")).encode()
    return b"%08x %s\n" % (crc32(text), text)


def row_of(line: bytes) -> Row:
    """Read a line that :func:`line_of` wrote.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is damaged, or of a newer version.
    """
    mark, _, text = line.partition(b" ")
    if int(mark, 16) != crc32(text):
        raise ValueError("its checksum differs")
    values = json.loads(text)
    stamp = int(values["clock"]), str(values["session"]), int(values["sequence"])
    return Row(*stamp, deed_of_json(values))


def read_rows(folders: Iterable[Path]) -> tuple[list[Row], list[str]]:
    """Read what all viewers wrote, in order, and say in a sentence each what cannot be read.

    A last line without its end is no damage: nobody was told that it is saved.
    """
    rows: dict[tuple[int, str, int], Row] = {}
    problems = []
    for path in sorted(p for folder in folders for p in folder.glob(f"*{ENDING}")):
        lost = 0
        *lines, _tail = path.read_bytes().split(b"\n")
        for line in filter(None, lines):
            try:
                row = row_of(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                lost += 1
            else:
                rows[row.order] = row  # one that was tried twice counts once
        if lost:
            problems.append(f"{lost} of the steps in {path.name} cannot be read and are left out.")
    return [rows[order] for order in sorted(rows)], problems


class ObjectLog:
    """Appends deeds to this viewer's file on a thread of its own; no call waits for the disk.

    What cannot be written to the project's folder goes ``aside``, durable too; what can be written
    nowhere is kept in memory and tried again every second.

    Parameters
    ----------
    folder
        Gives the folder, making it if need be; called on the log's thread.
    aside
        Folder of the user's, for what cannot be written there.
    rows
        What was read; the clock goes on from it.
    on_saved
        Called on the log's thread once all is on the disk, with whether it went aside.
    on_failed
        Called on the log's thread, once for each time that writing begins to fail.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        aside: Path,
        rows: Iterable[Row] = (),
        on_saved: OnSaved | None = None,
        on_failed: OnFailed | None = None,
    ) -> None:
        self._folder, self._aside = folder, aside
        self._on_saved, self._on_failed = (
            on_saved or (lambda _: None),
            on_failed or (lambda _: None),
        )
        self.session = uuid4().hex[:12]
        host = "".join(c if c.isalnum() else "-" for c in socket.gethostname())[:40]
        self._name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{host}-{self.session}{ENDING}"
        self._clock = max((row.clock for row in rows), default=0)
        self._sequence = 0
        self._changed = threading.Condition()
        self._queue: deque[Row] = deque()
        self._thread: threading.Thread | None = None
        self._closing = self._is_aside = self._torn = False
        self._told = ""
        self._tries = 0
        self._path: Path | None = None

    @property
    def saved(self) -> bool:
        """Whether every deed given so far is on the disk."""
        return not self._queue

    def append(self, deed: Deed) -> None:
        """Queue a deed, which is written at once."""
        with self._changed:
            self._sequence += 1
            self._clock = max(time.time_ns(), self._clock + 1)
            self._queue.append(Row(self._clock, self.session, self._sequence, deed))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="objects-log", daemon=False)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all is on the disk, or a try failed; return whether it is."""
        with self._changed:
            tries = self._tries
            self._changed.wait_for(lambda: not self._queue or self._tries > tries + 1, timeout)
            return not self._queue

    def close(self, timeout: float = 5.0) -> bool:
        """Save what is queued and end the thread; return whether all is on the disk."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return self.saved

    # -- on the log's thread ---------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._ending(), timeout=0.5)
                batch = list(self._queue)
                if not batch:
                    if self._ending():
                        return
                    continue
            if not self._save(batch) and (self._ending() or self._rest()):
                return

    def _ending(self) -> bool:
        return self._closing or not threading.main_thread().is_alive()

    def _rest(self) -> bool:
        """Wait before the next try; return whether there is none any more."""
        with self._changed:
            self._changed.wait_for(self._ending, timeout=_RETRY_S)
        return False  # closing tries once more

    def _save(self, batch: list[Row]) -> bool:
        try:
            self._write(batch)
        except (OSError, VesselError) as error:
            with self._changed:
                self._tries += 1
                self._changed.notify_all()
            self._complain(error, "It is kept in memory")
            return False
        with self._changed:
            for _ in batch:
                self._queue.popleft()
            self._tries += 1
            empty = not self._queue
            self._changed.notify_all()
        if not self._is_aside:
            self._told = ""
        if empty:
            self._on_saved(self._is_aside)
        return True

    def _write(self, batch: list[Row]) -> None:
        text = b"".join(map(line_of, batch))
        if self._is_aside:
            self._append(self._aside_folder, text)
            return
        try:
            self._append(self._folder, text)
        except (OSError, VesselError) as error:
            # Read-only, or full: the person's own folder may have room.
            self._is_aside, self._path, self._torn = True, None, False
            self._append(self._aside_folder, text)
            self._complain(error, f"It goes to {self._aside} instead")

    def _aside_folder(self) -> Path:
        return self._aside

    def _append(self, folder: Callable[[], Path], text: bytes) -> None:
        if self._path is None:
            place = folder()
            place.mkdir(parents=True, exist_ok=True)
            self._path = place / self._name
        new = not self._path.exists()
        torn, self._torn = self._torn, True
        with self._path.open("ab", buffering=0) as file:
            _write_all(file.fileno(), b"\n" * torn + text)  # after half a line: begin a new one
            os.fsync(file.fileno())
        if new:
            sync(self._path.parent)
            sync(self._path.parent.parent)
        self._torn = False

    def _complain(self, error: Exception, kept: str) -> None:
        if self._told == kept:
            return
        self._told = kept
        message = (
            f"What you did to the objects cannot be written to the project ({error}). {kept}: "
            "make room there, or write access, and open the volume again."
        )
        failure = JournalError(message)
        failure.__cause__ = error
        self._on_failed(failure)


def _write_all(handle: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(handle, view) :]
