"""Where the rows of one viewer go: its own journal, or one aside while that cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from napari_vessel.annotation._aside import Aside
from napari_vessel.annotation._journal import Journal, let_go
from napari_vessel.geometry import Zyx

Rows = Sequence[tuple[int, bytes]]  # sequence, payload


class Destination:
    """Commits rows to the journal they belong to, or keeps them aside.

    ``commit``, ``keep_aside``, ``drop`` and ``close`` belong to the writer's thread.

    Parameters
    ----------
    path
        The journal; made with the first row.
    shape
        The volume's edges, in voxels.
    aside
        Where rows that cannot be saved are kept meanwhile, durable too; None for nowhere.
    person
        Whose journal it is.
    """

    def __init__(self, path: Path, shape: Zyx, aside: Path | None, person: str) -> None:
        self.path, self.person = path, person
        self._shape = shape
        self._journal: Journal | None = None
        self._aside = Aside(aside, shape, person) if aside else None
        self._tail = (0, 0)  # the last committed row and its CRC: what a row aside follows
        self._moved_at: int | None = None

    @property
    def is_moved(self) -> bool:
        """Whether rows go aside by a person's choice."""
        return self._moved_at is not None

    @property
    def rows_aside(self) -> int:
        """The number of the last row that is aside; 0 where none is."""
        return self._aside.rows if self._aside else 0

    @property
    def aside(self) -> Path | None:
        """Where rows are kept that cannot be in their place, if there are any."""
        return self._aside.path if self._aside and self._aside.rows else None

    def move(self) -> bool:
        """Let everything from now on go aside; return whether there is a place to."""
        if self._aside is None:
            return False
        if self._moved_at is None:
            self._moved_at = self._tail[0]
        return True

    def place_of(self, sequence: int) -> Path:
        """Return the journal that one of our committed rows lies in."""
        if self._aside and self._moved_at is not None and sequence > self._moved_at:
            return self._aside.path
        return self.path

    def position(self, rows: int) -> dict[str, int]:
        """Return our own journals' names to their last rows, where ``rows`` are committed."""
        moved = self._moved_at
        parts = {self.path.name: rows if moved is None else moved}
        if moved is not None and self._aside:
            parts[self._aside.path.name] = rows if rows > moved else 0
        return {name: last for name, last in parts.items() if last}

    def paths(self, rows: int) -> list[Path]:
        """Return our own journals that hold rows, where ``rows`` are committed."""
        mine = [self.path, *([self._aside.path] if self._aside else [])]
        return [path for path in mine if path.name in self.position(rows)]

    def commit(self, rows: Rows) -> None:
        """Make ``rows`` durable where they belong.

        Raises
        ------
        OSError, sqlite3.Error
            If nothing was committed, or that is not known.
        """
        if self._aside and self._moved_at is not None:
            self._aside.append(rows, self._tail)
            return
        if self._journal is None:
            self._journal = Journal(self.path, self._shape, self.person)
        self._journal.append(rows)
        self._tail = (self._journal.rows, self._journal.crc)
        if self._aside:
            self._aside.forget()

    def keep_aside(self, rows: Rows) -> str:
        """Keep rows aside that cannot be in their place; return where they are, in words."""
        if self._aside is None or self._moved_at is not None or not rows:
            return "kept in memory"
        try:
            self._aside.append(rows, self._tail)
        except (sqlite3.Error, OSError, MemoryError) as error:
            self._aside.close()
            return f"kept in memory (nor can they be saved to {self._aside.path}: {error})"
        return f"safe in {self._aside.path}"

    def drop(self) -> None:
        """Let go of the journal: the next commit opens it anew."""
        journal, self._journal = self._journal, None
        let_go(journal)

    def close(self) -> None:
        """Let go of both files, which stay."""
        self.drop()
        if self._aside:
            self._aside.close()
