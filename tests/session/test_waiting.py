"""What may wait for a server says so, and can be left at any time."""

from threading import Event

import pytest

from napari_vessel.session import _waiting
from napari_vessel.session._waiting import called, in_time
from napari_vessel.workflows import Progress


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_waiting, "_TICK_S", 0.01)


def drawn(steps):
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def test_steps_and_result_come_through():
    def work():
        yield Progress(1, 2, "rows", "half")
        return "opened"

    events, result = drawn(in_time(work(), "Opening", lambda _: None))
    assert Progress(1, 2, "rows", "half") in events
    assert result == "opened"


def test_waiting_is_told_with_its_bound():
    answer = Event()

    def work():
        answer.wait(30)
        return 1
        yield

    steps = in_time(work(), "Opening a.zarr:", lambda _: None, seconds=60)
    first = next(steps)
    answer.set()
    assert "gives up after 60 s" in first.what
    assert "Cancel" in first.what
    assert drawn(steps)[1] == 1


def test_leaving_returns_at_once_and_gives_back_what_comes_later():
    answer, discarded = Event(), Event()

    def work():
        answer.wait(30)
        return "late"
        yield

    steps = in_time(work(), "Opening", lambda _: discarded.set())
    next(steps)
    steps.close()  # returns though the server hangs
    assert not discarded.is_set()
    answer.set()
    assert discarded.wait(10)


def test_an_error_is_raised_where_it_is_waited_for():
    def work():
        raise RuntimeError("no answer")
        yield

    with pytest.raises(RuntimeError, match="no answer"):
        drawn(in_time(work(), "Opening", lambda _: None))


@pytest.mark.parametrize(
    ("where", "name"),
    [("https://me:pa55@host/a.zarr?sig=pa55", "a.zarr"), ("s3://b/c/d.zarr/", "d.zarr"),
     ("/data/a?b.tif", "a?b.tif"), ("https://host", "host")],
)  # fmt: skip
def test_what_is_said_of_an_address_holds_no_secret(where, name):
    assert called(where) == name
    assert "pa55" not in called(where)
