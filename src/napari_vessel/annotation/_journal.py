"""One journal file: one viewer appends to it, anyone may read beside it."""

from __future__ import annotations

import logging
import os
import re
import socket
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from napari_vessel.annotation._correction import row_crc
from napari_vessel.annotation._schema import connect_to_write
from napari_vessel.geometry import Zyx

if TYPE_CHECKING:
    from filelock import BaseFileLock

SUFFIX = ".sqlite"

_log = logging.getLogger(__name__)


def journal_name(session: str) -> str:
    """Return the file name of a new journal: ``<utc>-<host>-<uuid>.sqlite``."""
    utc = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    host = re.sub(r"[^A-Za-z0-9]+", "_", socket.gethostname())[:40] or "host"
    return f"{utc}-{host}-{session}{SUFFIX}"


def journal_paths(folder: Path) -> list[Path]:
    """Return the journals in ``folder``, oldest first; none where there is no folder."""
    return sorted(path for path in folder.glob("*" + SUFFIX) if path.is_file())


def holders(folder: Path) -> list[str]:
    """Return the names of the journals that a living viewer holds open.

    A courtesy to tell a person that somebody else is painting; nothing depends
    on it, as viewers never share a file.
    """
    return [path.name for path in journal_paths(folder) if _is_held(lock_path(path))]


def lock_path(path: Path) -> Path:
    """Return the path of a journal's lock file."""
    return path.with_name(path.name + ".lock")


class Journal:
    """Append rows to one file; every method on one thread.

    Parameters
    ----------
    path
        The file; it and its folder are made where they are missing. A journal
        that exists is continued after its last row.
    shape
        The volume's edges, in voxels, noted in a new file.
    person
        Whose it is, noted in a new file.
    follows
        Sequence and CRC of the row, in another file, that the first row of a new file follows.

    Raises
    ------
    OSError, sqlite3.Error
        If it cannot be opened or made.
    """

    def __init__(
        self, path: Path, shape: Zyx, person: str = "", follows: tuple[int, int] = (0, 0)
    ) -> None:
        self.path = path
        self.rows, self.crc = self._follows = follows
        facts = {"shape": ",".join(map(str, shape))}
        if person:
            facts["person"] = person
        if follows[0]:
            facts["follows"] = f"{follows[0]},{follows[1]}"
        self._facts = facts
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(lock_path(path))
        try:
            self._connect()
        except (OSError, sqlite3.Error):
            _release(self._lock)
            raise

    def append(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Commit ``rows`` (sequence, payload) in one transaction, or none of them.

        Rows that are there already are skipped, so repeating a call whose
        outcome is unknown is safe.

        Raises
        ------
        OSError, sqlite3.Error
            If nothing was committed, or that is not known.
        """
        if not self._is_in_place():
            self._put_back()
        crc, records = self.crc, []
        for sequence, payload in rows:
            if sequence > self.rows:
                records.append((sequence, row_crc(sequence, payload, crc), crc, payload))
                crc = records[-1][1]
        self._connection.execute("BEGIN IMMEDIATE")
        insert = "INSERT INTO strokes (sequence, crc, previous, payload) VALUES (?, ?, ?, ?)"
        self._connection.executemany(insert, records)
        self._connection.execute("COMMIT")
        if records:
            self.rows, self.crc = records[-1][0], crc

    def close(self) -> None:
        """Close the file and free the lock."""
        try:
            self._connection.close()
        finally:
            _release(self._lock)

    def _connect(self) -> None:
        is_new = not self.path.exists()
        self._connection = connect_to_write(self.path, self._facts)
        if is_new:
            _sync_folder(self.path.parent)
        self._file = _identity(self.path)
        last = "SELECT sequence, crc FROM strokes ORDER BY sequence DESC LIMIT 1"
        self.rows, self.crc = self._connection.execute(last).fetchone() or self._follows

    def _is_in_place(self) -> bool:
        try:
            return _identity(self.path) == self._file
        except FileNotFoundError:
            return False

    def _put_back(self) -> None:
        # Someone deleted or moved the file: what we hold open still has every row.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path)) as copy:
            self._connection.backup(copy)
        self._connection.close()
        self._connect()
        _sync_folder(self.path.parent)


def let_go(journal: Journal | None) -> None:
    """Close a journal that is of no more use; what fails then is noted, as all is committed."""
    if journal is not None:
        try:
            journal.close()
        except (sqlite3.Error, OSError) as error:
            _log.warning("Closing %s: %s", journal.path, error)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _locked(path: Path) -> BaseFileLock | None:
    lock = FileLock(path, thread_local=False)
    with suppress(Timeout, OSError, NotImplementedError):
        lock.acquire(blocking=False)
        return lock
    return None


def _release(lock: BaseFileLock | None) -> None:
    if lock is not None:
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with FileLock(path, thread_local=False).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
