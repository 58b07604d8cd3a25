"""Two folders change places: in one step where the system can."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

__all__ = ["exchange"]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchange(new: Path, standing: Path, *, aside: Path) -> Path:
    """Put ``new`` where ``standing`` is and tell where the old one went.

    Parameters
    ----------
    new, standing
        Both exist, on one file system.
    aside
        A free name, used where two names cannot change places in one step.

    Raises
    ------
    OSError
        If it fails; ``standing`` is as it was.
    """
    if _exchanged(new, standing):
        return new
    standing.rename(aside)
    try:
        new.replace(standing)
    except OSError:
        aside.rename(standing)
        raise
    return aside


def _exchanged(one: Path, other: Path) -> bool:
    """Try ``renameat2(2)``, which not every kernel and file system has."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0)
