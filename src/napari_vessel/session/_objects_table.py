"""Objects as tables: written for a person and for a classifier, read from any program's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, ReadError
from napari_vessel.geometry import VoxelSize, Zyx
from napari_vessel.session._objects_values import ObjectClass, Point, Verdict
from napari_vessel.volumes import write_atomically

__all__ = ["Imported", "Snapshot", "read_points", "write_for_classifier", "write_table"]

_VOXEL_COLUMNS = (("z", "y", "x"), ("axis-0", "axis-1", "axis-2"))
_UM_COLUMNS = ("z_um", "y_um", "x_um")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The objects at a moment, for work on another thread; see ``Book`` for what is what."""

    classes: tuple[ObjectClass, ...]
    ids: tuple[str, ...]
    points: NDArray[np.float64]
    verdicts: tuple[Verdict | None, ...]
    probabilities: NDArray[np.float32]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their keys."""
        return tuple(one.name for one in self.classes)

    @property
    def labelled(self) -> int:
        """How many objects a person labelled."""
        return sum(verdict is not None for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a table brought: places (voxels, zyx) and, where it has a column of them, classes."""

    points: tuple[Point, ...]
    classes: tuple[str | None, ...]
    outside: int


def write_table(path: Path, snapshot: Snapshot, voxel_size: VoxelSize) -> int:
    """Write all objects: places in voxels and µm, classes, by whom, probabilities.

    ``class`` is what a person said, else what was predicted; ``by`` is the person, or
    ``classifier``. Places in µm are from the centre of the volume's first voxel, as napari and
    ``datasets`` have them. Returns the number of rows.
    """
    names = snapshot.class_names
    known: list[bool] = [bool(np.isfinite(row).any()) for row in snapshot.probabilities]
    rows = []
    for at, id_ in enumerate(snapshot.ids):
        chances = snapshot.probabilities[at]
        predicted = names[int(np.nanargmax(chances))] if known[at] else ""
        verdict = snapshot.verdicts[at]
        said = (verdict.name, verdict.by) if verdict else (predicted, "classifier" * known[at])
        um = [c * v for c, v in zip(snapshot.points[at], voxel_size.zyx, strict=True)]
        shown = [f"{p:.4f}" if isfinite(p) else "" for p in chances]
        numbers = [f"{value:.6g}" for value in (*snapshot.points[at], *um)]
        rows.append([id_, *numbers, *map(_plain, (*said, predicted)), *shown])
    header = ["id", "z", "y", "x", *_UM_COLUMNS, "class", "by", "predicted"]
    _write(path, [*header, *(_plain(f"p {name}") for name in names)], rows)
    return len(rows)


def write_for_classifier(path: Path, snapshot: Snapshot, *, labelled: bool) -> int:
    """Write ``name,z,y,x,class`` for a data set: those a person labelled, or all without class."""
    rows = []
    for id_, point, verdict in zip(
        snapshot.ids, snapshot.points.tolist(), snapshot.verdicts, strict=True
    ):
        if not labelled:
            rows.append([id_, *map(repr, point)])
        elif verdict is not None:
            rows.append([id_, *map(repr, point), verdict.name])
    _write(path, ["name", "z", "y", "x", *(["class"] if labelled else [])], rows)
    return len(rows)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula.

    >>> _plain("=SUM(A1)"), _plain("sclerotic")
    ("'=SUM(A1)", 'sclerotic')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def read_points(path: Path, shape: Zyx, voxel_size: VoxelSize) -> Imported:
    """Read places of objects from a CSV file: commas, semicolons or tabs between the columns.

    Columns ``z,y,x`` (or napari's ``axis-0,axis-1,axis-2``) are voxels, ``z_um,y_um,x_um`` are
    micrometres as :func:`write_table` has them. ``class`` (or ``label``) is taken where there is
    one. Rows that lie outside of the volume are counted, not taken.

    Raises
    ------
    CallerError
        It has no such columns, or a row holds no number: the line is named.
    ReadError
        It cannot be read.
    """
    lines, columns = _read(path)
    places = next((c for c in _VOXEL_COLUMNS if set(c) <= set(columns)), None)
    if places is None and not set(_UM_COLUMNS) <= set(columns):
        raise CallerError(
            f"{path} has the columns {', '.join(columns) or '(none)'}: expected z,y,x in voxels, "
            "axis-0,axis-1,axis-2, or z_um,y_um,x_um."
        )
    said = next((name for name in ("class", "label") if name in columns), None)
    points, classes, outside = [], [], 0
    for number, row in lines:
        point = _point(path, number, row, places, voxel_size)
        if all(-0.5 <= c <= n - 0.5 for c, n in zip(point, shape, strict=True)):
            points.append(point)
            classes.append((row[said].strip().removeprefix("'") or None) if said else None)
        else:
            outside += 1
    return Imported(tuple(points), tuple(classes), outside)


def _read(path: Path) -> tuple[Iterator[tuple[int, dict[str, str]]], list[str]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path} cannot be read: {error}. Expected a CSV file in UTF-8.") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, restval="")
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    return ((reader.line_num, row) for row in reader), columns


def _point(
    path: Path,
    number: int,
    row: dict[str, str],
    places: tuple[str, str, str] | None,
    voxel_size: VoxelSize,
) -> Point:
    names = places or _UM_COLUMNS
    try:
        a, b, c = (float(row[name]) for name in names)
    except ValueError:
        a = b = c = float("nan")
    if not all(map(isfinite, (a, b, c))):
        found = ", ".join(row[name] or "nothing" for name in names)
        raise CallerError(
            f"{path}, line {number}: {', '.join(names)} are {found}; expected three numbers."
        )
    if places:
        return a, b, c
    z, y, x = (um / edge for um, edge in zip((a, b, c), voxel_size.zyx, strict=True))
    return z, y, x
