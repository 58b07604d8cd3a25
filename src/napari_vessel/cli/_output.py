"""Run a workflow for the command line: a progress bar, one result, and the right status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import ValidationError
from tqdm import tqdm

from napari_vessel.errors import CallerError, VesselError
from napari_vessel.workflows import WORKFLOWS, BlockFailed, Progress

OK, FAULT, MISTAKE, PARTIAL = 0, 1, 2, 3


def run(  # each workflow has its own result
    workflow: str, request: object, told: Callable[[object], str | None] | None = None
) -> Any:  # noqa: ANN401
    """Run ``workflow`` to its end and return its last event; it logs what fails on its way.

    ``told`` makes lines of events that a person wants to read on the way.
    """
    return follow(WORKFLOWS[workflow](request), told)


def follow(events: Iterable[Any], told: Callable[[object], str | None] | None = None) -> Any:  # noqa: ANN401
    """Show the progress of a workflow's events and return the last one."""
    result = None
    with _bar() as show:
        for event in events:
            if told and (line := told(event)):
                say(line)
            if isinstance(event, Progress):
                show(event)
            elif not isinstance(event, BlockFailed):
                result = event
    return result


class StoppedEarly(SystemExit):
    """The person stopped what ran: the program leaves without tearing torch down, for seconds."""


def say(line: str) -> None:
    """Print a line for the person on stderr, beside any bar."""
    tqdm.write(line, file=sys.stderr)


def fail(message: str) -> None:
    """Print why a command ends, as one line on stderr."""
    say("napari-vessel: " + " ".join(message.split()))


@contextmanager
def explained() -> Iterator[None]:
    """End the command with one clear line and the right status where it fails."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "options"
        raise _ended(f"{place}: {first['msg']}", MISTAKE) from error
    except CallerError as error:
        raise _ended(str(error), MISTAKE) from error
    except VesselError as error:
        raise _ended(str(error), FAULT) from error


def _ended(message: str, status: int) -> typer.Exit:
    fail(message)
    return typer.Exit(status)


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows progress on stderr, only where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    with tqdm(total=1.0, file=sys.stderr, bar_format="{desc} {percentage:3.0f}% |{bar}|") as bar:

        def show(progress: Progress) -> None:
            left = progress.seconds_left
            bar.set_description_str(progress.what + (f", {left:.0f} s left" if left else ""))
            bar.n = progress.fraction
            bar.refresh()

        yield show
