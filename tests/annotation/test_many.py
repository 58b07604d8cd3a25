"""Very many strokes: the journal stays small, memory bounded, and opening replays little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, _known, _overlay
from napari_vessel.annotation._known import Replaying
from napari_vessel.geometry import Box, Plane

SHAPE = (200, 200, 200)
UNPACKED = 6
STROKES = 250
MOST_BYTES = 2000  # a stroke: 200 MB for 100,000
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "opening.py"


@pytest.fixture
def frugal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep few chunks unpacked, and a cache of few rows, as 100,000 strokes would have it."""
    monkeypatch.setattr(_overlay, "UNPACKED", UNPACKED)
    monkeypatch.setattr(_known, "WORTH_CACHING", STROKES // 2)


def painted(folder: Path) -> np.ndarray:
    """Paint strokes all over a volume; return the model of what they come to."""
    rng, model = np.random.default_rng(0), np.zeros(SHAPE, np.uint8)
    disc = np.hypot(*np.mgrid[-12:13, -12:13])[None] <= 12
    corrections = Corrections.open(folder / "journal", SHAPE)
    for _ in range(STROKES):
        z, y, x = (int(n) for n in rng.integers(0, 160, 3))
        value = int(rng.integers(2))
        with corrections.stroke("paint", Plane.XY):
            for step in range(2):
                box = Box((z, y, x + 6 * step), (z + 1, y + 25, x + 6 * step + 25))
                corrections.paint(box, disc, value)
                model[box.slices][disc] = value + 1
        assert len(corrections.overlay._chunks) <= UNPACKED
    assert corrections.close(60)
    return model


def test_journal_and_memory_are_bounded_and_an_opening_replays_only_what_is_new(
    tmp_path: Path, frugal: None
) -> None:
    model = painted(tmp_path)
    (journal,) = (tmp_path / "journal").glob("*.sqlite")
    assert journal.stat().st_size < MOST_BYTES * STROKES
    (first, *_), opened = opening(tmp_path)
    assert first.total >= STROKES
    np.testing.assert_array_equal(opened.overlay.read(Box.of(SHAPE)), model)
    assert opened.close(60)
    told, opened = opening(tmp_path)  # from the cache that the first one left
    assert told == []
    assert len(opened.overlay._chunks) <= UNPACKED
    assert len(opened.strokes) == STROKES
    np.testing.assert_array_equal(opened.overlay.read(Box.of(SHAPE)), model)
    assert opened.close(60)


def opening(folder: Path) -> tuple[list[Replaying], Corrections]:
    """Open; return what was told meanwhile, too."""
    steps = Corrections.opening(folder / "journal", SHAPE, cache=folder / "cache")
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_strokes_open(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARK), "--json", "--folder", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=7200)
    replayed, _, cached = json.loads(done.stdout)["rows"]
    assert replayed["strokes"] >= 100_000
    assert cached["reviewed"] == replayed["reviewed"] > 0
    assert cached["journal MiB"] < 200
    assert max(replayed["peak MiB"], cached["peak MiB"]) < 1024
    assert cached["seconds"] < 120  # a bound for liveness on a busy machine; 5 is asked for
