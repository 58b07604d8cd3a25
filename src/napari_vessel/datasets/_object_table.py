"""Tables of objects: points or boxes, as a person or a napari layer writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_vessel.datasets._config import ObjectsData
from napari_vessel.datasets._tables import Table, read_table
from napari_vessel.errors import SamplesError
from napari_vessel.geometry import VoxelSize

__all__ = ["Marked", "read_objects"]

_POINTS = (("z", "y", "x"), ("axis-0", "axis-1", "axis-2"))
_BOXES = ("z0", "y0", "x0", "z1", "y1", "x1")

_Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Marked:
    """An object that was marked.

    Attributes
    ----------
    name
        Of the table's column name, else its row's number.
    centre
        In voxels of level 0, zyx; 0.5 is the middle of the first.
    edges
        Of its box, in voxels; None for a point.
    label, group
        As the table has them; None where it does not.
    """

    name: str
    centre: _Three
    edges: _Three | None
    label: str | None
    group: str | None


def read_objects(path: Path, config: ObjectsData, voxel_size: VoxelSize) -> list[Marked]:
    """Read a table of points or boxes.

    Raises
    ------
    SamplesError
        If it has no columns of places, or a place is no number.
    """
    table = read_table(path)
    if table.has("shape-type", "vertex-index"):
        return _shapes(table, config, voxel_size)
    boxes = table.has(*_BOXES)
    columns = _BOXES if boxes else _point_columns(table)
    found = []
    for at, (line, row) in enumerate(table.rows):
        numbers = [_number(row[c], f"{path}, line {line}, {c}") for c in columns]
        low, high = tuple(numbers[:3]), tuple(numbers[-3:])
        found.append(_marked(row.get("name") or str(at), row, (low, high), config, voxel_size))
    return found


def _point_columns(table: Table) -> tuple[str, ...]:
    for columns in _POINTS:
        if table.has(*columns):
            return columns
    message = (
        f"{table.path} has the columns {', '.join(table.columns)}; expected z,y,x, or axis-0,"
        "axis-1,axis-2, or z0,y0,x0,z1,y1,x1 of boxes."
    )
    raise SamplesError(message)


def _shapes(table: Table, config: ObjectsData, voxel_size: VoxelSize) -> list[Marked]:
    """Read napari's table of shapes: a row for each corner."""
    columns = _POINTS[1]
    table.needs(["index", *columns])
    corners: dict[str, list[list[float]]] = {}
    rows: dict[str, dict[str, str]] = {}
    for line, row in table.rows:
        where = f"{table.path}, line {line}"
        corner = [_number(row[c], f"{where}, {c}") for c in columns]
        corners.setdefault(row["index"], []).append(corner)
        rows.setdefault(row["index"], row)
    found = []
    for index, points in corners.items():
        low, high = (
            tuple(map(min, zip(*points, strict=True))),
            tuple(map(max, zip(*points, strict=True))),
        )
        row = rows[index]
        found.append(_marked(row.get("name") or index, row, (low, high), config, voxel_size))
    return found


def _marked(
    name: str,
    row: dict[str, str],
    ends: tuple[tuple[float, ...], tuple[float, ...]],
    config: ObjectsData,
    voxel_size: VoxelSize,
) -> Marked:
    scale = voxel_size.zyx if config.unit == "um" else (1.0, 1.0, 1.0)
    low, high = ([a / s for a, s in zip(end, scale, strict=True)] for end in ends)
    z, y, x = ((a + b) / 2 + 0.5 for a, b in zip(low, high, strict=True))
    edges = [b - a for a, b in zip(low, high, strict=True)]
    box = (edges[0], edges[1], edges[2]) if max(edges) > 0 else None
    label = row.get(config.label_column or "") or None
    return Marked(name, (z, y, x), box, label, row.get(config.group_column or "") or None)


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not -1e12 < number < 1e12:
        raise SamplesError(f"{where}: {text!r} is no number; expected a place.")
    return number
