"""The folder of a run that can be killed and gone on with: held by one, of one recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from napari_vessel.errors import OutputExistsError, ProjectBusyError, ProjectError, WriteError

LOCK = ".lock"


@contextmanager
def held(folder: Path, doing: Literal["predicting", "training"]) -> Iterator[None]:
    """Make ``folder`` and hold it against a second run.

    Raises
    ------
    ProjectBusyError
        Another run is at work on it.
    WriteError
        It cannot be made.
    """
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ProjectBusyError(f"Another run is {doing} into {folder} now.") from error
    except OSError as error:
        reason = error.strerror or error
        raise WriteError(f"{folder} cannot be written: {reason}.") from error
    try:
        yield
    finally:
        lock.release()


def read_recipe(path: Path) -> dict[str, Any]:
    """Read a recipe.

    Raises
    ------
    OSError
        There is none, or it cannot be read.
    ProjectError
        It is damaged.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ProjectError(
            f"{path} is damaged ({error}); use --overwrite to start anew."
        ) from error
    if not isinstance(found, dict):
        raise ProjectError(f"{path} is no recipe; use --overwrite to start anew.")
    return found


def require_same(
    found: dict[str, Any],
    wanted: dict[str, Any],
    folder: Path,
    what: Literal["prediction", "training"],
) -> None:
    """Refuse to go on with a run of another recipe, naming what differs.

    Raises
    ------
    OutputExistsError
        With the names of the values that differ.
    """
    differing = _differing(found, wanted)
    if differing:
        raise OutputExistsError(
            f"{folder} holds an unfinished {what} of another recipe (it differs in "
            f"{', '.join(differing)}). Ask as before to go on with it, or use --overwrite."
        )


def _differing(found: Any, wanted: Any, name: str = "") -> list[str]:  # noqa: ANN401  JSON
    """Name the values that differ, as training.seed."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = sorted(found.keys() | wanted)
        inner = ((found.get(key), wanted.get(key), f"{name}.{key}".lstrip(".")) for key in keys)
        return [each for values in inner for each in _differing(*values)]
    return [] if found == wanted else [name or "it all"]
