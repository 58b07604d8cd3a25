"""Work that calls back becomes a generator, which can be ended."""

import threading
from contextlib import suppress

import pytest

from napari_vessel.attribution._stepping import stepwise


def drawn(steps):
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


def test_each_call_is_a_step_and_the_result_comes_last():
    def work(tell):
        for number in range(3):
            tell(number)
        return "done"

    assert drawn(stepwise(work)) == ([0, 1, 2], "done")


def test_the_work_waits_until_it_is_asked_for_more():
    reached = []

    def work(tell):
        for number in range(3):
            tell(number)
            reached.append(number)

    steps = stepwise(work)
    next(steps)
    assert reached == []
    next(steps)
    assert reached == [0]
    steps.close()


def test_an_error_reaches_who_asked():
    def work(tell):
        tell(1)
        raise RuntimeError("broken")

    steps = stepwise(work)
    next(steps)
    with pytest.raises(RuntimeError, match="broken"):
        next(steps)


def test_closing_ends_the_work_and_its_thread():
    left = []

    def work(tell):
        try:
            while True:
                with suppress(Exception):  # as a library would
                    tell(0)
        finally:
            left.append(True)

    before = threading.active_count()
    steps = stepwise(work)
    next(steps)
    steps.close()
    assert left == [True]
    assert threading.active_count() == before
