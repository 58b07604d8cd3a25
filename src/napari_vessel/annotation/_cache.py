"""The overlay on disk: a sparse zarr array in one zip file, so that opening replays little.

It is derived. Whatever is wrong with it - gone, cut, flipped, of other journals - it is not used,
and the journals are replayed instead. ``overlay.zarr.zip`` can be opened by zarr (format 3):
chunks of 64³ state codes, gzip; each entry carries the zip's CRC32. The attributes name, for each
journal, the last row that went in and its CRC, which vouches for all rows before it.
"""

from __future__ import annotations

import json
import logging
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_vessel.annotation._overlay import CHUNK, Overlay, PackedChunk
from napari_vessel.annotation._reading import stored_row
from napari_vessel.annotation._rows import RowTable
from napari_vessel.annotation._salvage import RawRow
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes import write_atomically

NAME = "overlay.zarr.zip"
_FORMAT = 1
_META, _ROWS, _BOXES = "zarr.json", "rows.bin", "boxes.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cached:
    """What a sound cache holds.

    Attributes
    ----------
    overlay
        The state of every voxel, then.
    table
        The rows that led to it.
    position
        Journal name to its last row in it.
    last
        The same, with the CRC of that row.
    """

    overlay: Overlay
    table: RowTable
    position: dict[str, int]
    last: dict[str, RawRow]


def read_cache(folder: Path, paths: Sequence[Path], shape: Zyx) -> Cached | None:
    """Return the cache in ``folder`` if it is sound and of these journals, else None."""
    path = folder / NAME
    try:
        with zipfile.ZipFile(path) as file:
            return _read(file, {p.name: p for p in paths}, shape)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, EOFError, zlib.error) as error:
        _log.warning("The cache %s is not used (%s): the journals are replayed.", path, error)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        # What zipfile says of damage; RuntimeError: a flipped bit that says "encrypted".
        _log.warning("The cache %s is damaged (%s): the journals are replayed.", path, error)
    return None


def write_cache(
    folder: Path,
    paths: Sequence[Path],
    position: Mapping[str, int],
    table: RowTable,
    overlay: Overlay,
) -> bool:
    """Write the cache, whole or not at all; return whether it was written.

    The overlay may not change meanwhile; it holds the journals up to ``position``.
    """
    journals = {}
    for path in paths:
        if sequence := position.get(path.name):
            row = stored_row(path, sequence)
            if row is None:
                return False
            journals[path.name] = [sequence, row.crc]
    try:
        write_atomically(folder / NAME, lambda beside: _write(beside, table, overlay, journals))
    except (VesselError, OSError) as error:
        _log.info("No cache of the corrections could be written: %s", error)
        return False
    return True


def _write(
    path: Path, table: RowTable, overlay: Overlay, journals: Mapping[str, list[int]]
) -> None:
    boxes = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for chunk in overlay.packed():
            name = "c/" + "/".join(map(str, chunk.key))
            file.writestr(name, chunk.data)
            if chunk.box is not None:
                boxes[name] = [*chunk.box.start, *chunk.box.stop]
        file.writestr(_BOXES, json.dumps(boxes))
        file.writestr(_ROWS, table.to_bytes(), zipfile.ZIP_DEFLATED, 1)
        counts = {"reviewed": overlay.reviewed, "vessel": overlay.vessel}
        facts = {"napari_vessel": _FORMAT, "journals": journals, **counts}
        file.writestr(_META, json.dumps(_metadata(overlay.shape) | {"attributes": facts}))


def _metadata(shape: Zyx) -> dict[str, Any]:
    grid = {"name": "regular", "configuration": {"chunk_shape": CHUNK}}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": "uint8",
        "chunk_grid": grid,
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [
            {"name": "bytes"},
            {"name": "gzip", "configuration": {"level": 1}},
        ],
        "dimension_names": ["z", "y", "x"],
    }


def _read(file: zipfile.ZipFile, paths: Mapping[str, Path], shape: Zyx) -> Cached | None:
    meta = json.loads(file.read(_META))
    facts = meta["attributes"]
    if facts["napari_vessel"] != _FORMAT or tuple(meta["shape"]) != shape:
        return None
    last = _still_there(facts["journals"], paths)
    if last is None:
        return None
    chunks = [
        PackedChunk(_key(name), file.read(name), Box(tuple(box[:3]), tuple(box[3:])))
        for name, box in json.loads(file.read(_BOXES)).items()
    ]
    overlay = Overlay(shape)
    overlay.restore(chunks, int(facts["reviewed"]), int(facts["vessel"]))
    table = RowTable.from_bytes(file.read(_ROWS))
    return Cached(overlay, table, {n: row.sequence for n, row in last.items()}, last)


def _key(name: str) -> Zyx:
    z, y, x = map(int, name.split("/")[1:])
    return z, y, x


def _still_there(
    journals: Mapping[str, list[int]], paths: Mapping[str, Path]
) -> dict[str, RawRow] | None:
    """Return the last row of each journal, or None where one is gone or another."""
    found = {}
    for name, (sequence, crc) in journals.items():
        row = stored_row(paths[name], sequence) if name in paths else None
        if row is None or row.crc != crc:
            return None
        found[name] = row
    return found
