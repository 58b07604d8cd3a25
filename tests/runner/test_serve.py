"""The compute process's loop, over a pipe of this process."""

from __future__ import annotations

import multiprocessing
from threading import Thread

import pytest

from napari_vessel.runner import RunnerConfig
from napari_vessel.runner._messages import (
    Cancel,
    Ended,
    Event,
    Failed,
    Ready,
    Shutdown,
    Start,
    pack,
    unpack,
)
from napari_vessel.runner._serve import Server


@pytest.fixture
def pipe():
    near, far = multiprocessing.Pipe()
    with near, far:
        yield near, far


def said(near, until) -> list:
    """What the server says up to a message that answers the description."""
    messages = []
    while not messages or not until(messages[-1]):
        assert near.poll(30)
        messages.append(unpack(near.recv_bytes()))
    return messages


def test_workflows_come_before_warming_up(config: RunnerConfig, pipe) -> None:
    near, far = pipe
    near.send_bytes(pack(Start(0, "list", pack((1, 2)), -5)))
    server = Server(far, config.registry, ["colorsys", "no_such_module"])
    thread = Thread(target=server.serve)
    thread.start()
    messages = said(near, lambda message: isinstance(message, Failed))
    near.send_bytes(pack(Shutdown()))
    thread.join(30)
    assert messages[:4] == [Ready(), Event(0, pack(1)), Event(0, pack(2)), Ended(0)]
    assert messages[4] == Ended(-2)
    assert messages[5].job == -1  # its failure harms nothing
    assert not thread.is_alive()


def test_cancelling_what_has_ended_says_nothing(config: RunnerConfig, pipe) -> None:
    near, far = pipe
    for message in (Start(0, "list", pack(()), 0), Cancel(7), Start(1, "list", pack(()), 0)):
        near.send_bytes(pack(message))
    thread = Thread(target=Server(far, config.registry, []).serve)
    thread.start()
    assert said(near, lambda message: message == Ended(1)) == [Ready(), Ended(0), Ended(1)]
    near.close()  # the viewer is gone
    thread.join(30)
    assert not thread.is_alive()
