"""Laws of a prediction on a cluster of processes on this machine: each brings torch, so slow."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest

from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import WORKFLOWS, BlockProposed, Predict

from .conftest import QUICK, SHAPE

pytestmark = pytest.mark.slow

WHOLE = Box.of(SHAPE)
SMALL = QUICK.model_copy(update={"block": (16, 16, 16)})  # sixteen blocks


@pytest.fixture
def request_(volume, tiny, tmp_path):
    return Predict(
        str(volume),
        tmp_path / "out.ome.zarr",
        checkpoint=str(tiny.path),
        inference=SMALL,
        scheduler="local:2",
    )


def mask(request):
    return open_volume(request.out).read(WHOLE)


def workers_of(process):
    """Name the processes that a cluster's nannies started."""
    return [
        child
        for child in process.children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    ]


def test_a_worker_killed_on_the_way_changes_nothing_but_the_time(request_, tmp_path):
    events, boxes = WORKFLOWS["predict"](request_), []
    for event in events:
        if isinstance(event, BlockProposed):
            boxes.append(event.box)
            if len(boxes) == 2:
                workers_of(psutil.Process())[0].send_signal(signal.SIGKILL)
    assert event.state == "complete"
    assert sorted(boxes, key=str) == sorted(WHOLE.cells((16, 16, 16)), key=str)
    here = replace(request_, scheduler=None, out=tmp_path / "here.ome.zarr")
    list(WORKFLOWS["predict"](here))
    np.testing.assert_array_equal(mask(request_), mask(here))
    assert workers_of(psutil.Process()) == []


def predicting(volume, tiny, out):
    """Start the command line on a cluster of its own, in a session of its own."""
    command = [sys.executable, "-m", "napari_vessel", "predict", str(volume), str(out)]
    command += ["--scheduler", "local:1", "--checkpoint", str(tiny.path), "--device", "cpu"]
    return subprocess.Popen(
        [*command, "--views", "none", "--planes", "xy", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_command_line_predicts_on_a_cluster_of_its_own(volume, tiny, tmp_path):
    process = predicting(volume, tiny, tmp_path / "mask.ome.zarr")
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert '"state": "complete"' in out
    assert 0 < open_volume(tmp_path / "mask.ome.zarr").read(WHOLE).mean() < 1


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_command_line_is_stopped_it_leaves_no_worker(volume, tiny, tmp_path, stop):
    process = predicting(volume, tiny, tmp_path / "mask.ome.zarr")
    started, workers = time.monotonic(), []
    while not workers:  # a bound, generous: that it starts at all
        assert time.monotonic() - started < 120
        assert process.poll() is None
        time.sleep(0.2)
        workers = workers_of(psutil.Process(process.pid))
    if stop == signal.SIGINT:
        os.killpg(process.pid, stop)  # as Ctrl-C in a terminal: to all of them
    else:
        process.send_signal(stop)
    process.communicate(timeout=60)
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert gone
    assert not alive
