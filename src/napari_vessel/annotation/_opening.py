"""How corrections are opened: what is wished, what was found, and who is there already."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from napari_vessel.annotation._aside import take_in
from napari_vessel.annotation._journal import journal_paths
from napari_vessel.annotation._schema import newer_format
from napari_vessel.annotation._writer import OnFailed, OnSaved


class OpenOptions(TypedDict, total=False):
    """How corrections are opened; all may be left out.

    Attributes
    ----------
    read_only
        Refuse changes; a text says why, and what to do. A journal of a newer version of this
        program is reason enough.
    cache
        Folder of a cache that spares most of the replay; None for none.
    aside
        Folder of journals of this project that could not be written to its own: they are
        taken in now, and rows go there while it cannot be written. None for nowhere.
    person
        Who paints, noted in the journal: undo takes back their strokes only. None for the
        user of this machine.
    on_saved, on_failed
        Called on the writer's thread: after each commit with the number of
        rows of our own journal that are durable; after each failed try with
        a :class:`~napari_vessel.errors.JournalError`. Nothing is dropped
        then: rows stay in memory, and aside, and are tried again every second.
    """

    read_only: bool | str
    cache: Path | None
    aside: Path | None
    person: str | None
    on_saved: OnSaved | None
    on_failed: OnFailed | None


def view_only(options: OpenOptions, folder: Path, paths: Sequence[Path]) -> str:
    """Return why the corrections in ``folder`` are refused any change; empty where they are not."""
    wish = options.get("read_only", False)
    if isinstance(wish, str) and wish:
        return wish
    newer = next((said for path in paths if (said := newer_format(path))), None)
    if newer:
        return f"{newer}: its project is open to view and to export. Update napari-vessel to paint."
    if wish:
        return (
            f"The corrections in {folder} were opened to view only: "
            "open the project for writing to paint."
        )
    return ""


def found_aside(
    aside: Path | None, folder: Path, *, read_only: bool
) -> tuple[list[Path], list[str]]:
    """Take the journals in ``aside`` into ``folder`` if it may be; return those left, and news."""
    if aside is None:
        return [], []
    if read_only:
        return journal_paths(aside), []
    return take_in(aside, folder)


def somebody(journal: str) -> str:
    """Say that somebody else has the project open, by the name of their journal."""
    begun, host, *_ = f"{journal}--".split("-")
    return (
        f"Somebody paints here, too: on {host}, since {begun} (UTC). Both keep a journal of their "
        "own, so nothing is lost; you see each other's strokes when you open the project again."
    )


def user() -> str:
    """Return the name of who works at this machine; empty where it does not tell."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user in the system's list
        return ""


def can_write(folder: Path) -> bool:
    """Tell whether files can be made in ``folder``, or in what it will be made in."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
