"""Names of files that can be written on every system, refused before any write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from unicodedata import normalize

from napari_vessel.errors import ExportError

__all__ = ["check_ids", "check_name", "check_names", "slice_stems", "tiff_names"]

_LONGEST = 255  # bytes
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")
_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_IMAGE = {".bmp", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}


def check_name(name: str) -> None:
    """Refuse a file name that some file system cannot hold.

    Spaces, letters of every script, emoji and a leading dash are fine.

    Raises
    ------
    ExportError
        If it is empty, ``.`` or ``..``, longer than 255 bytes, holds a separator
        or a control character, or is a device's on Windows (``CON``, ``nul.tif``).
    """
    if name in {"", ".", ".."} or _CONTROL.search(name):
        raise ExportError(f"{name!r} is no file name: choose one without separators.")
    if len(name.encode(errors="surrogateescape")) > _LONGEST:
        raise ExportError(f"{name[:40]!r}… is longer than {_LONGEST} bytes: choose a shorter name.")
    if _RESERVED.fullmatch(name):
        raise ExportError(f"{name!r} is a device's name on Windows: choose another.")


def check_names(names: Sequence[str]) -> None:
    """Refuse names that cannot be written, or not into one folder (see :func:`check_name`).

    Raises
    ------
    ExportError
        Also if two names are one to a file system that ignores case or accents' spelling.
    """
    for name in names:
        check_name(name)
    counted = Counter(normalize("NFC", name).casefold() for name in names)
    twice = [name for name, count in counted.items() if count > 1]
    if twice:
        raise ExportError(f"Two slices would be called {twice[0]!r}: rename one of them.")


def check_ids(ids: Sequence[str]) -> None:
    """Refuse ids that could not be told apart in a table, or break its rows.

    Raises
    ------
    ExportError
        If one comes twice or holds a control character.
    """
    twice = [name for name, count in Counter(ids).items() if count > 1]
    broken = [name for name in ids if _BREAK.search(name)]
    for name in [*twice, *broken]:
        raise ExportError(f"{name!r} cannot be a slice's id, or comes twice: rename the slice.")


def slice_stems(names: Sequence[str] | None, count: int) -> list[str]:
    """Name slices like the input, without image endings, else by number.

    Raises
    ------
    ExportError
        If there are not ``count`` names.

    Examples
    --------
    >>> slice_stems(["a 1.tif", "b.2"], 2), slice_stems(None, 2)
    (['a 1', 'b.2'], ['0000', '0001'])
    """
    if names is None:
        width = max(4, len(str(count - 1)))
        return [f"{index:0{width}}" for index in range(count)]
    if len(names) != count:
        raise ExportError(f"{len(names)} slice names for {count} slices: expected one for each.")
    paths = [PurePath(name) for name in names]
    return [p.stem if p.suffix.lower() in _IMAGE else p.name for p in paths]


def tiff_names(names: Sequence[str] | None, count: int) -> list[str]:
    """Name TIFF slices like the input; names that end otherwise get ``.tif``.

    >>> tiff_names(["a.tiff", "b.png"], 2)
    ['a.tiff', 'b.tif']
    """
    stems = slice_stems(names, count)
    endings = [PurePath(name).suffix for name in names or stems]
    kept = [e if e.lower() in {".tif", ".tiff"} else ".tif" for e in endings]
    return [stem + ending for stem, ending in zip(stems, kept, strict=True)]
