"""Jobs run one at a time by name, and what comes too late changes nothing."""

from threading import Event, get_ident
from types import SimpleNamespace

import pytest

from napari_vessel.session import Opened
from napari_vessel.widgets._jobs import Jobs

pytestmark = pytest.mark.gui


class Heard:
    """A session that only notes what it is told."""

    def __init__(self):
        self.told = []

    def deliver(self, event):
        self.told.append((event, get_ident()))

    def failed(self, name, error):
        self.told.append((name, str(error)))

    def cancelled(self, name):
        self.told.append((name, "cancelled"))


@pytest.fixture
def jobs(qtbot):
    jobs = Jobs(Heard())
    yield jobs
    jobs.close()


def test_events_are_delivered_on_the_gui_thread(jobs, qtbot):
    def work():
        yield get_ident()

    jobs.start("predict", work)
    qtbot.waitUntil(lambda: not jobs.running("predict"))
    ((made_on, heard_on),) = jobs._session.told
    assert heard_on == get_ident() != made_on


def test_a_second_job_of_the_same_name_is_not_begun(jobs, qtbot):
    go = Event()

    def work():
        go.wait(10)
        yield 1

    assert jobs.start("predict", work) is not None
    assert jobs.start("predict", work) is None
    assert jobs.start("export", work) is not None
    go.set()
    qtbot.waitUntil(lambda: not jobs.running("predict") and not jobs.running("export"))
    assert jobs.start("predict", work) is not None
    qtbot.waitUntil(lambda: not jobs.running("predict"))


def test_an_error_is_told_once_even_a_runtime_error(jobs, qtbot):
    def work():
        raise RuntimeError("out of memory")
        yield

    jobs.start("retrain", work)
    qtbot.waitUntil(lambda: not jobs.running("retrain"))
    assert jobs._session.told == [("retrain", "out of memory")]


def test_what_comes_after_a_cancel_is_not_shown(jobs, qtbot):
    go = Event()

    def work():
        go.wait(10)
        yield 1

    jobs.start("predict", work)
    jobs.cancel("predict")
    go.set()
    qtbot.waitUntil(lambda: not jobs.running("predict"))
    assert jobs._session.told == [("predict", "cancelled")]


def test_an_error_while_cancelling_is_no_news(jobs, qtbot):
    go = Event()

    def work():
        go.wait(10)
        raise OSError("the process was closed")
        yield

    jobs.start("predict", work)
    jobs.cancel("predict")
    go.set()
    qtbot.waitUntil(lambda: not jobs.running("predict"))
    assert jobs._session.told == [("predict", "cancelled")]


def test_a_journal_opened_too_late_is_closed(jobs, qtbot):
    go, closed = Event(), []
    journal = SimpleNamespace(close=lambda: closed.append(True))
    opened = Opened(
        *[None] * 8, corrections=journal, probability=None, threshold=0.5, checkpoint=""
    )

    def work():
        go.wait(10)
        yield opened

    jobs.start("open", work)
    jobs.cancel("open")
    go.set()
    qtbot.waitUntil(lambda: not jobs.running("open"))
    assert closed == [True]


def test_closing_ends_every_job_within_seconds(qtbot):
    jobs, ended = Jobs(Heard()), []

    def endless():
        try:
            while True:
                Event().wait(0.01)
                yield 1
        finally:
            ended.append(True)

    jobs.start("predict", endless)
    jobs.start("retrain", endless)
    qtbot.waitUntil(lambda: len(jobs._session.told) > 2)
    jobs.close()
    assert ended == [True, True]
    assert not jobs.running("predict")


@pytest.mark.parametrize("how", ["ends well", "fails", "is cancelled"])
def test_what_follows_on_a_job_follows_only_if_it_ended_well(jobs, qtbot, how):
    go, followed = Event(), []

    def work():
        yield 1
        go.wait(10)
        if how == "fails":
            raise ValueError(how)
        yield 2

    def note():
        followed.append((get_ident(), [what for what, _ in jobs._session.told]))

    jobs.start("tool", work, then=note)
    if how == "is cancelled":
        jobs.cancel("tool")
    go.set()
    qtbot.waitUntil(lambda: not jobs.running("tool"))
    assert followed == ([(get_ident(), [1, 2])] if how == "ends well" else [])
