"""An item under way, and what its failure says."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from napari_vessel.cluster._task import TaskFailedError

if TYPE_CHECKING:
    from distributed import Future

__all__ = ["Failure", "Flight", "Try", "failure_of"]

T = TypeVar("T")


@dataclass(eq=False)
class Try(Generic[T]):
    """An item, and how it went so far.

    Attributes
    ----------
    failed_on
        Addresses of the workers it failed on.
    alone
        Whether it runs with nothing beside it, as it was there when workers died.
    copied
        Whether it was given to a second worker, as the first is slow.
    """

    item: T
    failed_on: list[str] = field(default_factory=list)
    alone: bool = False
    copied: bool = False

    def on_its_own(self) -> Self:
        """Return it, to be tried alone; its copies are too many then."""
        self.alone = self.copied = True
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Flight(Generic[T]):
    """A task on the cluster, and when it was submitted."""

    trial: Try[T]
    future: Future[Any]
    started: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed; ``worker`` is empty where nobody knows."""

    worker: str
    reason: str
    trace: str
    final: bool = False
    killed: bool = False


def failure_of(future: Future[Any]) -> Failure:
    """Read why a task failed, from whatever dask says."""
    from distributed import KilledWorker

    error = future.exception()
    if isinstance(error, TaskFailedError):
        return Failure(error.worker, error.reason, error.trace, final=error.final)
    if isinstance(error, KilledWorker):
        workers = error.allowed_failures + 1
        reason = f"{workers} workers died, one after the other, while they had it."
        return Failure(error.last_worker.address, reason, "", killed=True)
    # Not from the function: it, or its item, could not even be read there.
    trace = "".join(traceback.format_exception(error))
    return Failure("", _in_one_line(error), trace)


def _in_one_line(error: BaseException) -> str:
    """Write an error, and what it comes from, as one line."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"{text} ({_in_one_line(error.__cause__)})" if error.__cause__ else text
