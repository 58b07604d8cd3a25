"""A folder that is being filled and can be gone on with after a kill.

It stands beside its place as ``NAME.unfinished`` with a log of what is done,
``NAME.unfinished.log``: a first line that says what it is to become, then a line for each unit
whose files are on the disk. Where that first line differs, nothing of it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from napari_vessel.errors import (
    OutputExistsError,
    ProjectBusyError,
    VesselError,
    WriteError,
)
from napari_vessel.volumes._atomic import (
    folder_beside,
    remove_leftovers,
    replace_folder,
    sync,
    sync_tree,
)

__all__ = ["Filling", "filling", "unfinished_at"]

_ENDING = ".unfinished"


@dataclass
class Filling:
    """A folder and what of it is done.

    Attributes
    ----------
    folder
        To be filled.
    done
        What :meth:`record` noted of each unit, by the unit's name.
    """

    folder: Path
    done: dict[str, Any] = field(default_factory=dict)
    log: Path | None = None

    @property
    def begun(self) -> bool:
        """Whether an earlier run made the folder."""
        return self.folder.is_dir() and any(self.folder.iterdir())

    def record(self, unit: str, note: object) -> None:
        """Note that ``unit`` is on the disk."""
        self.done[unit] = note
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps([unit, note]) + "\n")
                file.flush()
                os.fsync(file.fileno())


def unfinished_at(path: Path) -> Path:
    """Return where the unfinished folder of ``path`` stands."""
    return path.with_name(path.name + _ENDING)


@contextmanager
def filling(path: Path, *, what: str, overwrite: bool, resume: bool) -> Iterator[Filling]:
    """Give a folder to fill; on leaving it becomes ``path``.

    Parameters
    ----------
    what
        Says all of which the content depends.
    overwrite
        Replace what stands at ``path``, at the end.
    resume
        Go on with what an earlier run left, and leave what is done where this one breaks off.
        Without it an error leaves nothing.

    Raises
    ------
    OutputExistsError
        If something stands at ``path``, unless ``overwrite``.
    ProjectBusyError
        If another process fills the same folder.
    WriteError
        If something cannot be written.
    """
    if not resume:
        with folder_beside(path, overwrite=overwrite) as beside:
            yield Filling(beside)
        return
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"{path} exists already: choose another name, or overwrite it.")
    folder = unfinished_at(path)
    lock = Path(f"{folder}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            try:
                found = _gone_on_with(folder, what)
                yield found
                sync_tree(folder)
                replace_folder(folder, path)
                Path(f"{folder}.log").unlink(missing_ok=True)
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise ProjectBusyError(f"{path} is being written by another process.") from error
    except VesselError:
        raise
    except OSError as error:
        reason = error.strerror or error
        message = f"{path} could not be written: {reason}. What is done is kept."
        raise WriteError(message) from error


def _gone_on_with(folder: Path, what: str) -> Filling:
    log = Path(f"{folder}.log")
    lines = _lines(log)
    if folder.is_dir() and lines and lines[0] == what:
        notes = [line for line in lines[1:] if isinstance(line, list) and len(line) == 2]
        return Filling(folder, {str(unit): note for unit, note in notes}, log)
    _forget(folder, log)
    folder.mkdir()
    log.write_text(json.dumps(what) + "\n", encoding="utf-8")
    sync(log)
    sync(folder.parent)
    return Filling(folder, {}, log)


def _forget(folder: Path, log: Path) -> None:
    """Delete what an earlier run of something else left; named so that it is found."""
    log.unlink(missing_ok=True)
    if os.path.lexists(folder):
        aside = folder.with_name(folder.name.removesuffix(_ENDING) + f".partial-{os.getpid()}-old")
        folder.rename(aside)
        remove_leftovers(folder.with_name(folder.name.removesuffix(_ENDING)))


def _lines(log: Path) -> list[Any]:
    """Read the whole lines of a log; the last one of a run that was killed may be cut."""
    try:
        text = log.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
