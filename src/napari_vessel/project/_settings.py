"""Read and write ``project.toml``: whole or not at all, by one program at a time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from napari_vessel.errors import ProjectBusyError, ProjectError, WriteError
from napari_vessel.project._config import FORMAT_VERSION, ProjectConfig
from napari_vessel.volumes import write_atomically

_LOCK_SECONDS = 10.0
_NOT_TO_VIEW = frozenset({"inference", "training"})
NAME = "project.toml"


def read_config(path: Path) -> ProjectConfig:
    """Read the configuration in the file ``path``.

    Raises
    ------
    ProjectError
        It is missing, damaged, or of a newer format of which too little is understood.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectError(f"{path.parent} is no project: it has no {NAME}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{path} cannot be read: {error}.") from error
    return validated(values, path)


def write_config(path: Path, config: ProjectConfig) -> None:
    """Write the configuration to the file ``path``, whole or not at all."""
    values = config.model_dump(mode="json", exclude_none=True)
    write_atomically(path, tomli_w.dumps(values).encode())


def validated(values: dict[str, Any], where: Path) -> ProjectConfig:
    """Check values against the format this version knows.

    Of a newer format what is known is taken, so that the project opens to view; how it predicts
    and learns is not.

    Raises
    ------
    ProjectError
        Naming the entry that is wrong, or the newer format.
    """
    found = values.get("format", FORMAT_VERSION)
    is_newer = isinstance(found, int) and found > FORMAT_VERSION
    if is_newer:
        values = _known(ProjectConfig, values, leave=_NOT_TO_VIEW)
    try:
        return ProjectConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "entries"
        if is_newer:
            raise ProjectError(f"{said_newer(where, found)} ({place}: {first['msg']}).") from error
        raise ProjectError(f"{where}: {place}: {first['msg']}.") from error


def said_newer(where: Path, found: int) -> str:
    """Say that a configuration is of a newer format, and what to do."""
    return (
        f"{where} has format {found}; this version knows up to {FORMAT_VERSION}. "
        "Please update napari-vessel"
    )


def _known(model: type[BaseModel], values: dict[str, Any], leave: Set[str]) -> dict[str, Any]:
    """Keep of ``values`` what ``model`` has fields for, but for those to ``leave`` as they are."""
    kept = {}
    for name, field in model.model_fields.items():
        if name in values and name not in leave:
            kind: Any = field.annotation
            nested = isinstance(kind, type) and issubclass(kind, BaseModel)
            value = values[name]
            kept[name] = _known(kind, value, frozenset()) if nested and value else value
    return kept


@contextmanager
def locked(project: Path) -> Iterator[None]:
    """Hold the configuration of ``project`` against all other writers.

    Raises
    ------
    ProjectBusyError
        Another program holds it for too long.
    WriteError
        The folder cannot be written.
    """
    lock = FileLock(project / ".project.lock")
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout as error:
        raise ProjectBusyError(
            f"{project / NAME} is being written by another program; try again when it has ended."
        ) from error
    except OSError as error:
        raise WriteError(f"{project} cannot be written: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()
