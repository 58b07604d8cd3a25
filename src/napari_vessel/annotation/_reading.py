"""Read the rows of one journal, whatever state it is in, without changing it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cached_property
from pathlib import Path

from napari_vessel.annotation._salvage import RawRow, behind_the_log, surviving_rows
from napari_vessel.annotation._schema import connect_to_read
from napari_vessel.errors import JournalError

_ROWS = "SELECT sequence, crc, previous, payload FROM strokes WHERE sequence > ? ORDER BY sequence"
_ROW = "SELECT sequence, crc, previous, payload FROM strokes WHERE sequence = ?"
_GREATEST = "SELECT seq FROM sqlite_sequence WHERE name = 'strokes'"
_UNKNOWN = -1  # for a CRC
_FACT = "SELECT value FROM facts WHERE name = ?"
_BESIDE = ("-wal", "-journal")  # what SQLite keeps of a journal beside it

_Connect = Callable[[Path], AbstractContextManager[sqlite3.Connection]]


class JournalReader:
    """The rows of one journal in order, each once, gaps filled from what survives.

    Parameters
    ----------
    path
        The journal.
    after
        Read only what follows this row, which was read before; None: everything.

    Attributes
    ----------
    problems
        What could not be read, in sentences; complete once :meth:`rows` ended.
    """

    def __init__(self, path: Path, after: RawRow | None = None) -> None:
        self.path = path
        self.problems: list[str] = []
        self._recovered = 0
        self._missing: list[str] = []
        self._damage: str | None = None
        self._greatest = 0
        self._last = after

    def rows(self) -> Iterator[RawRow]:
        """Yield every row whose pages survive, by sequence."""
        for row in self._from_sqlite():
            yield from self._between(row.sequence)
            yield self._followed(row)
        if self._greatest > self._last_sequence or self._damage or self._log_goes_on():
            yield from self._rest()
        self._report()

    @property
    def _last_sequence(self) -> int:
        return self._last.sequence if self._last else 0

    def _from_sqlite(self) -> Iterator[RawRow]:
        attempts: tuple[_Connect, ...] = (_in_place, _copied)
        for connect in attempts:
            try:
                with connect(self.path) as connection:
                    if self._last is None:
                        self._last = _follows(connection)
                    yield from self._selected(connection)
                    self._greatest = (connection.execute(_GREATEST).fetchone() or (0,))[0]
            except (sqlite3.Error, OSError) as error:
                self._damage = str(error)
            else:
                self._damage = None
                return

    def _selected(self, connection: sqlite3.Connection) -> Iterator[RawRow]:
        for record in connection.execute(_ROWS, (self._last_sequence,)):
            row = RawRow.of(*record)
            if row is not None and row.sequence > self._last_sequence:
                yield row

    def _between(self, stop: int) -> Iterator[RawRow]:
        """Yield what survives after the last row and before ``stop``; name the others."""
        if stop <= self._last_sequence + 1:
            return
        for sequence in sorted(self._survivors):
            if self._last_sequence < sequence < stop:
                yield self._found(self._survivors[sequence])
        self._miss(stop)

    def _rest(self) -> Iterator[RawRow]:
        for sequence in sorted(self._survivors):
            if sequence > self._last_sequence:
                yield self._found(self._survivors[sequence])
        self._miss(self._greatest + 1)

    def _found(self, row: RawRow) -> RawRow:
        self._recovered += 1
        self._miss(row.sequence)
        return self._followed(row)

    def _followed(self, row: RawRow) -> RawRow:
        before = self._last.crc if self._last else 0
        if row.sequence == self._last_sequence + 1 and before not in {row.previous, _UNKNOWN}:
            self.problems.append(
                f"{self.path.name}: row {row.sequence} was not written after the row "
                "before it: the file was changed by something else."
            )
        self._last = row
        return row

    def _miss(self, stop: int) -> None:
        first, last = self._last_sequence + 1, stop - 1
        if first <= last:
            self._missing.append(str(first) if first == last else f"{first} to {last}")
            # What comes next is compared with nothing.
            self._last = RawRow(last, _UNKNOWN, 0, b"")

    def _log_goes_on(self) -> bool:
        log = _bytes(_beside(self.path, "-wal"))
        if not log or not behind_the_log(log, self._last_sequence):
            return False
        # Was it written just now, by a living viewer?
        return not any(self._is_in_sqlite(sequence) for sequence in self._survivors)

    def _is_in_sqlite(self, sequence: int) -> bool:
        if sequence <= self._last_sequence:
            return False
        try:
            with _in_place(self.path) as connection:
                return connection.execute(_ROW, (sequence,)).fetchone() is not None
        except sqlite3.Error:
            return False

    @cached_property
    def _survivors(self) -> dict[int, RawRow]:
        return surviving_rows(_bytes(self.path), _bytes(_beside(self.path, "-wal")))

    def _report(self) -> None:
        if not (self._recovered or self._missing or self._damage):
            return
        missing = f"row {', '.join(self._missing)} could not be read" if self._missing else ""
        recovered = f"{self._recovered} were recovered" if self._recovered else ""
        damage = f"SQLite says: {self._damage}" if self._damage else ""
        what = "; ".join(filter(None, (missing, recovered, damage)))
        self.problems.append(
            f"{self.path.name} is damaged: {what}. All other rows are used. "
            "Keep the file; nothing in it was changed."
        )


def _follows(connection: sqlite3.Connection) -> RawRow | None:
    """Return the row, of another file, that a journal's first row follows."""
    try:
        record = connection.execute(_FACT, ("follows",)).fetchone()
    except sqlite3.Error:  # what holds the facts is damaged: all rows are looked for
        return None
    if record is None:
        return None
    sequence, crc = (int(number) for number in record[0].split(b","))
    return RawRow(sequence, crc, 0, b"")


