"""Files and folders that are whole or absent.

A result is written beside its place as ``NAME.partial-<pid>``, brought to the
disk (fsync), moved into place in one step, and the folder that names it is
brought to the disk too. Until that step the old result stays; a run that was
killed leaves at most a ``.partial-…`` behind, which can be deleted.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import sleep

from napari_vessel.errors import OutputExistsError, VesselError, WriteError
from napari_vessel.volumes._exchange import exchange

__all__ = [
    "file_beside",
    "folder_beside",
    "remove_leftovers",
    "replace_folder",
    "sync",
    "sync_tree",
    "write_atomically",
]

_BESIDE = ".partial-"
_NUMBERS = count()
_LONGEST_NAME = 255  # bytes, on every common file system
_REMOVALS, _REMOVAL_PAUSE_S = 20, 0.05  # a second in all


def write_atomically(path: Path, content: bytes | Callable[[Path], object]) -> None:
    """Write a file so that it is either the old one or all of the new one.

    Parameters
    ----------
    path
        Where; what stands there is replaced. Its folder is made if need be.
    content
        The bytes, or a function that writes to the path it is given (a new name
        beside ``path``) and may verify what it wrote; if it raises, nothing changes.

    Raises
    ------
    WriteError
        If the file cannot be written; the old one is untouched.
    """
    with file_beside(path) as beside:
        if callable(content):
            content(beside)
        else:
            beside.write_bytes(content)


@contextmanager
def file_beside(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a name to write to; on leaving it becomes ``path``, on an error it goes.

    Raises
    ------
    OutputExistsError
        If ``overwrite`` is false and something stands at ``path``.
    WriteError
        If the file cannot be written.
    """
    with _beside(path, overwrite=overwrite) as beside:
        yield beside
        sync(beside)
        _refuse_standing(path, overwrite=overwrite)
        beside.replace(path)
        sync(path.parent)


@contextmanager
def folder_beside(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give an empty folder to fill; on leaving it becomes ``path``, on an error it goes.

    Raises
    ------
    OutputExistsError
        If ``overwrite`` is false and something stands at ``path``.
    WriteError
        If something cannot be written.
    """
    with _beside(path, overwrite=overwrite) as beside:
        beside.mkdir()
        yield beside
        sync_tree(beside)
        _refuse_standing(path, overwrite=overwrite)
        replace_folder(beside, path)


def replace_folder(tmp: Path, final: Path) -> None:
    """Move the finished folder ``tmp`` to ``final`` and delete what stood there.

    On Linux the two change places in one step. Elsewhere the old one steps
    aside as ``NAME.partial-…`` first, and comes back if the move fails.
    ``tmp`` must be on the same file system, and synced (:func:`sync_tree`).

    Raises
    ------
    WriteError
        If the move fails; the old one is untouched.
    """
    with _explained(final):
        if os.path.lexists(final):
            old = exchange(tmp, final, aside=_name_beside(final))
        else:
            old = None
            tmp.replace(final)
        sync(final.parent)
        if old is not None:
            _remove(old)


def remove_leftovers(path: Path) -> None:
    """Delete what writers of ``path`` that were killed left beside it.

    To be called while nobody else writes there; what refuses to go stays.
    """
    for leftover in path.parent.glob(f"{glob.escape(path.name)}{_BESIDE}*"):
        _remove(leftover)


def sync_tree(folder: Path) -> None:
    """Bring every file and folder below ``folder``, and itself, to the disk."""
    for base, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync(Path(base, name))
        sync(Path(base))


def sync(path: Path) -> None:
    """Bring one file, or the names in one folder, to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders; its file systems journal the names
    # Windows syncs only what is open for writing.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _beside(path: Path, *, overwrite: bool) -> Iterator[Path]:
    _refuse_standing(path, overwrite=overwrite)
    beside = _name_beside(path)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
        except BaseException:
            _remove_for_good(beside)
            raise
        _remove(beside)  # gone already, unless nobody moved it


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except VesselError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise WriteError(
            f"{path} could not be written: {reason}. What stood there is kept."
        ) from error


def _refuse_standing(path: Path, *, overwrite: bool) -> None:
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"{path} exists already: choose another name, or overwrite it.")


def _name_beside(path: Path) -> Path:
    ending = f"{_BESIDE}{os.getpid()}-{next(_NUMBERS)}"
    stem = path.name.encode()[: _LONGEST_NAME - len(ending)].decode(errors="ignore")
    return path.with_name(stem + ending)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _remove_for_good(path: Path) -> None:
    """Delete until it stays away.

    When one chunk's write fails, zarr's threads still write those begun: into a folder
    that is being deleted, which they make again.
    """
    gone = 0
    for _ in range(_REMOVALS):
        gone = 0 if os.path.lexists(path) else gone + 1
        if gone == 2:
            return
        _remove(path)
        sleep(_REMOVAL_PAUSE_S)
