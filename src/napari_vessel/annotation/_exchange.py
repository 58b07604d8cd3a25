"""Journals as files that people hand to one another."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

from napari_vessel.annotation._aside import copy_journal
from napari_vessel.annotation._journal import SUFFIX, holders, journal_paths
from napari_vessel.annotation._reading import JournalReader, fact_of
from napari_vessel.annotation._schema import newer_format
from napari_vessel.errors import JournalError, LabelsError, OutputExistsError
from napari_vessel.geometry import Zyx


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One journal of a project.

    Attributes
    ----------
    name
        Of its file, which begins with when and where (machine) it was begun.
    person
        Whose it is; empty where it does not tell.
    rows
        How many can be read.
    held
        Whether a viewer writes to it now.
    problems
        What could not be read, in sentences.
    """

    name: str
    person: str
    rows: int
    held: bool
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the fields, for JSON."""
        return asdict(self)


def list_journals(folder: Path) -> list[JournalEntry]:
    """List the journals in ``folder``, the oldest first; every row of them is read and checked."""
    held = set(holders(folder))
    return [_listed(path, held=path.name in held) for path in journal_paths(folder)]


def _listed(path: Path, *, held: bool) -> JournalEntry:
    reader = JournalReader(path)
    rows = sum(1 for _ in reader.rows())
    newer = newer_format(path)
    problems = [f"{newer}. Update napari-vessel."] if newer else reader.problems
    return JournalEntry(path.name, person_shown(path), rows, held, tuple(problems))


def person_shown(path: Path) -> str:
    """Return whose journal it is; empty where it does not tell."""
    return fact_of(path, "person")


def take_journal(path: Path, folder: Path, shape: Zyx) -> Path | None:
    """Copy a colleague's journal into ``folder``; it counts from the next opening on.

    Parameters
    ----------
    path
        The file.
    folder
        The project's folder of journals.
    shape
        The edges of the project's volume, in voxels.

    Returns
    -------
    Path or None
        Where it lies now; None where all its rows are here already.

    Raises
    ------
    LabelsError
        If it is no journal, of a volume of another shape, or of a newer format; nothing is copied.
    JournalError
        If it cannot be copied.
    """
    theirs = fact_of(path, "shape")
    if not theirs:
        raise LabelsError(f"{path} is no journal: choose a file {'*' + SUFFIX} of a project.")
    if newer := newer_format(path):
        raise LabelsError(f"{newer}: update napari-vessel to take it in.")
    ours = ",".join(map(str, shape))
    if theirs != ours:
        raise LabelsError(
            f"{path.name} is of a volume of {theirs} voxels, the project's has {ours}: "
            "only journals of the same volume can be taken in."
        )
    if _is_known(path, folder):
        return None
    try:
        return copy_journal(path, folder)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"{path} could not be taken into {folder}: {error}.") from error


def give_journals(folder: Path, out: Path, person: str | None = None) -> list[Path]:
    """Copy the journals in ``folder`` into the folder ``out``, each as one file; return them.

    Parameters
    ----------
    folder
        The project's folder of journals. What a viewer is writing now is copied as far as it
        is committed.
    out
        Made where it is missing.
    person
        Only of this person; None for all.

    Raises
    ------
    OutputExistsError
        If a file of that name is there already; nothing is copied.
    JournalError
        If one cannot be copied.
    """
    paths = [p for p in journal_paths(folder) if person is None or person_shown(p) == person]
    standing = [path.name for path in paths if (out / path.name).exists()]
    if standing:
        raise OutputExistsError(f"{out / standing[0]} already exists: choose another folder.")
    try:
        return [copy_journal(path, out) for path in paths]
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"The journals could not be copied to {out}: {error}.") from error


def _is_known(path: Path, folder: Path) -> bool:
    """Tell whether a journal of ``folder`` begins with all rows of the one at ``path``."""
    theirs = [(row.sequence, row.crc) for row in JournalReader(path).rows()]
    for mine in journal_paths(folder):
        if mine.name.split(".")[0] == path.name.split(".")[0]:
            rows = [(row.sequence, row.crc) for row in JournalReader(mine).rows()]
            if set(theirs) <= set(rows):
                return True
    return False
