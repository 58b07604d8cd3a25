"""Rows of numbers as text, some thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["lines", "write_table"]

_ROWS = 20_000  # formatted at once


def lines(
    columns: Sequence[NDArray[np.generic]], between: str, empty: str = "nan"
) -> Iterator[str]:
    """Yield rows of text, some thousand at a time; whole numbers stay whole.

    Parameters
    ----------
    columns
        Of one length.
    between
        What stands between two numbers.
    empty
        What stands for NaN.
    """
    form = between.join("%d" if column.dtype.kind in "biu" else "%.9g" for column in columns) + "\n"
    for start in range(0, len(columns[0]), _ROWS):
        part = [column[start : start + _ROWS].tolist() for column in columns]
        text = "".join([form % row for row in zip(*part, strict=True)])
        yield text.replace("nan", empty) if empty != "nan" else text


def write_table(file: TextIO, columns: dict[str, NDArray[np.generic]]) -> Iterator[int]:
    """Write a CSV table, yielding the rows so far; NaN is an empty cell.

    Names and numbers only: nothing that a spreadsheet would take for a formula.
    """
    file.write(",".join(columns) + "\n")
    done = 0
    for text in lines(list(columns.values()), ",", empty=""):
        file.write(text)
        done += text.count("\n")
        yield done