def person_of(path: Path) -> str:
    """Return whose journal it is; empty where it does not tell."""
    return fact_of(path, "person")


def fact_of(path: Path, name: str) -> str:
    """Return a fact that was noted when a journal was made; empty where there is none."""
    try:
        with _in_place(path) as connection:
            record = connection.execute(_FACT, (name,)).fetchone()
    except (sqlite3.Error, OSError):
        return ""
    return record[0].decode(errors="replace") if record else ""


def last_sequence(path: Path) -> int:
    """Return the number of a journal's last row, 0 where SQLite does not tell."""
    try:
        with _in_place(path) as connection:
            return int((connection.execute(_GREATEST).fetchone() or (0,))[0])
    except (sqlite3.Error, OSError, ValueError, TypeError):
        return 0


def stored_row(path: Path, sequence: int) -> RawRow | None:
    """Return one row as it lies in a journal, if SQLite finds it and its CRC is right."""
    try:
        with _in_place(path) as connection:
            record = connection.execute(_ROW, (sequence,)).fetchone()
    except (sqlite3.Error, OSError):
        return None
    return RawRow.of(*record) if record else None


def read_rows(path: Path, sequences: Iterable[int]) -> dict[int, bytes]:
    """Return the payloads of rows of a journal, by sequence.

    Raises
    ------
    JournalError
        If one of them cannot be read.
    """
    found: dict[int, bytes] = {}
    wanted = sorted(set(sequences))
    try:
        with _in_place(path) as connection:
            for sequence in wanted:
                record = connection.execute(_ROW, (sequence,)).fetchone()
                if record and (row := RawRow.of(*record)):
                    found[sequence] = row.payload
    except (sqlite3.Error, OSError):
        pass  # a damaged file: each row is looked for below
    return {n: found[n] if n in found else read_row(path, n) for n in wanted}


def read_row(path: Path, sequence: int) -> bytes:
    """Return the payload of one row of a journal.

    Raises
    ------
    JournalError
        If the row cannot be read.
    """
    try:
        with _in_place(path) as connection:
            record = connection.execute(_ROW, (sequence,)).fetchone()
            row = RawRow.of(*record) if record else None
    except (sqlite3.Error, OSError):
        row = None
    if row is None:
        row = surviving_rows(_bytes(path), _bytes(_beside(path, "-wal"))).get(sequence)
    if row is None:
        raise JournalError(f"Row {sequence} of {path} cannot be read any more.")
    return row.payload


@contextmanager
def _in_place(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_to_read(path)) as connection:
        connection.text_factory = bytes
        yield connection


@contextmanager
def _copied(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy, which SQLite may repair, of a journal that cannot be opened in place."""
    with tempfile.TemporaryDirectory(prefix="napari-vessel-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        for suffix in _BESIDE:
            if _beside(path, suffix).exists():
                shutil.copyfile(_beside(path, suffix), _beside(copy, suffix))
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.text_factory = bytes
            yield connection


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
