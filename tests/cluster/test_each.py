"""Laws of carrying out a function on every item, on workers within this process."""

import time
from collections import Counter
from threading import Event, Lock
from typing import ClassVar

import pytest
from distributed import get_worker

from napari_vessel.cluster import Answer, Errand, GivenUp, SetAside, Waiting, connect, given_up
from napari_vessel.errors import ComputeError, ReadError

from .conftest import QUICK, threads_for_workers


class Shared:
    """What functions on workers and the test both see: all are one process."""

    gate = Event()
    calls: ClassVar = Counter()
    stopped = Event()
    lock = Lock()
    bad = ""


@pytest.fixture(autouse=True)
def fresh():
    Shared.gate, Shared.stopped = Event(), Event()
    Shared.calls, Shared.bad = Counter(), ""


def double(n):
    with Shared.lock:
        Shared.calls[n] += 1
    return 2 * n


def fails_at_three(n):
    double(n)
    if n == 3:
        raise ValueError("three is odd")
    return n


def unreadable(n):
    double(n)
    raise ReadError("chunk 0/0 is cut")


def fails_on_the_bad_one(n):
    worker = get_worker().address
    with Shared.lock:
        Shared.bad = Shared.bad or worker
        Shared.calls[worker] += 1
    if worker == Shared.bad:
        raise OSError("no such mount")
    time.sleep(0.01)
    return n


def hangs_first(n):
    with Shared.lock:
        Shared.calls[n] += 1
        first = n == 0 and Shared.calls[n] == 1
    if first:
        Shared.gate.wait(20)
    return n


def waits_until_given_up(n):
    double(n)
    while not given_up():
        time.sleep(0.01)
    Shared.stopped.set()
    raise GivenUp


def naps(n):
    time.sleep(0.1)


def told(cluster, function, items, **kwargs):
    errand = Errand("law", function, final=(ReadError,))
    return [e for e in cluster.each(errand, items, **kwargs) if not isinstance(e, Waiting)]


def results(events):
    return sorted(e.result for e in events if isinstance(e, Answer))


def test_every_item_is_answered_once(cluster):
    events = told(cluster, double, range(50))
    assert sorted(e.item for e in events) == [*range(50)]
    assert results(events) == [2 * n for n in range(50)]
    assert set(Shared.calls.values()) == {1}


def test_items_are_taken_only_as_there_is_room(cluster):
    taken = []

    def items():
        for n in range(1000):
            taken.append(n)
            yield n

    events = cluster.each(Errand("law", double), items())
    for answered in range(20):
        next(e for e in events if isinstance(e, Answer))
        assert len(taken) <= answered + 1 + 8
    events.close()


def test_an_item_that_fails_everywhere_is_set_aside_with_its_traceback_and_the_rest_is_done(
    cluster,
):
    events = told(cluster, fails_at_three, range(8))
    (aside,) = (e for e in events if isinstance(e, SetAside))
    assert (aside.item, aside.reason) == (3, "ValueError: three is odd")
    assert "in fails_at_three" in aside.trace
    assert len(aside.workers) == Shared.calls[3] == 3
    assert len(set(aside.workers)) == 2  # elsewhere, not thrice in one place
    assert results(events) == [0, 1, 2, 4, 5, 6, 7]


def test_what_failed_is_tried_elsewhere_next_even_where_all_workers_fail(cluster):
    def never(n):
        raise ValueError(n)

    events = told(cluster, never, range(20))
    assert all(event.workers[0] != event.workers[1] for event in events)
    assert len(events) == 20


def test_what_cannot_be_mended_elsewhere_is_not_tried_elsewhere(cluster):
    (aside,) = told(cluster, unreadable, [7], hopeless=1)
    assert (aside.final, aside.reason) == (True, "ReadError: chunk 0/0 is cut")
    assert Shared.calls[7] == 1


def test_a_worker_that_fails_all_is_avoided_and_nothing_is_set_aside(cluster):
    events = told(cluster, fails_on_the_bad_one, range(60))
    assert results(events) == [*range(60)]
    assert Shared.calls[Shared.bad] <= 10  # it is quicker to fail than the other to work


def test_where_nothing_succeeds_it_ends_and_says_why(cluster):
    def never(n):
        raise FileNotFoundError(f"/data/kidney is not here, for {n}")

    with pytest.raises(ComputeError, match=r"first 3 blocks .* FileNotFoundError: /data/kidney"):
        told(cluster, never, range(100), hopeless=3)


def test_what_was_cancelled_is_called_back_and_what_runs_is_told(cluster):
    events = cluster.each(Errand("law", waits_until_given_up), range(100))
    while sum(Shared.calls.values()) < 2:
        next(events)
    events.close()
    assert Shared.stopped.wait(10)
    time.sleep(0.3)
    assert sum(Shared.calls.values()) == 2  # those queued never began
    assert results(told(cluster, double, range(3))) == [0, 2, 4]  # and the workers are free


def test_an_item_that_takes_far_too_long_is_tried_elsewhere_and_answered_once(cluster):
    events = told(cluster, hangs_first, range(10))
    assert sorted(e.item for e in events) == [*range(10)]
    assert Shared.calls[0] == 2
    assert not Shared.gate.is_set()
    Shared.gate.set()


def test_workers_may_join_and_leave():
    with threads_for_workers(0) as made, connect(made.scheduler_address, config=QUICK) as cluster:
        events = cluster.each(Errand("law", double), range(40))
        assert next(events).workers == 0
        made.scale(1)
        next(e for e in events if isinstance(e, Answer))
        made.scale(2)
        left = [next(e for e in events if isinstance(e, Answer)) for _ in range(10)]
        made.scale(1)
        left += [e for e in events if isinstance(e, Answer)]
    assert len(left) == 39


def test_a_scheduler_that_is_gone_ends_the_run_in_words():
    with threads_for_workers(1) as made, connect(made.scheduler_address, config=QUICK) as cluster:
        events = cluster.each(Errand("law", naps), range(1000))
        next(events)
        made.close()
        with pytest.raises(ComputeError, match="was lost"):
            for _ in events:
                pass


def test_a_function_that_a_worker_cannot_read_is_explained(cluster):
    class Unreadable:
        def __reduce__(self):
            return (__import__, ("no_such_module_here",))

    (aside,) = told(cluster, double, [Unreadable()])
    assert "no_such_module_here" in aside.reason
