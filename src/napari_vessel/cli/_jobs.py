"""``jobs`` and ``resume``: the whole-volume predictions of a project."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from napari_vessel.cli._group import INTERRUPTED
from napari_vessel.cli._logging import log_to_person
from napari_vessel.cli._options import Json, ProjectPath
from napari_vessel.cli._output import FAULT, PARTIAL, StoppedEarly, explained, follow, say
from napari_vessel.cli._values import report
from napari_vessel.errors import CallerError
from napari_vessel.project import ENDED, JobRecord, Project, job_of, jobs_of
from napari_vessel.runner import InlineRunner, JobStopped, cancel_job, pause_job, work_on
from napari_vessel.workflows import Predict, Proposed, found_again, is_project, request_of_json

_NICENESS = 10  # below the viewer's compute process: a click there is served first


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command()(jobs)
    app.command()(resume)


def jobs(
    project: ProjectPath,
    pause: Annotated[
        str | None, typer.Option(metavar="JOB", help="Stop this job for now; see resume.")
    ] = None,
    cancel: Annotated[
        str | None, typer.Option(metavar="JOB", help="Give this job up; what is done is deleted.")
    ] = None,
    remove: Annotated[
        str | None,
        typer.Option(metavar="JOB", help="Take this job off the list; its mask stays."),
    ] = None,
    json: Json = False,
) -> None:
    """List the whole-volume predictions of a project; JOB is the beginning of a job's id.

    States: waiting, running, paused, stopped (killed, or ended with its viewer), partial
    (blocks failed), complete, failed, cancelled.
    """
    with explained():
        folder = Project.open(project).path
        for wish, act in ((pause, pause_job), (cancel, cancel_job), (remove, JobRecord.forget)):
            if wish is not None:
                act(job_of(folder, wish))
        listed = [_described(record) for record in jobs_of(folder)]
        if json:
            report({"jobs": listed}, as_json=True)
            return
        for job in listed:
            typer.echo(_line(job))
            for failed in job["failed"]:
                typer.echo(f"    block {failed['box']}: {failed['reason']}")
        if not listed:
            say("No jobs: predict PROJECT OUT.ome.zarr starts one, as the dock does.")


def resume(
    job: Annotated[
        Path, typer.Argument(metavar="PROJECT_OR_JOB", help="A project, or a job's own folder.")
    ],
    id_: Annotated[
        str | None,
        typer.Argument(metavar="[JOB]", help="Which one, where there are several to go on with."),
    ] = None,
    background: Annotated[bool, typer.Option("--background", hidden=True)] = False,
    json: Json = False,
) -> None:
    """Go on with a job that was paused, stopped or killed, or of which blocks failed.

    One job of yours works on a machine at a time; another waits for its turn.
    """
    with explained():
        record = _chosen(job, id_)
        request = request_of_json(record.request)
        if background:
            log_to_person(verbose=True)
            _stand_back()
        else:
            record.ask(wish="run")
        result = run_job(record, request, in_turn=True, lifeline=background)
        report(
            {"mask": request.out if result.state == "complete" else None} | ended(result),
            as_json=json,
        )
    leave(result)


def run_job(
    record: JobRecord | None, request: Predict, *, in_turn: bool = False, lifeline: bool = False
) -> Proposed:
    """Predict in this process, heeding signals and what is asked of the job.

    Raises
    ------
    StoppedEarly
        It was left before its end.
    """

    def make() -> Generator[Any, None, None]:
        now = found_again(request, record.project) if record else request
        return InlineRunner().run("predict", now)  # explains what is not foreseen

    result = follow(work_on(record, make, in_turn=in_turn, lifeline=lifeline))
    if isinstance(result, JobStopped):
        again = "" if result.state == "cancelled" else " Run it again to go on where it was."
        say(result.sentence + again)
        raise StoppedEarly(INTERRUPTED if result.interrupted else FAULT)
    return cast("Proposed", result)


def ended(result: Proposed) -> dict[str, Any]:
    """Describe how a prediction ended."""
    return {
        "state": result.state,
        "blocks": result.blocks,
        "failed": [{"box": failed.box, "reason": failed.reason} for failed in result.failed],
        "missing_chunks": result.missing_chunks,
        "blocks_outside_organ": result.outside,
        "blocks_empty": result.empty,
        "blocks_skipped_by_triage": result.skipped,
        "share_left_out": round(result.left_out, 4),
        "seconds": result.seconds,
    }


def leave(result: Proposed) -> None:
    """End with the status of a partial run, where blocks failed."""
    if result.state == "partial":
        done, failed = result.blocks - len(result.failed), len(result.failed)
        failures = f"{failed} of {result.blocks} blocks failed"
        say(f"Partial {done}/{result.blocks}: {failures}; run again to retry.")
        raise typer.Exit(PARTIAL)


def _chosen(place: Path, id_: str | None) -> JobRecord:
    """Return the job of a project that is meant, or the one in its own folder."""
    if not is_project(str(place)):
        return JobRecord.open(place)
    folder = Project.open(place).path
    if id_ is not None:
        return job_of(folder, id_)
    left = [record for record in jobs_of(folder) if record.status.state not in ENDED]
    if len(left) == 1:
        return left[0]
    names = ", ".join(record.id for record in left) or "none"
    raise CallerError(f"Which job of {folder}? There are to go on with: {names}.")


def _described(record: JobRecord) -> dict[str, Any]:
    status = record.status
    kept = ("state", "what", "done", "total", "seconds_left", "failed_blocks", "pid", "host")
    return {
        "job": record.id,
        "out": record.out,
        **{name: getattr(status, name) for name in kept},
        "failed": [failed.model_dump() for failed in status.failed],
    }


def _line(job: dict[str, Any]) -> str:
    left = job["seconds_left"]
    blocks = f"{int(job['done'])}/{int(job['total'])} blocks" if job["total"] else "–"
    more = f", {left:.0f} s left" if left is not None and job["state"] == "running" else ""
    return f"{job['job']}  {job['state']:9}  {blocks}{more}  {job['out']}  {job['what']}"


def _stand_back() -> None:
    """Leave the processor to whoever sits in front of it."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
