"""Every row of all journals without its voxels, in columns: a hundred thousand take megabytes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation._correction import Kind, RowHeader
from napari_vessel.annotation._stamp import Stamp
from napari_vessel.geometry import Box, Plane

KINDS: tuple[Kind, ...] = ("stroke", "undo", "redo", "mute", "unmute")
STROKE = KINDS.index("stroke")

_PLANES = (None, *Plane)
_STAMP = [("ms", "i8"), ("counter", "i4"), ("session", "i4"), ("sequence", "i8")]
_ROW = np.dtype([
    *_STAMP, ("stroke", "i4"), ("kind", "u1"), ("tool", "i4"), ("plane", "u1"), ("journal", "i4"),
    ("start", "i8", 3), ("stop", "i8", 3),
])  # fmt: skip
_MARK = np.dtype(_STAMP)
_FIRST_ROOM = 64

Indices = NDArray[np.intp]


class RowTable:
    """Rows in the order of their stamps, and the strokes they belong to or are about.

    A row and a stroke are named by their places: the first row is 0, the first stroke 0.
    """

    def __init__(self) -> None:
        self._rows = np.zeros(_FIRST_ROOM, _ROW)
        self._strokes = np.zeros(_FIRST_ROOM, _MARK)
        self._count = 0
        self._sessions, self._tools, self._journals = _Names(), _Names(), _Names()
        self._places: dict[tuple[int, int], int] = {}  # of strokes, by session and sequence

    def __len__(self) -> int:
        return self._count

    def add(self, header: RowHeader, journal: str) -> tuple[int, int]:
        """Take in the next row, of a file of that name; return the row and its stroke.

        The stroke of an undo, redo, mute or unmute is the one it is about.
        """
        about = header.stroke if header.undoes is None else header.undoes
        stroke = self._stroke(about)
        self._rows = _with_room(self._rows, self._count)
        self._rows[self._count] = (
            *self._mark(header.stamp), stroke, KINDS.index(header.kind),
            self._tools.place(header.tool), _PLANES.index(header.plane),
            self._journals.place(journal), header.box.start, header.box.stop,
        )  # fmt: skip
        self._count += 1
        return self._count - 1, stroke

    def widen_last(self, box: Box) -> None:
        """Let the last row span ``box``, too: a brush stamp was merged into it."""
        last = self._rows[self._count - 1 : self._count]
        last["start"] = np.minimum(last["start"], box.start)
        last["stop"] = np.maximum(last["stop"], box.stop)

    def events(self) -> Iterator[tuple[int, int]]:
        """Yield each row's kind (its place in ``KINDS``) and stroke."""
        rows = self._rows[: self._count]
        yield from zip(rows["kind"].tolist(), rows["stroke"].tolist(), strict=True)

    def strokes(self) -> int:
        """Return the number of strokes."""
        return len(self._places)

    def stroke_stamp(self, stroke: int) -> Stamp:
        """Return the stamp that names a stroke."""
        return self._stamp(self._strokes[stroke])

    def find(self, stamp: Stamp) -> int | None:
        """Return the stroke that a stamp names, if it is known."""
        return self._places.get((self._sessions.place(stamp.session), stamp.sequence))

    def has(self, stamp: Stamp) -> bool:
        """Tell whether a row is there."""
        rows = self._rows[: self._count]
        session = self._sessions.place(stamp.session)
        at = np.searchsorted(rows["ms"], [stamp.milliseconds, stamp.milliseconds + 1])
        near = rows[at[0] : at[1]]
        return bool(((near["session"] == session) & (near["sequence"] == stamp.sequence)).any())

    def stamp(self, row: int) -> Stamp:
        """Return a row's stamp."""
        return self._stamp(self._rows[row])

    def journal(self, row: int) -> str:
        """Return the name of the file that a row lies in."""
        return self._journals[int(self._rows[row]["journal"])]

    def box(self, row: int) -> Box:
        """Return what a row spans."""
        (z0, y0, x0), (z1, y1, x1) = self._rows[row]["start"].tolist(), self._rows[row]["stop"]
        return Box((z0, y0, x0), (int(z1), int(y1), int(x1)))

    def tool(self, row: int) -> str:
        """Return what a row was made with."""
        return self._tools[int(self._rows[row]["tool"])]

    def plane(self, row: int) -> Plane | None:
        """Return the plane a row was made in."""
        plane: Plane | None = _PLANES[int(self._rows[row]["plane"])]
        return plane

    def rows_of(self, stroke: int) -> Indices:
        """Return the rows that a stroke was painted as, oldest first."""
        rows = self._rows[: self._count]
        return np.flatnonzero((rows["stroke"] == stroke) & (rows["kind"] == STROKE))

    def first_rows(self) -> Indices:
        """Return, for each stroke, its first row; -1 where that was lost."""
        rows = self._rows[: self._count]
        painted = np.flatnonzero(rows["kind"] == STROKE)[::-1]
        first = np.full(self.strokes(), -1)
        first[rows["stroke"][painted]] = painted  # the oldest comes last and stays
        return first

    def touching(self, box: Box) -> Indices:
        """Return the painted rows that share a voxel's place with ``box``, oldest first."""
        rows = self._rows[: self._count]
        within = (rows["start"] < box.stop).all(axis=1) & (rows["stop"] > box.start).all(axis=1)
        return np.flatnonzero(within & (rows["kind"] == STROKE))

    def boxes_after(self, position: Mapping[str, int]) -> list[Box]:
        """Return what the rows span that lie behind ``position``, each journal's last row."""
        rows = self._rows[: self._count]
        last = np.array([position.get(name, 0) for name in self._journals.names] or [0])
        behind = np.flatnonzero(rows["sequence"] > last[rows["journal"]])
        return [self.box(row) for row in behind.tolist()]

    def kind(self, row: int) -> int:
        """Return a row's kind, as its place in ``KINDS``."""
        return int(self._rows[row]["kind"])

    def stroke_of(self, row: int) -> int:
        """Return the stroke that a row belongs to, or is about."""
        return int(self._rows[row]["stroke"])

    def made_with(self, tools: Sequence[str]) -> Indices:
        """Return the rows that were painted with one of ``tools``, in their order."""
        rows = self._rows[: self._count]
        known = [place for place, tool in enumerate(self._tools.names) if tool in tools]
        return np.flatnonzero(np.isin(rows["tool"], known) & (rows["kind"] == STROKE))

    def milliseconds(self) -> NDArray[np.int64]:
        """Return when each row was made, since 1970 (UTC)."""
        times: NDArray[np.int64] = self._rows["ms"][: self._count].copy()
        return times

    def newest(self) -> Stamp | None:
        """Return the last row's stamp, which is the greatest."""
        return self.stamp(self._count - 1) if self._count else None

    def to_bytes(self) -> bytes:
        """Return everything, for a cache."""
        names = [self._sessions.names, self._tools.names, self._journals.names]
        file = io.BytesIO()
        np.save(file, self._rows[: self._count])
        np.save(file, self._strokes[: self.strokes()])
        file.write(json.dumps(names).encode())
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> RowTable:
        """Read what :meth:`to_bytes` gave.

        Raises
        ------
        ValueError
            If it is something else.
        """
        table, file = cls(), io.BytesIO(data)
        rows, strokes = np.load(file), np.load(file)
        if rows.dtype != _ROW or strokes.dtype != _MARK:
            raise ValueError("a table of rows of another version")
        sessions, tools, journals = json.loads(file.read())
        table._rows, table._strokes, table._count = rows, strokes, len(rows)
        table._sessions, table._tools = _Names(sessions), _Names(tools)
        table._journals = _Names(journals)
        keys = zip(strokes["session"].tolist(), strokes["sequence"].tolist(), strict=True)
        table._places = {key: place for place, key in enumerate(keys)}
        return table

    def _stroke(self, stamp: Stamp) -> int:
        mark = self._mark(stamp)
        place = self._places.setdefault((mark[2], stamp.sequence), len(self._places))
        if place == len(self._places) - 1:
            self._strokes = _with_room(self._strokes, place)
            self._strokes[place] = mark
        return place

    def _mark(self, stamp: Stamp) -> tuple[int, int, int, int]:
        session = self._sessions.place(stamp.session)
        return stamp.milliseconds, stamp.counter, session, stamp.sequence

    def _stamp(self, record: np.void) -> Stamp:
        session = self._sessions[int(record["session"])]
        return Stamp(int(record["ms"]), int(record["counter"]), session, int(record["sequence"]))


class _Names:
    """Strings, each kept once."""

    def __init__(self, names: list[str] | None = None) -> None:
        self.names = names or []
        self._places = {name: place for place, name in enumerate(self.names)}

    def place(self, name: str) -> int:
        place = self._places.setdefault(name, len(self.names))
        if place == len(self.names):
            self.names.append(name)
        return place

    def __getitem__(self, place: int) -> str:
        return self.names[place]


def _with_room(array: NDArray[np.void], count: int) -> NDArray[np.void]:
    if count < len(array):
        return array
    return np.concatenate([array, np.zeros(max(len(array), _FIRST_ROOM), array.dtype)])
