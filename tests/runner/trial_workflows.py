"""Workflows to try runners with; the compute process imports this file too."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_vessel.errors import ComputeError, ReadError
from napari_vessel.inference import breathe, working_time


@dataclass(frozen=True)
class Count:
    """Ask for so many steps; ``path`` takes a line for each one and for the end."""

    steps: int
    path: Path | None = None
    pause: float = 0.0


@dataclass(frozen=True)
class Step:
    """A step, and an array-like payload."""

    number: int
    payload: bytes = b""


def count(request: Count) -> Iterator[Step]:
    try:
        for number in range(request.steps):
            note(request.path, f"{number}")
            time.sleep(request.pause)
            yield Step(number, bytes(number))
    finally:
        note(request.path, "closed")


def note(path: Path | None, line: str) -> None:
    if path is not None:
        with path.open("a") as file:
            file.write(line + "\n")


class LockedError(Exception):
    """Cannot be pickled."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


class SeveralError(Exception):
    """Cannot be unpickled: its __init__ takes more than args holds."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(f"{path}, line {line}")


class SeveralOursError(ReadError):
    """One of ours that cannot be unpickled."""

    def __init__(self, path: str, *, line: int) -> None:
        super().__init__(f"{path}, line {line}")


class GrowingError(ReadError):
    """One of ours that comes out of a pickle with another text."""

    def __init__(self, text: str) -> None:
        super().__init__(f"about {text}")


class MuteError(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise ValueError("no text")


class LockedOursError(ReadError):
    """One of ours that cannot be pickled."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


ERRORS = {
    "runtime": lambda: RuntimeError("the text"),
    "memory": lambda: MemoryError("the text"),
    "value": lambda: ValueError("the text"),
    "exit": lambda: SystemExit("the text"),
    "eof": lambda: EOFError("the text"),
    "pipe": lambda: BrokenPipeError("the text"),
    "ours": lambda: ReadError("the text"),
    "locked": lambda: LockedError("the text"),
    "several": lambda: SeveralError("the text", 3),
    "several ours": lambda: SeveralOursError("the text", line=3),
    "growing ours": lambda: GrowingError("the text"),
    "locked ours": lambda: LockedOursError("the text"),
}


def fail(kind: str) -> Iterator[Step]:
    yield Step(0)
    error = ERRORS[kind]()
    raise error


def fail_mutely(_: object) -> Iterator[Step]:
    raise MuteError
    yield


def fail_at_once(text: str) -> Iterator[Step]:
    raise ComputeError(text)


def fail_on_closing(_: object) -> Iterator[Step]:
    try:
        while True:
            time.sleep(0.01)
            yield Step(0)
    finally:
        raise ReadError("not saved")


def unpicklable_event(path: Path) -> Iterator[Any]:
    try:
        yield threading.Lock()
    finally:
        note(path, "closed")


def environment(names: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    yield {name: os.environ.get(name) for name in names}


def modules(_: object) -> Iterator[tuple[str, ...]]:
    yield tuple(sys.modules)


def pid(_: object) -> Iterator[int]:
    yield os.getpid()


def niceness(_: object) -> Iterator[int]:
    yield os.nice(0)


def chatter(text: str) -> Iterator[int]:
    print(text)  # noqa: T201  libraries do
    print(text, file=sys.stderr)  # noqa: T201  libraries do
    yield 0
    os.kill(os.getpid(), signal.SIGKILL)


def stuck(path: Path) -> Iterator[int]:
    """One step that never ends."""
    yield os.getpid()
    note(path, "stuck")
    time.sleep(600)


def long_step(request: Count) -> Iterator[Step]:
    """One step of many batches, between which it breathes."""
    try:
        yield Step(0)
        for number in range(request.steps):
            note(request.path, f"batch {number}")
            time.sleep(request.pause)
            breathe()
        yield Step(1)
    finally:
        note(request.path, "closed")


def timed(request: Count) -> Iterator[float]:
    """Tell how long it has worked, step by step."""
    started = working_time()
    for _ in range(request.steps):
        time.sleep(request.pause)
        yield working_time() - started


def threads(_: object) -> Iterator[int]:
    import torch

    yield torch.get_num_threads()


WORKFLOWS = {
    "long step": long_step,
    "threads": threads,
    "timed": timed,
    "count": count,
    "fail": fail,
    "fail mutely": fail_mutely,
    "fail at once": fail_at_once,
    "fail on closing": fail_on_closing,
    "unpicklable event": unpicklable_event,
    "environment": environment,
    "modules": modules,
    "pid": pid,
    "niceness": niceness,
    "chatter": chatter,
    "stuck": stuck,
    "list": list,
}
