"""CSV tables, read whole: a header and rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_vessel.errors import ReadError, SamplesError

__all__ = ["Table", "read_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a table, each with its line's number in the file."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    def has(self, *columns: str) -> bool:
        """Tell whether there are all these columns."""
        return set(columns) <= set(self.columns)

    def needs(self, columns: Sequence[str]) -> None:
        """Refuse a table without one of these columns.

        Raises
        ------
        SamplesError
            That names the columns there are.
        """
        missing = [column for column in columns if column not in self.columns]
        if missing:
            message = (
                f"{self.path} has no column {', '.join(missing)}; found the columns "
                f"{', '.join(self.columns)}. Name the right one in the configuration."
            )
            raise SamplesError(message)


def read_table(path: Path) -> Table:
    """Read a CSV file with a header; commas, semicolons or tabs.

    Raises
    ------
    SamplesError
        If there is none, or it has no header, or a row has more cells than the header.
    ReadError
        If it cannot be read as text in UTF-8.
    """
    if not path.is_file():
        raise SamplesError(f"There is no table at {path}. Check the path.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}. Expected a CSV file in UTF-8."
        raise ReadError(message) from error
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    columns = tuple(name.strip() for name in next(reader, []))
    if not any(columns):
        raise SamplesError(f"{path} is empty; expected a header as name,ground_truth and rows.")
    rows = []
    for cells in reader:
        if len(cells) > len(columns):
            message = (
                f"{path}, line {reader.line_num}: {len(cells)} cells, but the header has "
                f"{len(columns)} columns. Quote cells that hold a {delimiter!r}."
            )
            raise SamplesError(message)
        if any(cell.strip() for cell in cells):
            full = [cell.strip() for cell in cells] + [""] * (len(columns) - len(cells))
            rows.append((reader.line_num, dict(zip(columns, full, strict=True))))
    return Table(path, columns, tuple(rows))
