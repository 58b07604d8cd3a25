"""Find rows in the raw pages of a damaged SQLite file and of its write-ahead log.

Table leaves are parsed one by one (https://www.sqlite.org/fileformat2.html);
no schema and no inner page is needed. A row is taken only if its CRC is right,
so pages may be garbled, stale or of something else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from napari_vessel.annotation._correction import row_crc
from napari_vessel.annotation._schema import PAGE_BYTES

_LEAF = 0x0D
_WAL_HEADER, _FRAME_HEADER = 32, 24
_FRAME = _FRAME_HEADER + PAGE_BYTES
_BIGGEST = 2**28  # bytes: no row of ours is near
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial type: bytes
_ZERO, _ONE = 8, 9
_FIRST_BLOB = 12

Page = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it lies in a journal."""

    sequence: int
    crc: int
    previous: int
    payload: bytes

    @classmethod
    def of(cls, sequence: object, crc: object, previous: object, payload: object) -> RawRow | None:
        """Return the row if its CRC is right, else None."""
        if not (isinstance(sequence, int) and isinstance(crc, int) and isinstance(previous, int)):
            return None
        if not (isinstance(payload, bytes) and 0 < sequence < 2**63 and 0 <= previous < 2**32):
            return None
        if row_crc(sequence, payload, previous) != crc:
            return None
        return cls(sequence, crc, previous, payload)


def surviving_rows(database: bytes, log: bytes) -> dict[int, RawRow]:
    """Return every row that some page still holds, by sequence.

    Parameters
    ----------
    database, log
        The bytes of the file, and of its write-ahead log (empty where none is).
    """
    logged = {number: page for number, _, page in _frames(log)}

    def below(number: int) -> bytes:
        page = database[(number - 1) * PAGE_BYTES : number * PAGE_BYTES]
        return page.ljust(PAGE_BYTES, b"\0")

    def above(number: int) -> bytes:
        return logged.get(number) or below(number)

    found: dict[int, RawRow] = {}
    for view in (below, above):
        for page in (below(n) for n in range(2, len(database) // PAGE_BYTES + 2)):
            found.update((row.sequence, row) for row in _rows_of(page, view))
        for _, _, page in _frames(log):
            found.update((row.sequence, row) for row in _rows_of(page, view))
        if not logged:
            break
    return found


def behind_the_log(log: bytes, last: int) -> bool:
    """Tell whether ``log`` holds committed rows after ``last``, the last that SQLite gave.

    SQLite reads a log up to its first damaged frame and says nothing about the
    rest. A transaction that was never finished is no damage.
    """
    salts = _salts(log)
    logged = {number: page for number, _, page in _frames(log)}
    seen = False
    for _, header, page in _frames(log):
        if header[8:16] != salts:
            continue
        seen = seen or any(
            row.sequence > last for row in _rows_of(page, lambda n: logged.get(n, b""))
        )
        is_commit = header[4:8] != b"\0\0\0\0"
        if seen and is_commit:
            return True
    return False


def _frames(log: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    for start in range(_WAL_HEADER, len(log) - _FRAME + 1, _FRAME):
        header = log[start : start + _FRAME_HEADER]
        yield int.from_bytes(header[:4]), header, log[start + _FRAME_HEADER : start + _FRAME]


def _salts(log: bytes) -> bytes:
    """Return the salts of the frames in use: the header's, if that is sound, else the first's."""
    if len(log) < _WAL_HEADER:
        return b""
    order = ">" if log[3] & 1 else "<"
    first = second = 0
    words = struct.unpack_from(f"{order}6I", log)
    for a, b in zip(words[::2], words[1::2], strict=True):
        first = (first + a + second) & 0xFFFFFFFF
        second = (second + b + first) & 0xFFFFFFFF
    if struct.pack(">2I", first, second) == log[24:32]:
        return log[16:24]
    return log[_WAL_HEADER + 8 : _WAL_HEADER + 16]


def _rows_of(page: bytes, view: Page) -> Iterator[RawRow]:
    if len(page) < PAGE_BYTES or page[0] != _LEAF:
        return
    count = min(int.from_bytes(page[3:5]), (PAGE_BYTES - 8) // 2)
    for at in range(8, 8 + 2 * count, 2):
        try:
            row = _cell(page, int.from_bytes(page[at : at + 2]), view)
        except IndexError:  # a number that points out of its page
            continue
        if row is not None:
            yield row


def _cell(page: bytes, at: int, view: Page) -> RawRow | None:
    size, at = _varint(page, at)
    sequence, at = _varint(page, at)
    if not 0 < size < _BIGGEST:
        return None
    most = PAGE_BYTES - 35
    local = size
    if size > most:
        least = (PAGE_BYTES - 12) * 32 // 255 - 23
        kept = least + (size - least) % (PAGE_BYTES - 4)
        local = kept if kept <= most else least
    record = page[at : at + local]
    if local < size:
        record += _overflow(int.from_bytes(page[at + local : at + local + 4]), size - local, view)
    return _record(sequence, record) if len(record) == size else None


def _overflow(number: int, size: int, view: Page) -> bytes:
    parts = []
    while size > 0 and number > 0:
        page = view(number)
        parts.append(page[4 : 4 + size])
        if not parts[-1]:
            break
        size -= len(parts[-1])
        number = int.from_bytes(page[:4])
    return b"".join(parts)


def _record(sequence: int, record: bytes) -> RawRow | None:
    end, at = _varint(record, 0)
    types = []
    while at < end:
        kind, at = _varint(record, at)
        types.append(kind)
    if len(types) != 4 or types[0] != 0 or types[3] < _FIRST_BLOB or types[3] % 2:
        return None
    crc, at = _integer(record, at, types[1])
    previous, at = _integer(record, at, types[2])
    return RawRow.of(sequence, crc, previous, record[at:])


def _integer(record: bytes, at: int, kind: int) -> tuple[int | None, int]:
    if kind in {_ZERO, _ONE}:
        return kind - _ZERO, at
    size = _INTEGERS.get(kind, 0)
    value = int.from_bytes(record[at : at + size], signed=True) if size else None
    return value, at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    return value << 8 | data[at], at + 1
