"""Tables of objects: points or boxes, as a person or a napari layer writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_vessel.datasets._config import ObjectsData
from napari_vessel.datasets._tables import Table, read_table
from napari_vessel.errors import SamplesError
from napari_vessel.volumes import Volume

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
        In voxels of the level that is read, zyx; 0.5 is the middle of the first.
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


@dataclass(frozen=True, slots=True)
class Grid:
    """From a table's numbers to voxels of the level that crops are cut from.

    Attributes
    ----------
    units
        Of the table, in an edge of a voxel of the file's finest level: 1, or its µm.
    factors
        Edges of a voxel of the level, in those of the finest.
    """

    units: _Three
    factors: _Three

    @classmethod
    def of(cls, volume: Volume, unit: str) -> Grid:
        """Return the grid of a volume opened at any level."""
        factors = volume.source.factors[volume.options.level]
        edges = [um / f for um, f in zip(volume.voxel_size.zyx, factors, strict=True)]
        units = (edges[0], edges[1], edges[2]) if unit == "um" else (1.0, 1.0, 1.0)
        return cls(units, factors)


def read_objects(path: Path, config: ObjectsData, volume: Volume) -> list[Marked]:
    """Read a table of points or boxes, whose numbers are of the file's finest level.

    Raises
    ------
    SamplesError
        If it has no columns of places, or a place is no number.
    """
    table, grid = read_table(path), Grid.of(volume, config.unit)
    if table.has("shape-type", "vertex-index"):
        return _shapes(table, config, grid)
    boxes = table.has(*_BOXES)
    columns = _BOXES if boxes else _point_columns(table)
    found = []
    for at, (line, row) in enumerate(table.rows):
        numbers = [_number(row[c], f"{path}, line {line}, {c}") for c in columns]
        low, high = tuple(numbers[:3]), tuple(numbers[-3:])
        found.append(_marked(row.get("name") or str(at), row, (low, high), config, grid))
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


def _shapes(table: Table, config: ObjectsData, grid: Grid) -> list[Marked]:
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
        found.append(_marked(row.get("name") or index, row, (low, high), config, grid))
    return found


def _marked(
    name: str,
    row: dict[str, str],
    ends: tuple[tuple[float, ...], tuple[float, ...]],
    config: ObjectsData,
    grid: Grid,
) -> Marked:
    low, high = ([n / u for n, u in zip(end, grid.units, strict=True)] for end in ends)
    pairs = list(zip(low, high, grid.factors, strict=True))
    z, y, x = (((a + b) / 2 + 0.5) / factor for a, b, factor in pairs)
    edges = [(b - a) / factor for a, b, factor in pairs]
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
