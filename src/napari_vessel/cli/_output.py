"""Run a workflow for the command line: a progress bar, one result, and the right status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel, ValidationError
from tqdm import tqdm

from napari_vessel.errors import CallerError, VesselError
from napari_vessel.geometry import Box
from napari_vessel.workflows import WORKFLOWS, BlockFailed, Progress

OK, FAULT, MISTAKE, PARTIAL = 0, 1, 2, 3


def run(workflow: str, request: object) -> Any:  # noqa: ANN401  each workflow has its own result
    """Run ``workflow`` to its end and return its last event."""
    result = None
    with _bar() as show:
        for event in WORKFLOWS[workflow](request):
            if isinstance(event, Progress):
                show(event)
            elif isinstance(event, BlockFailed):
                say(f"Block {event.box} failed: {event.reason}")
            else:
                result = event
    return result


def say(line: str) -> None:
    """Print a line for the person on stderr, beside any bar."""
    tqdm.write(line, file=sys.stderr)


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
    say("napari-vessel: " + " ".join(message.split()))
    return typer.Exit(status)


def report(values: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result: one JSON object, or a line per value."""
    plain = {key: jsonable(value) for key, value in values.items()}
    if as_json:
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    width = max(map(len, plain), default=0)
    for key, value in plain.items():
        typer.echo(f"{key.replace('_', ' '):{width}}  {_readable(value)}")


def jsonable(value: Any) -> Any:  # noqa: ANN401  any value there is
    """Turn a result's value into what JSON knows.

    >>> jsonable((Box((0, 0, 0), (1, 2, 3)), Path("mask.ome.zarr")))
    ['0:1,0:2,0:3', 'mask.ome.zarr']
    """
    if isinstance(value, Box | Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [jsonable(item) for item in value]
    return value


def _readable(value: Any) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, list):
        return ", ".join(_readable(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_readable(item)}" for key, item in value.items()) or "none"
    return str(value)


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
