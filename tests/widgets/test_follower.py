"""Signals of any thread reach their slot on the GUI thread, until the follower is closed."""

from threading import Thread, get_ident

import pytest
from psygnal import Signal, SignalGroup
from qtpy.QtCore import QCoreApplication

from napari_vessel.widgets._follower import Follower

pytestmark = pytest.mark.gui


class Events(SignalGroup):
    saved = Signal(str)


def in_a_thread(work):
    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_a_signal_of_the_gui_thread_is_heard_at_once(qtbot):
    events, follower, heard = Events(), Follower(), []
    follower.follow(events.saved, heard.append)
    events.saved.emit("now")
    assert heard == ["now"]
    follower.close()


def test_a_signal_of_another_thread_is_heard_on_the_gui_thread(qtbot):
    events, follower, heard = Events(), Follower(), []
    follower.follow(events.saved, lambda text: heard.append((text, get_ident())))
    in_a_thread(lambda: events.saved.emit("there"))
    assert heard == []
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [("there", get_ident())]
    follower.close()


def test_nothing_is_heard_after_closing_not_even_what_was_on_its_way(qtbot):
    events, follower, heard = Events(), Follower(), []
    follower.follow(events.saved, heard.append)
    in_a_thread(lambda: events.saved.emit("on its way"))
    follower.close()
    events.saved.emit("after")
    QCoreApplication.processEvents()
    assert heard == []
