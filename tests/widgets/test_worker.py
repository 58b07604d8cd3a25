"""The bridge to Qt loses neither an event nor an error."""

import warnings
from collections.abc import Generator
from threading import Event, get_ident
from typing import Any

import pytest

from napari_vessel.widgets._worker import EventWorker

# Under "error" napari's own worker would pass too: its lost error is a warning.
pytestmark = [pytest.mark.gui, pytest.mark.filterwarnings("default")]


def _record(worker: EventWorker) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []
    worker.yielded.connect(lambda event: seen.append(("yielded", event)))
    worker.errored.connect(lambda error: seen.append(("errored", error)))
    worker.returned.connect(lambda _: seen.append(("returned", None)))
    worker.aborted.connect(lambda: seen.append(("aborted", None)))
    return seen


def test_every_event_arrives_in_order_on_the_gui_thread(qtbot):
    threads = []

    def count() -> Generator[int, None, None]:
        threads.append(get_ident())
        yield from range(5)

    worker = EventWorker(count)
    seen = _record(worker)
    with qtbot.waitSignal(worker.finished):
        worker.start()
    assert seen == [*(("yielded", i) for i in range(5)), ("returned", None)]
    assert threads != [get_ident()]


def test_a_runtime_error_reaches_the_person_once(qtbot):
    error = RuntimeError("out of memory")

    def fail() -> Generator[int, None, None]:
        yield 1
        raise error

    worker = EventWorker(fail)
    seen = _record(worker)
    with qtbot.waitSignal(worker.finished):
        worker.start()
    assert seen == [("yielded", 1), ("errored", error)]


def test_quitting_closes_the_generator_on_its_own_thread(qtbot):
    threads, asked = [], Event()

    def endless() -> Generator[int, None, None]:
        threads.append(get_ident())
        try:
            while True:
                asked.wait(0.01)
                yield 0
        finally:
            threads.append(get_ident())

    worker = EventWorker(endless)
    seen = _record(worker)
    with qtbot.waitSignal(worker.yielded):
        worker.start()
    with qtbot.waitSignal(worker.finished):
        worker.quit()
    assert len(threads) == 2
    assert threads[0] == threads[1]
    assert seen[-1] == ("aborted", None)


def test_after_quitting_only_the_event_under_way_arrives(qtbot):
    go = Event()

    def late() -> Generator[int, None, None]:
        go.wait(10)
        yield 1
        yield 2

    worker = EventWorker(late)
    seen = _record(worker)
    with qtbot.waitSignal(worker.started):
        worker.start()
    with qtbot.waitSignal(worker.finished):
        worker.quit()
        go.set()
    assert seen == [("yielded", 1), ("aborted", None)]


def test_jobs_that_overlap_leave_warnings_as_they_were(qtbot):
    first, second, before = Event(), Event(), (warnings.showwarning, list(warnings.filters))

    def until(event: Event) -> Generator[int, None, None]:
        yield 1
        event.wait(10)

    workers = [EventWorker(lambda event=event: until(event)) for event in (first, second)]
    for worker in workers:
        with qtbot.waitSignal(worker.yielded):
            worker.start()
    assert (warnings.showwarning, list(warnings.filters)) == before
    for worker, event in zip(workers, (first, second), strict=True):
        with qtbot.waitSignal(worker.finished):
            event.set()
    assert (warnings.showwarning, list(warnings.filters)) == before
