"""Read and write ``project.toml``: whole or not at all, by one program at a time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock, Timeout
from pydantic import ValidationError

from napari_vessel.errors import ProjectBusyError, ProjectError, WriteError
from napari_vessel.project._config import FORMAT_VERSION, ProjectConfig
from napari_vessel.volumes import write_atomically

_LOCK_SECONDS = 10.0
NAME = "project.toml"


def read_config(path: Path) -> ProjectConfig:
    """Read the configuration in the file ``path``.

    Raises
    ------
    ProjectError
        It is missing, damaged, or of a newer format.
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

    Raises
    ------
    ProjectError
        Naming the entry that is wrong, or the newer format.
    """
    found = values.get("format", FORMAT_VERSION)
    if isinstance(found, int) and found > FORMAT_VERSION:
        raise ProjectError(
            f"{where} has format {found}; this version knows up to {FORMAT_VERSION}. "
            "Please update napari-vessel."
        )
    try:
        return ProjectConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "entries"
        raise ProjectError(f"{where}: {place}: {first['msg']}.") from error


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
