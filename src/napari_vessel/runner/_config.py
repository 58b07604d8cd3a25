"""How the compute process is started and ended. Imports no torch."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, Field

__all__ = ["RunnerConfig"]

_WARM = (
    "torch",
    "napari_vessel.networks:build_network",
    "napari_vessel.inference:predict_block",
    "napari_vessel.training:fit",
)


class RunnerConfig(BaseModel, frozen=True, extra="forbid"):
    """Where workflows are looked up, and how the compute process behaves."""

    registry: str = Field(
        "napari_vessel.workflows:WORKFLOWS",
        pattern=r"^[\w.]+:[\w.]+$",
        description="Mapping of workflow names, as module:attribute.",
    )
    warm_up: tuple[str, ...] = Field(
        _WARM,
        description="What the idle compute process imports ahead, as module or module:attribute.",
    )
    threads: int | None = Field(
        None,
        gt=0,
        description="Threads of the compute process; by default all cores but one, "
        "on one or two cores all (its low priority protects the viewer).",
    )
    background_threads: int | None = Field(
        None,
        gt=0,
        description="Threads of what nobody waits for, as a training; by default all cores but "
        "one, which is the person's.",
    )
    niceness: int = Field(
        5, ge=0, le=19, description="How far the compute process stands back for the viewer."
    )
    log_file: Path | None = Field(
        None, description="File to which the compute process's output is appended."
    )
    start_wait_s: float = Field(
        120, gt=0, description="Seconds until a process that never answers is given up."
    )
    silence_s: float = Field(
        10, gt=0, description="Seconds without a sign of life until a person is told."
    )
    cancel_wait_s: float = Field(
        2, ge=0, description="Seconds a cancelled workflow is waited for; it ends by itself later."
    )
    close_wait_s: float = Field(
        2, ge=0, description="Seconds the closing process has before it is ended by force."
    )

    def thread_count(self) -> int:
        """Threads to compute with.

        A core is left to the viewer where there are three or more. Of two, one
        alone would halve the speed all the time to save the viewer a wait that
        the lower priority saves it already.
        """
        cores = _cores()
        return self.threads or (cores if cores <= 2 else cores - 1)

    def background_thread_count(self) -> int:
        """Threads to train with: a core is always left to the person, of two cores too."""
        return self.background_threads or max(min(self.thread_count(), _cores() - 1), 1)


def _cores() -> int:
    """Cores this process may use, which is fewer than exist under a batch system."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
