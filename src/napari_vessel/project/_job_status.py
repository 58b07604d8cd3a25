"""How far a job is, in one small file that is replaced whole: what every viewer and shell reads."""

from __future__ import annotations

import socket
import time
from typing import Literal

from pydantic import BaseModel, Field

JobState = Literal[
    "waiting", "running", "paused", "stopped", "complete", "partial", "failed", "cancelled"
]
Wish = Literal["run", "pause", "cancel"]

AT_WORK: tuple[JobState, ...] = ("waiting", "running")
ENDED: tuple[JobState, ...] = ("complete", "cancelled")
LISTED_FAILURES = 200  # failed blocks told by name; the ledger beside the output has them all


class FailedBlock(BaseModel, frozen=True, extra="ignore"):
    """A block that could not be predicted, and why."""

    box: str
    reason: str


class JobStatus(BaseModel, frozen=True, extra="ignore"):
    """How far a job is, told by the process that works on it.

    ``done`` of ``total`` blocks; a block under way counts in part. Times are seconds since 1970.
    """

    state: JobState = "waiting"
    what: str = Field("", description="What is being done, or why it ended, for a person.")
    done: float = 0
    total: float = 0
    seconds_left: float | None = None
    failed: tuple[FailedBlock, ...] = ()
    failed_blocks: int = 0
    pid: int | None = None
    host: str = Field(default_factory=socket.gethostname)
    started: float | None = None
    heartbeat: float = Field(default_factory=time.time)

    @property
    def fraction(self) -> float:
        """Between 0 and 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def age_s(self) -> float:
        """How long ago it was written, in seconds."""
        return max(time.time() - self.heartbeat, 0.0)


class Control(BaseModel, frozen=True, extra="ignore"):
    """What a person wants of a job."""

    wish: Wish = "run"
    goes_on: bool = Field(default=True, description="Go on after the viewer is closed.")
