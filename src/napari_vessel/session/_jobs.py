"""The session's whole-volume jobs: started from here, at work in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from napari_vessel.errors import CallerError
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import JobRecord, JobStatus, Project, job_of, jobs_of
from napari_vessel.runner import Runner, cancel_job, launch_job, new_job, pause_job
from napari_vessel.session._region import SessionRegion
from napari_vessel.workflows import (
    Foresee,
    Foreseen,
    Predict,
    request_of_project,
    write_run,
)


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the project: where its mask goes, and how far it is."""

    id: str
    out: Path
    status: JobStatus


@dataclass(frozen=True, slots=True)
class JobWish:
    """What a person wants of a new job; ``settings`` none: the project's.

    ``triage`` is the folder of a triage: it says which blocks come first, and those below
    ``skip_below`` never come.
    ``scheduler`` names a cluster whose workers predict: ``local``, ``local:N`` or an address.
    """

    out: Path
    settings: InferenceConfig | None = None
    probability: bool = False
    overwrite: bool = False
    goes_on: bool = True
    scheduler: str | None = None
    triage: Path | None = None
    skip_below: float = 0.0


class SessionJobs(SessionRegion):
    """Starts, lists, pauses, resumes, cancels: each reads or writes the disk, so on a worker.

    A job's state lies in the project alone: what another viewer or a shell started is listed
    and heeds the same wishes.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self._lifelines: dict[str, IO[bytes]] = {}

    def jobs(self) -> tuple[Job, ...]:
        """List the jobs of the project, the newest first; none without a project."""
        project = self.project
        found = jobs_of(project.path) if project else []
        return tuple(Job(record.id, record.out, record.status) for record in reversed(found))

    def start_job(self, wish: JobWish) -> str:
        """Predict the whole volume in a process of its own; return the job's id.

        Raises
        ------
        CallerError
            Nothing is open, or the mask cannot be written as asked.
        ProjectBusyError
            Another job predicts into the same output.
        """
        project = self._open_now().made_project()
        record = new_job(project.path, _request(project, wish), goes_on=wish.goes_on)
        self._launch(record)
        return record.id

    def write_job_run(self, wish: JobWish, path: Path) -> None:
        """Write a file that predicts as ``wish`` says with ``napari-vessel run``."""
        write_run(path, _request(self._open_now().made_project(), wish))

    def forecast_job(self, wish: JobWish) -> Iterator[Foreseen | None]:
        """Work out what a job would take on this machine; None now and then, until it is known."""
        asked = _request(self._open_now().made_project(), wish)
        kind = (asked.inference.device, asked.inference.precision)
        request = Foresee(
            asked.volume,
            asked.options,
            asked.checkpoint,
            None,
            asked.inference,
            self._rates.get(kind),
            job=True,
        )
        with closing(self.runner.run("foresee", request, priority=1)) as events:
            for event in events:
                yield event if isinstance(event, Foreseen) else None

    def resume_job(self, id_: str, *, goes_on: bool = True) -> None:
        """Go on with a job that is paused, stopped, partial or failed.

        Raises
        ------
        CallerError
            It is at work, or ended for good.
        """
        record = self._record(id_)
        state = record.status.state
        if state not in ("paused", "stopped", "partial", "failed"):
            raise CallerError(f"Job {id_} is {state}: there is nothing to resume.")
        record.ask(goes_on=goes_on)
        self._launch(record)

    def pause_job(self, id_: str) -> None:
        """Ask a job to stop for now, after its batch of tiles; what is done is kept."""
        pause_job(self._record(id_))

    def cancel_job(self, id_: str) -> None:
        """Give a job up; what is done of it is deleted."""
        cancel_job(self._record(id_))

    def remove_job(self, id_: str) -> None:
        """Take a job off the list; its mask, or what is done of it, stays where it is."""
        self._record(id_).forget()

    def leave_jobs(self) -> None:
        """Let go of the jobs at closing: those that do not go on alone end by themselves."""
        for lifeline in self._lifelines.values():
            with suppress(OSError):
                lifeline.close()
        self._lifelines.clear()

    def _record(self, id_: str) -> JobRecord:
        if self.project is None:
            raise CallerError("Nothing is open yet: open a volume first.")
        return job_of(self.project.path, id_)

    def _launch(self, record: JobRecord) -> None:
        before = self._lifelines.pop(record.id, None)
        if before is not None:
            before.close()
        process = launch_job(record)
        Thread(target=process.wait, name="job's end", daemon=True).start()  # leaves no zombie
        if process.stdin is not None:
            self._lifelines[record.id] = process.stdin


def _request(project: Project, wish: JobWish) -> Predict:
    return request_of_project(
        project,
        wish.out,
        wish.settings,
        probability=wish.probability,
        overwrite=wish.overwrite,
        scheduler=wish.scheduler,
        triage=wish.triage,
        skip_below=wish.skip_below,
    )
