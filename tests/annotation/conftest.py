"""What the tests of corrections share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)  # more than one chunk along each axis, no multiple of it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def opened(folder: Path) -> Iterator[Callable[..., Corrections]]:
    """Open corrections that are closed whatever the test does."""
    all_opened: list[Corrections] = []

    def open_(**options) -> Corrections:
        all_opened.append(Corrections.open(folder, SHAPE, **options))
        return all_opened[-1]

    yield open_
    for corrections in all_opened:
        corrections.close()


@pytest.fixture(autouse=True)
def no_writer_outlives_its_test() -> Iterator[None]:
    yield
    assert not [t for t in threading.enumerate() if t.name == "journal-writer"]


@pytest.fixture
def paint_strokes() -> Callable[..., None]:
    """Paint strokes of two brush stamps each, at random."""

    def paint(corrections: Corrections, count: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(count):
            z, y, x = (int(rng.integers(0, edge - 8)) for edge in SHAPE)
            with corrections.stroke("paint"):
                for step in range(2):
                    box = Box((z, y + step, x), (z + 1, y + step + 7, x + 7))
                    corrections.paint(box, rng.random(box.shape) < 0.7, int(rng.integers(2)))

    return paint
