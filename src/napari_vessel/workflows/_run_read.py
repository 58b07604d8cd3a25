"""Read the file that ``run`` takes. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from napari_vessel.errors import CallerError
from napari_vessel.workflows._run_file import RunFile
from napari_vessel.workflows._run_kinds import RUN_KINDS, kind_of
from napari_vessel.workflows._run_places import read_values
from napari_vessel.workflows._run_words import faults_of, nearest

__all__ = ["load_run", "validated"]

_Model = TypeVar("_Model", bound=BaseModel)


def load_run(path: Path, kind: str | None = None, out: Path | None = None) -> RunFile:
    """Read a file; its paths, relative to its folder, become absolute.

    Parameters
    ----------
    path
        TOML or JSON.
    kind
        One of ``RUN_KINDS``: what the file must be, and is where it does not say. None: the file
        says.
    out
        Where the result goes, instead of where the file says.

    Raises
    ------
    CallerError
        It cannot be read, or naming the key, what was found, and what was expected.
    """
    values = read_values(path)
    name = _kind(values, kind, path)
    file = validated(kind_of(name), {**values, "run": name}, path)
    located = file.located(path.absolute().parent)
    if out is None and located.out is None and located.suffix:
        out = path.with_suffix(located.suffix)
    return located if out is None else located.model_copy(update={"out": str(out.absolute())})


def validated(model: type[_Model], values: dict[str, Any], path: Path) -> _Model:
    """Check values.

    Raises
    ------
    CallerError
        Naming the file, the key, what was found, and what was expected.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise CallerError(f"{path}: {faults_of(error, model)}") from error


def _kind(values: dict[str, Any], wanted: str | None, path: Path) -> str:
    found = values.get("run", wanted)
    if found is None:
        names = ", ".join(sorted(RUN_KINDS))
        raise CallerError(f"{path}: run: missing; expected one of {names}.")
    if found not in RUN_KINDS:
        raise CallerError(f"{path}: run: found {found!r}; {nearest(str(found), RUN_KINDS)}")
    if wanted is not None and found != wanted:
        raise CallerError(
            f"{path}: run: found {found!r}; expected {wanted!r}. Use napari-vessel run for it."
        )
    return str(found)
