"""The jobs of a project: what each was asked, how far it is, and what a person wants of it.

``jobs/<id>/`` holds

- ``request.json``, what was asked, never changed;
- ``job.json``, the recipe, copied once the job has settled it, never changed;
- ``status.json``, how far it is, replaced whole by the process that works on it;
- ``control.json``, what a person wants (run, pause, cancel), replaced whole by whoever asks;
- ``log.txt``, what the process printed;
- ``.lock``, held by the process as long as it lives, so that a killed one is known at once.

The blocks themselves lie beside the output, in ``OUT.job/`` (decision 0009).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from napari_vessel.errors import CallerError, ProjectBusyError, ProjectError, WriteError
from napari_vessel.project._job_status import AT_WORK, Control, JobStatus
from napari_vessel.volumes import write_atomically

_JOBS = "jobs"
_SILENT_S = 60.0  # a process elsewhere that says nothing for so long is taken for dead
_STARTING_S = 120.0  # until a process that was started has to have said something
_LOCK_S = 5.0  # a reader that looks whether the lock is held has it for a moment

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True)
class JobRecord:
    """The record of one job, in its folder."""

    path: Path

    @classmethod
    def create(
        cls, project: Path, request: Mapping[str, Any], *, goes_on: bool = True
    ) -> JobRecord:
        """Keep ``request`` (JSON-able) as a new job of ``project``.

        Raises
        ------
        WriteError
            The project cannot be written.
        """
        made = cls(project / _JOBS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}")
        made.ask(goes_on=goes_on)
        made.write_status(JobStatus(what="Starting"))
        # Last: a folder without a request is no job, so a killed start leaves none.
        made._write("request.json", dict(request))
        return made

    @classmethod
    def open(cls, path: Path) -> JobRecord:
        """Open the record in folder ``path``.

        Raises
        ------
        ProjectError
            It is none.
        """
        record = cls(path.expanduser().absolute())
        record.request  # noqa: B018  reading it is the check
        return record

    @property
    def id(self) -> str:
        """Its name in the project; they sort by time."""
        return self.path.name

    @property
    def request(self) -> dict[str, Any]:
        """What was asked.

        Raises
        ------
        ProjectError
            The folder is no job, or damaged.
        """
        file = self.path / "request.json"
        try:
            found = json.loads(file.read_text("utf-8"))
            return dict(found)
        except (OSError, ValueError, TypeError) as error:
            raise ProjectError(f"{self.path} is no job that can be read: {error}.") from error

    @property
    def project(self) -> Path:
        """The folder of the project whose job it is, wherever that lies now."""
        return self.path.parent.parent

    @property
    def out(self) -> Path:
        """Where the mask goes."""
        return Path(str(self.request.get("out", "")))

    @property
    def log(self) -> Path:
        """What its process printed."""
        return self.path / "log.txt"

    @property
    def control(self) -> Control:
        """What a person wants of it."""
        return _read(self.path / "control.json", Control) or Control()

    def ask(self, **changes: object) -> None:
        """Note what a person wants; whoever works on it looks several times a second."""
        wanted = self.control.model_dump() | changes
        self._write("control.json", Control.model_validate(wanted).model_dump())

    @property
    def told(self) -> JobStatus:
        """The status as it was last written, whether or not its process still lives."""
        found = _read(self.path / "status.json", JobStatus)
        return found or JobStatus(state="stopped", what="How far it was cannot be read.")

    @property
    def status(self) -> JobStatus:
        """How far it is; a job whose process died is ``stopped``."""
        told = self.told
        if told.state not in AT_WORK or self._alive(told):
            return told
        told = self.told  # it may have ended while it was looked for
        if told.state not in AT_WORK:
            return told
        what = "Stopped: its process was killed. What is done is kept."
        return told.model_copy(update={"state": "stopped", "what": what, "seconds_left": None})

    def write_status(self, status: JobStatus) -> None:
        """Replace the status, whole or not at all."""
        self._write("status.json", status.model_dump(mode="json"))

    def keep_recipe(self, recipe: Path) -> None:
        """Copy the recipe that the job settled, once; it is never changed."""
        if not (self.path / "job.json").exists():
            write_atomically(self.path / "job.json", recipe.read_bytes())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one process that works on it.

        Raises
        ------
        ProjectBusyError
            Another one does.
        WriteError
            The folder cannot be written.
        """
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=_LOCK_S)
        except Timeout as error:
            raise ProjectBusyError(f"Another process works on job {self.id} now.") from error
        except OSError as error:
            raise WriteError(f"{self.path} cannot be written: {error.strerror}.") from error
        try:
            yield
        finally:
            lock.release()

    def forget(self) -> None:
        """Take it off the list; neither mask nor ``OUT.job/`` are touched.

        Raises
        ------
        CallerError
            It is at work.
        """
        if self.status.state in AT_WORK:
            raise CallerError(f"Job {self.id} is at work: pause or cancel it first.")
        (self.path / "request.json").unlink(missing_ok=True)  # from now on it is no job
        shutil.rmtree(self.path, ignore_errors=True)

    def _alive(self, told: JobStatus) -> bool:
        if told.pid is None:
            return told.age_s < _STARTING_S
        if told.host != socket.gethostname():
            return told.age_s < _SILENT_S
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # a folder that may only be read
            return told.age_s < _SILENT_S
        lock.release()
        return False

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        write_atomically(self.path / name, json.dumps(values, indent=2).encode())


def jobs_of(project: Path) -> list[JobRecord]:
    """List the jobs of the project in folder ``project``, oldest first."""
    try:
        names = sorted(os.listdir(project / _JOBS))  # noqa: PTH208  a list, at once
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (JobRecord(project / _JOBS / name) for name in names)
    return [record for record in found if (record.path / "request.json").is_file()]


def job_of(project: Path, id_: str) -> JobRecord:
    """Return the job ``id_`` of a project; the beginning of its name is enough.

    Raises
    ------
    CallerError
        There is none, or several begin so.
    """
    known = jobs_of(project)
    found = [record for record in known if record.id.startswith(id_)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(record.id for record in known) or "none"
    raise CallerError(f"{len(found)} jobs of {project} are called {id_!r}; there are: {names}.")


def _read(path: Path, model: type[_M]) -> _M | None:
    """Read a small file; None where it is missing or damaged."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
