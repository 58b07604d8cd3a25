"""Work that calls back, as a generator: one call is one step, and to stop is to stop asking.

captum runs a network many times within one call of its own. Here that call runs on a thread that
waits at every image until the generator is asked to go on, so that long work stays what it is
everywhere: events that can be shown, interleaved with other requests, and ended.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

__all__ = ["stepwise"]

E = TypeVar("E")
T = TypeVar("T")


class _Stopped(BaseException):
    """Nobody asks any more; no ``except Exception`` on the way may keep it."""


@dataclass(frozen=True, slots=True)
class _Ended:
    value: Any = None
    error: BaseException | None = None


def stepwise(work: Callable[[Callable[[E], None]], T]) -> Generator[E, None, T]:
    """Run ``work`` on a thread, yielding what it tells, and return what it returns.

    Parameters
    ----------
    work
        Is given a function to call with an event at every step. The function returns once the
        generator is asked to go on; where that is closed instead, it raises what ends the work.

    Raises
    ------
    Whatever the work raises.
    """
    told: SimpleQueue[E | _Ended] = SimpleQueue()
    go_on: SimpleQueue[bool] = SimpleQueue()

    def tell(step: E) -> None:
        told.put(step)
        if not go_on.get():
            raise _Stopped

    def run() -> None:
        try:
            told.put(_Ended(work(tell)))
        except _Stopped:
            told.put(_Ended())
        except BaseException as error:  # noqa: BLE001  it is raised where the work was asked for
            told.put(_Ended(error=error))

    thread = Thread(target=run, name="napari-vessel attribution", daemon=True)
    thread.start()
    try:
        while not isinstance(event := told.get(), _Ended):
            yield event
            go_on.put(True)
    finally:
        go_on.put(False)
        thread.join()
    if event.error is not None:
        raise event.error
    value: T = event.value
    return value
