"""Put slice files in order, and notice where one is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from napari_vessel.errors import UnsupportedVolumeError

__all__ = ["ordered_slices"]

_DIGITS = re.compile(r"[0-9]+")


def ordered_slices(names: Sequence[str], uri: str) -> list[str]:
    """Sort the file names of a folder's slices by their numbers.

    The names must be alike but for their numbers, and the first number that is different in
    every name is the slice's. It must grow by one constant step (1, or that of a subsample).

    Raises
    ------
    UnsupportedVolumeError
        If a slice is missing, two have one number, or the names are not of one series.

    Examples
    --------
    >>> ordered_slices(["s 10.tif", "s 9.tif", "s 11.tif"], "folder")
    ['s 9.tif', 's 10.tif', 's 11.tif']
    """
    if len(names) < 2:
        return list(names)
    _check_one_series(names, uri)
    rows = {name: [int(part) for part in _DIGITS.findall(Path(name).stem)] for name in names}
    columns = list(zip(*rows.values(), strict=True))
    varying = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    unique = [i for i in varying if len(set(columns[i])) == len(names)]
    if not unique:
        _refuse_repeats(rows, varying, uri)
    number = unique[0]
    ordered = sorted(names, key=lambda name: rows[name][number])
    _check_no_gap(ordered, [rows[name][number] for name in ordered], uri)
    return ordered


def _check_one_series(names: Sequence[str], uri: str) -> None:
    first = names[0]
    pattern = _pattern(first)
    for name in names:
        if _pattern(name) != pattern:
            message = (
                f"{uri} holds files of different series, as {first!r} and {name!r}; "
                "expected one slice per file, named alike but for a number, as 0001.tif."
            )
            raise UnsupportedVolumeError(message)


def _pattern(name: str) -> str:
    return _DIGITS.sub("#", Path(name).stem)


def _refuse_repeats(rows: dict[str, list[int]], varying: list[int], uri: str) -> None:
    if len(varying) <= 1:
        seen: dict[tuple[int, ...], str] = {}
        for name, numbers in rows.items():
            other = seen.setdefault(tuple(numbers), name)
            if other != name:
                message = f"{uri}: {other!r} and {name!r} have one number; keep one of them."
                raise UnsupportedVolumeError(message)
    message = (
        f"{uri}: {len(varying)} numbers vary in the names, and none tells every slice apart, "
        f"as in {next(iter(rows))!r}. Move one channel or series into a folder of its own."
    )
    raise UnsupportedVolumeError(message)


def _check_no_gap(ordered: Sequence[str], numbers: Sequence[int], uri: str) -> None:
    steps = [b - a for a, b in pairwise(numbers)]
    step = min(steps)
    for name, number, found in zip(ordered, numbers, steps, strict=False):
        if found != step:
            message = (
                f"{uri}: slice {number + step} is missing after {name!r}; "
                "expected consecutive numbers. Put it back, or renumber the files."
            )
            raise UnsupportedVolumeError(message)
