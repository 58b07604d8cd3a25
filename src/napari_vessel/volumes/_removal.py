"""Folders that are gone in one step: nobody ever opens one that is half deleted."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from napari_vessel.errors import WriteError

__all__ = ["remove_at_once", "remove_half_removed"]

_GOING = ".deleted-"


def remove_at_once(folder: Path) -> None:
    """Rename ``folder`` away, then delete it.

    Who opens it finds all of it or nothing. Killed in between, it leaves
    ``NAME.deleted-…`` behind, which :func:`remove_half_removed` deletes.

    Raises
    ------
    WriteError
        It cannot be renamed; it is still whole.
    """
    going = folder.with_name(f"{folder.name}{_GOING}{uuid4().hex[:8]}")
    try:
        folder.rename(going)
    except FileNotFoundError:
        return  # another process was faster
    except OSError as error:
        raise WriteError(f"{folder} cannot be deleted: {error.strerror or error}.") from error
    shutil.rmtree(going, ignore_errors=True)  # what refuses to go is tried again later


def remove_half_removed(parent: Path) -> None:
    """Delete what removals in ``parent`` that were killed left; at any time, by anyone."""
    for going in parent.glob(f"*{_GOING}*"):
        shutil.rmtree(going, ignore_errors=True)
