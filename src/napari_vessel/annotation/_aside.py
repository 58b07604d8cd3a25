"""Journals outside of the project: where strokes are safe while it cannot be written.

They lie in a folder of the user's, one for each project, and are taken into the project when it is
opened the next time and can be written.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from napari_vessel.annotation._journal import SUFFIX, Journal, holders, journal_paths, let_go
from napari_vessel.annotation._schema import connect_to_read
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Zyx
from napari_vessel.volumes import write_atomically

_log = logging.getLogger(__name__)

_BESIDE = ("-wal", "-shm", "-journal", ".lock")


class Aside:
    """The journal that rows go to while their own cannot be written; on the writer's thread.

    Parameters
    ----------
    path
        The file; made with the first row.
    shape
        The volume's edges, in voxels.
    person
        Whose it is.
    """

    def __init__(self, path: Path, shape: Zyx, person: str) -> None:
        self.path = path
        self.rows = 0
        self._shape, self._person = shape, person
        self._journal: Journal | None = None

    def append(self, rows: Sequence[tuple[int, bytes]], follows: tuple[int, int]) -> None:
        """Commit ``rows``, which follow a row (sequence, CRC) of the journal they belong to."""
        if self._journal is None:
            self._journal = Journal(self.path, self._shape, self._person, follows)
        self._journal.append(rows)
        self.rows = self._journal.rows

    def forget(self) -> None:
        """Delete the file: all that it holds is where it belongs now."""
        if self.rows or self._journal:
            self.close()
            self.rows = 0
            delete(self.path)

    def close(self) -> None:
        """Close the file, which stays."""
        journal, self._journal = self._journal, None
        let_go(journal)


def aside_name(name: str) -> str:
    """Return the name of the file that stands in for the journal ``name``."""
    return name.removesuffix(SUFFIX) + ".aside" + SUFFIX


def delete(path: Path) -> None:
    """Delete a journal and what SQLite and we keep beside it."""
    for suffix in ("", *_BESIDE):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def take_in(aside: Path, folder: Path) -> tuple[list[Path], list[str]]:
    """Move the journals kept in ``aside`` into ``folder``, each whole or not at all.

    Returns
    -------
    left : list of Path
        Those that stay where they are, to be read there: a viewer writes to one, or ``folder``
        cannot be written.
    news : list of str
        What was done, in sentences.
    """
    left, news = [], []
    held = set(holders(aside))
    for path in journal_paths(aside):
        if path.name in held:
            left.append(path)
            continue
        try:
            final = copy_journal(path, folder)
        except (VesselError, OSError, sqlite3.Error) as error:
            _log.warning("%s stays where it is: %s", path, error)
            left.append(path)
            news.append(f"Strokes kept in {path} are shown; they are not in the project yet.")
        else:
            delete(path)
            news.append(f"Strokes that were kept aside were taken into the project: {final.name}.")
    return left, news


def copy_journal(path: Path, folder: Path) -> Path:
    """Copy a journal, with all that is committed, as one file into ``folder``; return where.

    Nothing is replaced: where another file has its name, it gets a new one.
    """
    final = free_name(folder / path.name)

    def fill(beside: Path) -> None:
        with closing(connect_to_read(path)) as source, closing(sqlite3.connect(beside)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it

    write_atomically(final, fill)
    return final


def free_name(path: Path) -> Path:
    """Return ``path``, or a numbered name beside it where something stands there."""
    numbered = path
    number = 1
    while numbered.exists():
        number += 1
        numbered = path.with_name(f"{path.name.removesuffix(SUFFIX)}.{number}{SUFFIX}")
    return numbered
