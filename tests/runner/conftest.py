from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from napari_vessel.runner import InlineRunner, ProcessRunner, RunnerConfig, _inbox

HERE = Path(__file__).parent


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> RunnerConfig:
    monkeypatch.syspath_prepend(HERE)
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYTHONPATH", path)
    # A busy machine may take a second to start a process: that is no news to these tests.
    monkeypatch.setattr(_inbox, "HEARTBEAT_S", 30.0)
    return RunnerConfig(registry="trial_workflows:WORKFLOWS", warm_up=())


@pytest.fixture
def inline(config: RunnerConfig) -> InlineRunner:
    return InlineRunner(config)


@pytest.fixture
def process(config: RunnerConfig) -> Iterator[ProcessRunner]:
    runner = ProcessRunner(config)
    yield runner
    runner.close()


@pytest.fixture(params=["inline", "process"])
def runner(request: pytest.FixtureRequest) -> InlineRunner | ProcessRunner:
    return request.getfixturevalue(request.param)


def exists(pid: int) -> bool:
    """Whether a process runs (a zombie, which only waits to be buried, does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    return exists


@pytest.fixture
def soon() -> Callable[..., bool]:
    """Wait for a condition; the bound only says that it happens at all."""

    def wait(condition: Callable[[], bool], seconds: float = 30) -> bool:
        deadline = time.monotonic() + seconds
        while not (met := condition()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return met

    return wait
