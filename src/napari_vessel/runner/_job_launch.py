"""Start a process that works on a job, on its own: it outlives the viewer where that is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from napari_vessel.errors import ComputeError
from napari_vessel.project import JobRecord, JobStatus

from ._config import RunnerConfig
from ._launch import environment_for

__all__ = ["launch_job"]


def launch_job(record: JobRecord, config: RunnerConfig | None = None) -> subprocess.Popen[bytes]:
    """Start a process of low priority that works on ``record`` and heeds its wishes.

    It is detached: a Ctrl-C, a closed terminal and the viewer's end do not reach it. Its
    standard input is a lifeline: at its end the job stops, unless it is to go on.

    Raises
    ------
    ComputeError
        The system refuses to start it.
    """
    record.ask(wish="run")
    update = {"state": "waiting", "what": "Starting", "pid": None, "seconds_left": None}
    record.write_status(JobStatus.model_validate(record.told.model_dump(exclude=_FRESH) | update))
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", "napari_vessel", "resume"]
    try:
        with record.log.open("ab") as log:
            return subprocess.Popen(
                [*command, str(record.path), "--background"],
                env=environment_for(config or RunnerConfig()),
                cwd=Path(record.path.anchor),  # keeps no folder from being moved or unmounted
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=os.name != "nt",
                creationflags=_detached(),
            )
    except OSError as error:
        what = f"The job's process cannot be started ({error}): free memory, then try again."
        record.write_status(record.told.model_copy(update={"state": "failed", "what": what}))
        raise ComputeError(what) from error


_FRESH = {"heartbeat", "host", "started"}


def _detached() -> int:
    """Of a low priority, without a console and apart from the viewer's, on Windows."""
    names = ("IDLE_PRIORITY_CLASS", "CREATE_NO_WINDOW", "CREATE_NEW_PROCESS_GROUP")
    return sum(getattr(subprocess, name, 0) for name in names)
