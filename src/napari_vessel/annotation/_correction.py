"""A row of the journal: what a stroke covered, what was there, what is there now.

A row's payload is self-contained, so that it can be found and checked without
the database around it::

    "NVR1" | header length (uint32, little-endian) | header (JSON) | body (zlib)

The body holds the mask as packed bits and then, each only where the mask is
set, ``before`` and ``after``; where one of them has a single value, it stands
in the header instead. The CRC32 of a row starts from the previous row's, so
rows form a chain.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from napari_vessel.annotation._stamp import Stamp
from napari_vessel.annotation._state import Codes, Mask
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Plane

Kind = Literal["stroke", "undo", "redo", "mute", "unmute"]

ROW_VOXELS = 256**3
"""No row covers more: what reads one needs bounded memory."""

_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_MAGIC = b"NVR"
_VERSION = b"1"
_START = struct.Struct("<4sI")
_FASTEST = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowHeader:
    """A correction without its voxels.

    Attributes
    ----------
    stamp
        When it was made, and its place in its journal.
    stroke
        Stamp of the first row of the stroke: one undo step may be many rows.
    tool
        What it was made with (``paint``, ``fill``, ``accept``, ``import``…).
    plane
        The plane it was made in, or None.
    box
        The voxels it spans.
    kind
        A stroke, or the undoing, redoing, muting or unmuting of one.
    undoes
        The stroke that an undo or a mute takes back, or a redo or an unmute brings again.
    """

    stamp: Stamp
    stroke: Stamp
    tool: str
    plane: Plane | None
    box: Box
    kind: Kind = "stroke"
    undoes: Stamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correction(RowHeader):
    """One row: replaying it writes ``after`` where ``mask`` is set.

    Attributes
    ----------
    mask
        What was covered, bool, of the box's shape.
    before, after
        State codes, uint8, of the box's shape; 0 outside the mask.
    """

    mask: Mask
    before: Codes
    after: Codes


def encode(row: Correction) -> bytes:
    """Return the payload of ``row``."""
    before, before_bytes = _packed(row.before[row.mask])
    after, after_bytes = _packed(row.after[row.mask])
    header = {
        "stamp": row.stamp.as_list(),
        "stroke": None if row.stroke == row.stamp else row.stroke.as_list(),
        "tool": row.tool,
        "plane": row.plane,
        "box": [*row.box.start, *row.box.stop],
        "kind": row.kind,
        "undoes": row.undoes and row.undoes.as_list(),
        "before": before,
        "after": after,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    body = np.packbits(row.mask).tobytes() + before_bytes + after_bytes
    start = _START.pack(_MAGIC + _VERSION, len(text))
    return start + text + zlib.compress(body, _FASTEST)


@dataclass(frozen=True, slots=True, eq=False)
class PackedRow:
    """A row whose voxels are not unpacked yet.

    Attributes
    ----------
    header
        All that is known without them.
    """

    header: RowHeader
    _fields: dict[str, Any]
    _body: bytes

    @classmethod
    def of(cls, payload: bytes) -> PackedRow:
        """Read a row's header.

        Raises
        ------
        JournalError
            If it is no row, or one of a newer format.
        """
        fields, body = _split(payload)
        return cls(RowHeader(**_header_fields(fields)), fields, body)

    def change(self) -> tuple[Mask, Codes | int]:
        """Return the mask, and ``after``: one code, or one for each voxel of the box.

        All that a replay needs.

        Raises
        ------
        JournalError
            If the row holds other voxels than it says.
        """
        mask, rest = self._mask()
        count = 0 if self._fields["before"] is not None else int(np.count_nonzero(mask))
        after, rest = _unpacked(self._fields["after"], mask, rest[count:])
        _require_end(rest)
        return mask, after

    def correction(self) -> Correction:
        """Return the row with its voxels.

        Raises
        ------
        JournalError
            If it holds other voxels than it says.
        """
        mask, rest = self._mask()
        before, rest = _unpacked(self._fields["before"], mask, rest)
        after, rest = _unpacked(self._fields["after"], mask, rest)
        _require_end(rest)
        own = self.header
        return Correction(
            stamp=own.stamp, stroke=own.stroke, tool=own.tool, plane=own.plane, box=own.box,
            kind=own.kind, undoes=own.undoes, mask=mask, before=_spread(before, mask),
            after=_spread(after, mask),
        )  # fmt: skip

    def _mask(self) -> tuple[Mask, Codes]:
        shape, size = self.header.box.shape, self.header.box.size
        unzip = zlib.decompressobj()
        try:
            data = unzip.decompress(self._body, size * 3)
        except zlib.error as error:
            raise JournalError(f"A row's voxels cannot be unpacked ({error}).") from error
        _require_end(unzip.unconsumed_tail)
        packed = np.frombuffer(data, np.uint8)
        bits = -(-size // 8)
        if packed.size < bits:
            raise JournalError(f"A row holds {packed.size} bytes where its mask has {bits}.")
        mask = np.unpackbits(packed[:bits], count=size).reshape(shape).view(np.bool_)
        return mask, packed[bits:]


def decode_header(payload: bytes) -> RowHeader:
    """Read a row without its voxels; see :meth:`PackedRow.of`."""
    return PackedRow.of(payload).header


def decode(payload: bytes) -> Correction:
    """Read a row.

    Raises
    ------
    JournalError
        If it is no row, one of a newer format, or holds other voxels than it says.
    """
    return PackedRow.of(payload).correction()


def row_crc(sequence: int, payload: bytes, previous: int) -> int:
    """Return the CRC32 of row ``sequence``, which follows one whose CRC is ``previous``."""
    return zlib.crc32(payload, zlib.crc32(sequence.to_bytes(8, "little"), previous))


def _packed(values: Codes) -> tuple[int | None, bytes]:
    if values.size and (values == values[0]).all():
        return int(values[0]), b""
    return None, values.tobytes()


def _unpacked(scalar: int | None, mask: Mask, data: Codes) -> tuple[Codes | int, Codes]:
    if scalar is not None:
        return scalar, data
    count = int(np.count_nonzero(mask))
    if data.size < count:
        raise JournalError(f"A row holds {data.size} voxels where its mask has {count}.")
    values = np.zeros(mask.shape, np.uint8)
    values[mask] = data[:count]
    return values, data[count:]


def _spread(values: Codes | int, mask: Mask) -> Codes:
    if isinstance(values, np.ndarray):
        return values
    return np.multiply(mask.view(np.uint8), np.uint8(values))


def _require_end(rest: Codes | bytes) -> None:
    if len(rest):
        raise JournalError("A row holds more voxels than its box.")


def _split(payload: bytes) -> tuple[dict[str, Any], bytes]:
    if payload[:3] != _MAGIC or len(payload) < _START.size:
        raise JournalError("Not a row of a journal.")
    if payload[3:4] != _VERSION:
        raise JournalError(
            f"A row of format {payload[3:4]!r}, this version reads {_VERSION!r}: "
            "open the project with a newer napari-vessel."
        )
    _, length = _START.unpack_from(payload)
    end = _START.size + length
    try:
        return json.loads(payload[_START.size : end]), payload[end:]
    except ValueError as error:
        raise JournalError(f"A row's header cannot be read ({error}).") from error


def _header_fields(fields: dict[str, Any]) -> dict[str, Any]:
    try:
        stamp = Stamp.of(fields["stamp"])
        z0, y0, x0, z1, y1, x1 = map(int, fields["box"])
        box = Box((z0, y0, x0), (z1, y1, x1))
        header: dict[str, Any] = {
            "stamp": stamp,
            "stroke": Stamp.of(fields["stroke"]) if fields["stroke"] else stamp,
            "tool": str(fields["tool"]),
            "plane": Plane(fields["plane"]) if fields["plane"] else None,
            "box": box,
            "kind": _KINDS[fields["kind"]],
            "undoes": Stamp.of(fields["undoes"]) if fields["undoes"] else None,
        }
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(f"A row's header lacks what it must say ({error}).") from error
    if min(box.start) < 0 or not 0 < box.size <= ROW_VOXELS:
        raise JournalError(f"A row spans {box}: expected 1 to {ROW_VOXELS} voxels.")
    return header
