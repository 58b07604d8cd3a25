"""``tune``: try settings of a training, and find the best; it always goes on where it was."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from napari_vessel.cli._options import AnyDevice, Json
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import report
from napari_vessel.workflows import (
    StudyOpened,
    TrialBegun,
    TrialEnded,
    Tune,
    load_tune_run,
)

__all__ = ["register", "told"]


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command()(tune)


def tune(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG",
            help="What is tuned, .toml or .json; or the file of a training, of which what usually "
            "matters is tuned.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="[OUT]",
            help="Folder of the study; default: CONFIG's name with .study. One that stands there "
            "is gone on with.",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trials of the study in all; default: the configuration's."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="Stop after so long, to go on later; default: no limit."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes of this machine, a trial each at a time.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="local[:N]|ADDRESS",
            help="A cluster whose workers do trials; they must share OUT.",
        ),
    ] = None,
    device: AnyDevice = "auto",
    json: Json = False,
) -> None:
    """Tune the settings of a training; the same command goes on, or helps one that runs."""
    with explained():
        request = Tune(
            config=load_tune_run(config),
            out=(out or config.with_suffix(".study")).absolute(),
            trials=trials,
            minutes=minutes,
            workers=workers,
            scheduler=scheduler,
            device=device,
        )
        result = run("tune", request, told)
        report({f.name: getattr(result, f.name) for f in fields(result)}, as_json=json)


def told(event: object) -> str | None:
    """Make a line of a study and of each trial, for the person."""
    if isinstance(event, StudyOpened):
        settings = ", ".join(event.settings)
        if event.resumed:
            return f"Going on with {event.out}: {event.settled} of {event.trials} trials are done."
        return f"Tuning {settings} for {event.score}, {event.trials} trials in {event.out}."
    if isinstance(event, TrialBegun):
        drawn = ", ".join(f"{name} {_short(value)}" for name, value in event.trial.values.items())
        again = "" if event.trial.retry_of is None else f" (trial {event.trial.retry_of} again)"
        return f"Trial {event.trial.number}{again}: {drawn}"
    return _ended(event) if isinstance(event, TrialEnded) else None


def _ended(event: TrialEnded) -> str:
    trial, best = event.trial, event.best
    how = {
        "complete": f"reached {trial.value:.4f}" if trial.value is not None else "",
        "pruned": f"given up after {len(trial.scores)} epochs",
        "failed": f"failed: {trial.reason}",
    }[trial.state]
    so_far = f"; best so far {best.value:.4f}, trial {best.number}" if best and best.value else ""
    return f"Trial {trial.number} {how}{so_far}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
