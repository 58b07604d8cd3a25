"""Kill painters (SIGKILL) at any moment and check that every stroke they called saved is there.

Run as ``python scripts/kill_rounds.py [--rounds N] [--folder DIR]``; it prints how many strokes
were acknowledged, and stops at the first that is lost. Each painter is forked from a process that
has imported all it needs, so a round takes a fraction of a second. POSIX only.

A painter adds strokes of a random seed to a project's journal and prints the number of rows after
each commit. It is killed between two random moments; then the journals are replayed, and compared
with the same strokes painted on a plain array. Some painters are killed while they write the cache.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from napari_vessel.annotation import Corrections, holders, replay
from napari_vessel.geometry import Box

SHAPE = (20, 60, 70)
WHOLE = Box.of(SHAPE)
MOST = 3000  # strokes of one painter, had it not been killed
PROJECT = 25  # kills of one project; then the next one begins

PAINTER = """
import os, sys, time, numpy as np
from pathlib import Path
from napari_vessel.annotation import Corrections, _known
from napari_vessel.geometry import Box

_known.WORTH_CACHING = 100  # so that some are killed while they write the cache


def paint(folder, seed, most, say):
    corrections = Corrections.open(
        folder, (20, 60, 70), cache=folder.parent / "cache", on_saved=say
    )
    assert not corrections.problems, corrections.problems
    rng = np.random.default_rng(seed)
    for _ in range(most):
        z, y, x, value, pause = (int(rng.integers(n)) for n in (20, 50, 60, 2, 4))
        box = Box((z, y, x), (z + 1, y + 9, x + 9))
        corrections.paint(box, rng.random(box.shape) < 0.8, value)
        time.sleep(pause * 0.002)
"""
ALONE = (
    PAINTER
    + """
folder, seed, most = sys.argv[1:]
paint(Path(folder), int(seed), int(most), lambda rows: print(rows, flush=True))
"""
)
FORKED = (
    PAINTER
    + """
from napari_vessel.annotation._kept import KeptCorrections  # what a first opening would import
for order in sys.stdin:
    folder, seed, most, pipe = order.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        with open(pipe, "w", buffering=1) as acknowledged:
            paint(Path(folder), int(seed), int(most), lambda rows: acknowledged.write(f"{rows}\\n"))
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
"""
)


class Painters:
    """Starts painters, one after the other, each forked from one process."""

    def __enter__(self) -> Painters:
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def killed(self, folder: Path, seed: int, wanted: int) -> int:
        """Let one paint until ``wanted`` rows are saved, kill it, return what it acknowledged."""
        pipe = folder.parent / f"{seed}.pipe"
        pipe.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(pipe)
        print(folder, seed, MOST, pipe, sep="\t", file=self._process.stdin, flush=True)
        child = int(self._process.stdout.readline())
        with pipe.open() as acknowledged:
            rows = next(n for n in map(int, acknowledged) if n >= wanted)
            time.sleep(seed % 5 * 0.03)  # anywhere between two commits
            os.kill(child, signal.SIGKILL)
            rows = max([rows, *map(int, acknowledged.read().split())])
        pipe.unlink()
        return rows


def states_of(start: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Yield the model before the first and after every row of the painter."""
    model, rng = start.copy(), np.random.default_rng(seed)
    yield model
    for _ in range(MOST):
        z, y, x, value, _ = (int(rng.integers(n)) for n in (20, 50, 60, 2, 4))
        mask = rng.random((1, 9, 9)) < 0.8
        model[z : z + 1, y : y + 9, x : x + 9][mask] = 2 if value else 1
        yield model


def state_after(start: np.ndarray, seed: int, rows: int) -> np.ndarray:
    """Return the model after so many rows of a painter."""
    return next(state for n, state in enumerate(states_of(start, seed)) if n == rows)


def kill_rounds(folder: Path, rounds: int) -> Iterator[tuple[int, int]]:
    """Kill ``rounds`` painters; yield after each project how many, and how many strokes were saved.

    Raises
    ------
    AssertionError
        A stroke that was acknowledged is not there, or something else is.
    """
    rng, acknowledged = np.random.default_rng(7), 0
    with Painters() as painters:
        for first in range(0, rounds, PROJECT):
            seeds = range(first, min(first + PROJECT, rounds))
            project = folder / str(first) / "journal"
            acknowledged += _killed_again_and_again(painters, project, seeds, rng)
            yield seeds.stop, acknowledged


def _killed_again_and_again(
    painters: Painters, folder: Path, seeds: range, rng: np.random.Generator
) -> int:
    known, acknowledged, before = np.zeros(SHAPE, np.uint8), 0, set[str]()
    for seed in seeds:
        rows = painters.killed(folder, seed, int(rng.integers(1, 60)))
        assert holders(folder) == []  # what the dead held is free at once
        result = replay(folder, SHAPE)
        assert not result.problems, result.problems
        (name,) = set(result.position) - before
        before.add(name)
        used = result.position[name]
        assert used >= rows  # everything acknowledged; perhaps more
        known = state_after(known, seed, used).copy()
        np.testing.assert_array_equal(result.overlay.read(WHOLE), known)
        cached = Corrections.open(folder, SHAPE, cache=folder.parent / "cache", read_only=True)
        np.testing.assert_array_equal(cached.overlay.read(WHOLE), known)
        acknowledged += rows
    return acknowledged


def told(kills: int, acknowledged: int) -> str:
    """Say what came of so many kills without an error."""
    return f"{kills} kills, {acknowledged} strokes acknowledged, 0 lost"


def main() -> None:
    """Parse the command line, kill, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for counts in kill_rounds(options.folder or Path(temporary), options.rounds):
            print(told(*counts), flush=True)


if __name__ == "__main__":
    main()
