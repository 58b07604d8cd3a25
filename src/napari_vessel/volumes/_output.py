"""May a result be written there? Asked before any write."""

from __future__ import annotations

import os
from pathlib import Path

from napari_vessel.errors import ExportError, OutputExistsError
from napari_vessel.volumes._mask_source import MaskSource
from napari_vessel.volumes._names import check_name

__all__ = ["ZARR", "check_file", "check_folder", "check_place", "refuse_foreign"]

ZARR = ("zarr.json", ".zgroup", ".zarray")
"""Of which every zarr holds one."""


def check_file(source: MaskSource, out: Path, *, overwrite: bool) -> None:
    """Refuse to write the file ``out`` where that would harm something.

    Raises
    ------
    ExportError
        If the name cannot be written everywhere, the input would be harmed, or
        a folder stands there; also what :meth:`MaskSource.check` refuses.
    OutputExistsError
        If something stands there, unless ``overwrite`` says to replace it.
    """
    _check(source, out, overwrite=overwrite)
    if out.is_dir():
        raise ExportError(f"{out} is a folder, not a file that could be replaced: choose a file.")


def check_folder(source: MaskSource, out: Path, *, overwrite: bool, marks: tuple[str, ...]) -> None:
    """Refuse to write the folder ``out`` where that would harm something.

    Parameters
    ----------
    marks
        Files of which a folder that may be replaced holds one (:func:`refuse_foreign`).

    Raises
    ------
    ExportError, OutputExistsError
        As :func:`check_file` and :func:`refuse_foreign`.
    """
    _check(source, out, overwrite=overwrite)
    refuse_foreign(out, marks=marks)


def refuse_foreign(out: Path, *, marks: tuple[str, ...]) -> None:
    """Refuse to replace something that is no earlier result, even if told to overwrite.

    A slip of the hand (``--overwrite`` and one folder too high) must not delete data.

    Raises
    ------
    ExportError
        If something other than an empty folder stands at ``out`` that holds none of ``marks``.
    """
    if not os.path.lexists(out):
        return
    if out.is_dir() and (not any(out.iterdir()) or any((out / m).is_file() for m in marks)):
        return
    message = f"{out} does not look like an earlier result of this kind, so it is not replaced"
    raise ExportError(f"{message}: choose another name, or delete it yourself.")


def _check(source: MaskSource, out: Path, *, overwrite: bool) -> None:
    source.check()
    check_place(out, protected=source.protected, overwrite=overwrite)


def check_place(out: Path, *, protected: tuple[Path, ...], overwrite: bool) -> None:
    """Refuse a name that cannot be written everywhere, or a place that is the input's or taken.

    Raises
    ------
    ExportError, OutputExistsError
        As :func:`check_file`.
    """
    check_name(out.name)
    place = out.resolve()
    for kept in (path.resolve() for path in protected):
        if place == kept or place in kept.parents or kept in place.parents:
            raise ExportError(f"{out} would harm the input {kept}: choose another place.")
    if not overwrite and os.path.lexists(out):
        raise OutputExistsError(f"{out} exists already: choose another name, or overwrite it.")
