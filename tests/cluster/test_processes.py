"""Laws of a cluster of processes on this machine."""

import os
import signal
import time

import psutil
import pytest

from napari_vessel.cluster import Answer, Errand, SetAside, Waiting, connect

from .conftest import QUICK


@pytest.fixture(scope="module")
def cluster():
    before = dict(os.environ)
    with connect("local:2", device="cpu", config=QUICK) as connected:
        yield connected
    assert dict(os.environ) == before  # dask's nannies set some


def errand(function):
    """Name a function that is sent as it is: workers cannot import tests."""

    def sent(item):
        return function(item)

    return Errand("law", sent)


def whoami(n):
    time.sleep(0.05)
    return os.getpid()


def kills_once(path):
    """Kill this process, the first time."""
    if path.exists():
        return "done"
    path.touch()
    return os.kill(os.getpid(), signal.SIGKILL)


def kills_always(n):
    if n == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def told(cluster, function, items):
    return [e for e in cluster.each(errand(function), items) if not isinstance(e, Waiting)]


def test_nothing_listens_beyond_this_machine(cluster):
    me = psutil.Process()
    processes = [me, *me.children(recursive=True)]
    listening = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3  # the scheduler and two workers
    assert set(listening) == {"127.0.0.1"}
    assert all(worker.startswith("tls://") for worker in cluster.workers().slots)


def test_every_worker_takes_its_share(cluster):
    pids = {event.result for event in told(cluster, whoami, range(12))}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_an_item_whose_worker_dies_is_done_elsewhere(cluster, tmp_path):
    paths = [tmp_path / "first", tmp_path / "second"]
    paths[1].touch()
    events = told(cluster, kills_once, paths)
    assert [e.result for e in events if isinstance(e, Answer)] == ["done", "done"]


@pytest.mark.slow
def test_an_item_that_kills_workers_is_set_aside_and_its_neighbours_are_not(cluster):
    events = told(cluster, kills_always, range(6))
    assert sorted(e.result for e in events if isinstance(e, Answer)) == [0, 1, 3, 4, 5]
    (aside,) = (e for e in events if isinstance(e, SetAside))
    assert aside.item == 2
    assert "workers died" in aside.reason
