"""Start the compute process: its command, environment and greeting."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from napari_vessel.errors import ComputeError

from ._config import RunnerConfig

__all__ = ["environment_for", "launch"]

# glibc gives large activations back to the system after every batch, which costs up to
# half the speed; it has to be told before the process starts (other systems ignore this).
_ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "MALLOC_TOP_PAD_": "536870912",
}


def launch(config: RunnerConfig, address: object, secret: bytes) -> subprocess.Popen[str]:
    """Start a compute process that will call back at ``address``.

    Not ``multiprocessing.Process``: its spawn imports the viewer's main module again.

    Raises
    ------
    ComputeError
        The system refuses to start it.
    """
    # -P: the working folder is not a place to import from. faulthandler: a crash says where.
    command = [sys.executable, "-P", "-u", "-X", "faulthandler", "-m", "napari_vessel.runner"]
    try:
        process = subprocess.Popen(
            command,
            env=environment_for(config),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            creationflags=_creation_flags(),
        )
    except OSError as error:
        message = f"The compute process cannot be started ({error}): free memory, then try again."
        raise ComputeError(message) from error
    _greet(process, _greeting(config, address, secret))
    return process


def environment_for(config: RunnerConfig) -> dict[str, str]:
    """Return the child's environment; threads a person set in theirs are kept."""
    threads = str(config.thread_count())
    given = {} if config.threads is None else {"OMP_NUM_THREADS": threads}
    wanted = {"OMP_NUM_THREADS": threads, "PYTHONIOENCODING": "utf-8:replace"}
    return {**wanted, **os.environ, **_ALLOCATOR, **given}


def _greeting(config: RunnerConfig, address: object, secret: bytes) -> str:
    """Return what the child is told on its standard input, in one line."""
    settings = config.model_dump(include={"registry", "warm_up", "niceness"})
    settings["background_threads"] = config.background_thread_count()
    return json.dumps({"address": address, "secret": secret.hex(), **settings}) + "\n"


def _greet(process: subprocess.Popen[str], greeting: str) -> None:
    """Write the greeting and leave standard input open: its end means ours."""
    if process.stdin is None:  # only for the type checker: stdin=PIPE
        return
    try:
        process.stdin.write(greeting)
        process.stdin.flush()
    except OSError:
        return  # it died at once; whoever waits for it reports that


def _creation_flags() -> int:
    """Lower priority and no console window on Windows; elsewhere nothing."""
    names = ("BELOW_NORMAL_PRIORITY_CLASS", "CREATE_NO_WINDOW")
    return sum(getattr(subprocess, name, 0) for name in names)
