"""A small volume on disk, and a runner that says what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vessel.geometry import Plane
from napari_vessel.session import Session
from napari_vessel.simulate import drive

SHAPE = (12, 40, 50)


class ScriptedRunner:
    """Runs, in place of the workflows, generators that a test made."""

    def __init__(self) -> None:
        self.scripts: dict[str, Callable[[Any], Generator[Any, None, None]]] = {}
        self.asked: list[Any] = []
        self.closed = False
        self.alive = True

    def start(self) -> None: ...

    def run(self, workflow: str, request: Any, *, priority: int = 0) -> Generator[Any, None, None]:
        self.asked.append(request)
        yield from self.scripts[workflow](request)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def voxels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 60_000, SHAPE).astype(np.uint16)


@pytest.fixture
def volume(tmp_path: Path, voxels: np.ndarray) -> Path:
    path = tmp_path / "kidney.npy"
    np.save(path, voxels)
    return path


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def session(runner: ScriptedRunner) -> Generator[Session, None, None]:
    made = Session(runner)
    yield made
    made.close()


@pytest.fixture
def opened(session: Session, volume: Path) -> Session:
    list(drive(session, "open", session.open(volume)))
    return session


def stroke(session: Session, box: Any, value: int, mask: np.ndarray | None = None) -> None:
    session.begin_stroke("paint", Plane.XY)
    session.paint(box, np.ones(box.shape, bool) if mask is None else mask, value)
    session.end_stroke()
