"""A viewer killed at any moment: every stroke it called saved is there."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, holders, replay
from napari_vessel.geometry import Box

SHAPE = (20, 60, 70)
WHOLE = Box.of(SHAPE)
MOST = 3000
PROJECT = 40  # kills of one project; then the next one begins

PAINTER = """
import sys, time, numpy as np
from pathlib import Path
from napari_vessel.annotation import Corrections, _known
from napari_vessel.geometry import Box
_known.WORTH_CACHING = 100  # so that some are killed while they write the cache
folder, seed, most = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
corrections = Corrections.open(
    folder,
    (20, 60, 70),
    cache=folder.parent / "cache",
    on_saved=lambda rows: print(rows, flush=True),
)
assert not corrections.problems, corrections.problems
rng = np.random.default_rng(seed)
for _ in range(most):
    z, y, x, value, pause = (int(rng.integers(n)) for n in (20, 50, 60, 2, 4))
    box = Box((z, y, x), (z + 1, y + 9, x + 9))
    corrections.paint(box, rng.random(box.shape) < 0.8, value)
    time.sleep(pause * 0.002)
"""


def states_of(start: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Yield the model before the first and after every row of the painter."""
    model, rng = start.copy(), np.random.default_rng(seed)
    yield model
    for _ in range(MOST):
        z, y, x, value, _ = (int(rng.integers(n)) for n in (20, 50, 60, 2, 4))
        mask = rng.random((1, 9, 9)) < 0.8
        model[z : z + 1, y : y + 9, x : x + 9][mask] = 2 if value else 1
        yield model


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize(
    "rounds", [pytest.param(8, id="few"), pytest.param(1000, id="many", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(7200)
def test_every_acknowledged_stroke_survives_kill_9(tmp_path: Path, rounds: int) -> None:
    rng, acknowledged = np.random.default_rng(7), 0
    for first in range(0, rounds, PROJECT):
        seeds = range(first, min(first + PROJECT, rounds))
        acknowledged += killed_again_and_again(tmp_path / str(first) / "journal", seeds, rng)
        print(f"{seeds.stop} kills, {acknowledged} strokes acknowledged, 0 lost", flush=True)  # noqa: T201 - the README's count


def killed_again_and_again(folder: Path, seeds: range, rng: np.random.Generator) -> int:
    """Kill painters of one project, check it after each; return how many strokes were saved."""
    known, acknowledged, before = np.zeros(SHAPE, np.uint8), 0, set()
    for seed in seeds:
        rows = killed_painter(folder, seed, wanted=int(rng.integers(1, 60)))
        assert holders(folder) == []  # what the dead held is free at once
        result = replay(folder, SHAPE)
        assert not result.problems
        (name,) = set(result.position) - before
        before.add(name)
        used = result.position[name]
        assert used >= rows  # everything acknowledged; perhaps more
        expected = next(s for i, s in enumerate(states_of(known, seed)) if i == used)
        known = result.overlay.read(WHOLE)
        np.testing.assert_array_equal(known, expected)
        cached = Corrections.open(folder, SHAPE, cache=folder.parent / "cache", read_only=True)
        np.testing.assert_array_equal(cached.overlay.read(WHOLE), expected)
        acknowledged += rows
    return acknowledged


@pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGABRT, signal.SIGHUP])
def test_every_acknowledged_stroke_survives_being_ended(tmp_path: Path, end: int) -> None:
    folder = tmp_path / "journal"
    rows = killed_painter(folder, 3, wanted=20, end=end)
    result = replay(folder, SHAPE)
    (used,) = result.position.values()
    assert used >= rows
    expected = next(s for i, s in enumerate(states_of(np.zeros(SHAPE, np.uint8), 3)) if i == used)
    np.testing.assert_array_equal(result.overlay.read(WHOLE), expected)


def killed_painter(
    folder: Path, seed: int, *, wanted: int, end: int = getattr(signal, "SIGKILL", 9)
) -> int:
    """Let a child paint until ``wanted`` rows are saved, end it, return what it acknowledged."""
    command = [sys.executable, "-c", PAINTER, str(folder), str(seed), str(MOST)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if int(line) >= wanted:
                break
        time.sleep(seed % 5 * 0.03)  # anywhere between two commits
        child.send_signal(end)  # a child that hangs runs into the test's own limit
        return max([int(line), *map(int, child.stdout.read().split())])
