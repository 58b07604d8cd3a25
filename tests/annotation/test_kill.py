"""A viewer killed at any moment: every stroke it called saved is there."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import replay
from napari_vessel.geometry import Box

SHAPE = (20, 60, 70)

_script = Path(__file__).parents[2] / "scripts" / "kill_rounds.py"
_spec = importlib.util.spec_from_file_location("kill_rounds", _script)
killing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(killing)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize(
    "rounds", [pytest.param(8, id="few"), pytest.param(1000, id="many", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(7200)
def test_every_acknowledged_stroke_survives_kill_9(tmp_path: Path, rounds: int) -> None:
    for kills, acknowledged in killing.kill_rounds(tmp_path, rounds):
        print(killing.told(kills, acknowledged), flush=True)  # noqa: T201 - the README's count
    assert kills == rounds
    assert acknowledged >= kills


@pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")
@pytest.mark.parametrize(
    "end",
    [
        signal.SIGTERM,
        signal.SIGINT,
        pytest.param(signal.SIGABRT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_every_acknowledged_stroke_survives_being_ended(tmp_path: Path, end: int) -> None:
    folder = tmp_path / "journal"
    rows = ended_painter(folder, 3, wanted=20, end=end)
    result = replay(folder, SHAPE)
    (used,) = result.position.values()
    assert used >= rows
    expected = killing.state_after(np.zeros(SHAPE, np.uint8), 3, used)
    np.testing.assert_array_equal(result.overlay.read(Box.of(SHAPE)), expected)


def ended_painter(folder: Path, seed: int, *, wanted: int, end: int) -> int:
    """Let a child paint until ``wanted`` rows are saved, end it, return what it acknowledged."""
    command = [sys.executable, "-c", killing.ALONE, str(folder), str(seed), str(killing.MOST)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if int(line) >= wanted:
                break
        time.sleep(seed % 5 * 0.03)  # anywhere between two commits
        child.send_signal(end)  # a child that hangs runs into the test's own limit
        return max([int(line), *map(int, child.stdout.read().split())])
