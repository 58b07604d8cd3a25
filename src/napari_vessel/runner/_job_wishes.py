"""What a person may ask of a job, from the dock or a shell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_vessel.errors import CallerError, OutputExistsError, ProjectBusyError
from napari_vessel.project import AT_WORK, ENDED, JobRecord, Project, jobs_of
from napari_vessel.workflows import Predict, check_output, discard_unfinished, request_as_json

__all__ = ["cancel_job", "new_job", "pause_job"]


def new_job(project: Path, request: Predict, *, goes_on: bool = True) -> JobRecord:
    """Keep a request as a job of the project in folder ``project``; nothing starts yet.

    An unfinished job that asked for the same is gone on with.

    Raises
    ------
    CallerError
        Its volume cannot be opened, its mask not be written as asked, or an unfinished job
        of this project asks for something else at the same place; or the project is of a
        newer format.
    ProjectBusyError
        Another job predicts into the same output now.
    """
    Project.open(project, to_change=True)
    request = replace(request, out=request.out.expanduser().absolute())
    values = request_as_json(request)
    for known in jobs_of(project):
        if known.out != request.out or (state := known.status.state) in ENDED:
            continue
        if state in AT_WORK:
            raise ProjectBusyError(f"Job {known.id} predicts into {request.out} now.")
        if known.request == values:
            known.ask(wish="run", goes_on=goes_on)
            return known
        if not request.overwrite:
            raise OutputExistsError(
                f"Job {known.id}, which is {state}, is for {request.out} too: resume or cancel it, "
                "or choose another place."
            )
    check_output(request)
    return JobRecord.create(project, values, goes_on=goes_on)


def pause_job(record: JobRecord) -> None:
    """Ask a job at work to stop for now; it does after its batch of tiles.

    Raises
    ------
    CallerError
        It is not at work.
    """
    if (state := record.status.state) not in AT_WORK:
        raise CallerError(f"Job {record.id} is {state}, not at work: there is nothing to pause.")
    record.ask(wish="pause")


def cancel_job(record: JobRecord) -> None:
    """Give a job up: what is done of it is deleted, by its process or here.

    Raises
    ------
    CallerError
        It is complete or cancelled already.
    ProjectBusyError
        Another run works on the same output.
    """
    status = record.status
    if status.state in ("complete", "cancelled"):
        raise CallerError(f"Job {record.id} is {status.state}: there is nothing to cancel.")
    record.ask(wish="cancel")
    if status.state in AT_WORK:
        return
    discard_unfinished(record.out)
    what = "Cancelled. What was done is deleted."
    record.write_status(status.model_copy(update={"state": "cancelled", "what": what}))
