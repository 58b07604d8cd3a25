"""What runs on a worker: one item, its failure put in words that can travel."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["Errand", "GivenUp", "TaskFailedError", "carried_out", "given_up", "scratch"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Errand(Generic[T, R]):
    """What is to be done with every item.

    Attributes
    ----------
    name
        What the tasks are called on the cluster's dashboard; no secret in it.
    function
        Called on a worker with an item; picklable by name, so that of an installed module.
    final
        Errors that no other worker can mend.
    """

    name: str
    function: Callable[[T], R]
    final: tuple[type[Exception], ...] = ()


class GivenUp(Exception):  # noqa: N818  no error: what a function raises that was told to stop
    """Nobody waits for the task any more."""


class TaskFailedError(Exception):
    """A function failed on a worker. Holds text only: any error can travel so."""

    def __init__(self, worker: str, reason: str, trace: str, final: bool) -> None:
        super().__init__(worker, reason, trace, final)
        self.worker = worker
        self.reason = reason
        self.trace = trace
        self.final = final

    def __str__(self) -> str:
        return f"{self.reason} (on {self.worker})"


def carried_out(errand: Errand[T, R], item: T) -> tuple[str, R]:
    """Do an errand on a worker; return the worker's address, and what came of it.

    Raises
    ------
    TaskFailedError
        In place of whatever the function raised.
    """
    from distributed import get_worker

    worker = get_worker().address
    try:
        return worker, errand.function(item)
    except GivenUp:
        raise
    except Exception as error:  # noqa: BLE001  raised again, as text: any error can travel so
        reason = f"{type(error).__name__}: {error}"
        final = isinstance(error, errand.final)
        raise TaskFailedError(worker, reason, traceback.format_exc(), final) from None


def given_up() -> bool:
    """Tell, on a worker and within a task, whether nobody waits for the task any more.

    So it is once the driver cancelled it, ended, or was killed: the scheduler lets go of
    the tasks of a client that is gone.
    """
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is None or task.state == "cancelled"


def scratch() -> Path:
    """Name, on a worker and within a task, its own folder on a disk of its machine."""
    from distributed import get_worker

    return Path(get_worker().local_directory)
