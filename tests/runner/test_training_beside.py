"""A long training in the compute process: what comes first, pauses it, ends it, finds it hung."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_vessel.errors import ComputeError
from napari_vessel.runner import Heartbeat, ProcessRunner, Runner, RunnerConfig, _inbox
from napari_vessel.runner._shares import Shares


def trial():
    import trial_workflows

    return trial_workflows


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_the_more_urgent_is_served_in_the_middle_of_a_long_step(
    process: ProcessRunner, tmp_path: Path
) -> None:
    path = tmp_path / "order"
    scoring = process.run("long step", trial().Count(300, path, pause=0.01), priority=-1)
    next(scoring)
    told = list(process.run("count", trial().Count(5, path), priority=1))
    assert len(told) == 5
    so_far = lines(path)
    assert "batch 299" not in so_far
    start = so_far.index("0")
    assert so_far[start : start + 6] == [*"01234", "closed"]
    assert [step.number for step in scoring] == [1]


def test_what_is_less_urgent_waits_for_the_long_step(
    process: ProcessRunner, tmp_path: Path
) -> None:
    path = tmp_path / "order"
    long = process.run("long step", trial().Count(30, path, pause=0.01))
    next(long)
    list(process.run("count", trial().Count(1, path), priority=-1))
    assert lines(path).index("batch 29") < lines(path).index("0")
    list(long)


def test_a_cancelled_long_step_ends_between_two_batches_and_is_closed(
    process: ProcessRunner, tmp_path: Path, soon
) -> None:
    path = tmp_path / "steps"
    scoring = process.run("long step", trial().Count(3000, path, pause=0.01), priority=-1)
    next(scoring)
    assert soon(lambda: "batch 2" in lines(path))
    scoring.close()
    assert lines(path)[-1] == "closed"
    assert len(lines(path)) < 3000
    assert len(list(process.run("count", trial().Count(3)))) == 3


def test_closing_the_runner_ends_a_long_step_between_two_batches(
    process: ProcessRunner, tmp_path: Path, soon
) -> None:
    path = tmp_path / "steps"
    scoring = process.run("long step", trial().Count(3000, path, pause=0.01))
    next(scoring)
    assert soon(lambda: "batch 2" in lines(path))
    process.close()
    assert lines(path)[-1] == "closed"
    with pytest.raises(ComputeError, match="closed"):
        list(scoring)


def test_a_paused_workflow_takes_no_step_until_it_goes_on(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soon
) -> None:
    monkeypatch.setattr(_inbox, "HEARTBEAT_S", 0.05)
    path, found = tmp_path / "steps", []
    runner.pause("count")
    events = runner.run("count", trial().Count(20, path))
    thread = threading.Thread(target=lambda: found.extend(events))
    thread.start()
    if isinstance(runner, ProcessRunner):
        assert 7 in list(runner.run("list", (7,)))  # others go on
    assert len(lines(path)) <= 1
    runner.pause("count", paused=False)
    thread.join(60)
    assert [e for e in found if not isinstance(e, Heartbeat)] == [
        trial().Step(n, bytes(n)) for n in range(20)
    ]


def test_a_long_step_that_is_paused_rests_between_two_batches_and_others_are_served(
    process: ProcessRunner, tmp_path: Path, soon
) -> None:
    path = tmp_path / "steps"
    scoring = process.run("long step", trial().Count(100, path, pause=0.02), priority=-1)
    next(scoring)
    assert soon(lambda: "batch 2" in lines(path))
    process.pause("long step")
    for priority in (1, -1, -2):  # all are answered, also what is less urgent
        assert 7 in list(process.run("list", (7,), priority=priority))
    rests = lines(path)
    time.sleep(0.5)
    assert lines(path) == rests
    assert len(rests) < 100
    process.pause("long step", paused=False)
    assert [e.number for e in scoring if not isinstance(e, Heartbeat)] == [1]
    assert lines(path)[-2:] == ["batch 99", "closed"]


def test_a_long_step_that_is_paused_ends_when_it_is_cancelled(
    process: ProcessRunner, tmp_path: Path, soon
) -> None:
    path = tmp_path / "steps"
    scoring = process.run("long step", trial().Count(3000, path, pause=0.01), priority=-1)
    next(scoring)
    assert soon(lambda: "batch 2" in lines(path))
    process.pause("long step")
    list(process.run("list", (7,)))
    scoring.close()
    assert lines(path)[-1] == "closed"
    assert len(lines(path)) < 3000
    assert len(list(process.run("count", trial().Count(3)))) == 3


def test_closing_the_runner_ends_a_long_step_that_is_paused(
    process: ProcessRunner, tmp_path: Path, soon
) -> None:
    path = tmp_path / "steps"
    scoring = process.run("long step", trial().Count(3000, path, pause=0.01))
    next(scoring)
    assert soon(lambda: "batch 2" in lines(path))
    process.pause("long step")
    list(process.run("list", (7,)))
    process.close()
    assert lines(path)[-1] == "closed"
    assert len(lines(path)) < 3000


def test_a_step_that_rests_is_not_told_as_a_long_one(
    process: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soon
) -> None:
    monkeypatch.setattr(_inbox, "HEARTBEAT_S", 0.1)
    path = tmp_path / "steps"
    scoring = process.run("long step", trial().Count(3000, path, pause=0.001), priority=-1)
    next(scoring)
    assert soon(lambda: "batch 2" in lines(path))
    beats = itertools.islice(scoring, 100)
    assert any(isinstance(e, Heartbeat) and e.step_s > 0 for e in beats)
    process.pause("long step")
    assert any(isinstance(e, Heartbeat) and e.step_s == 0 for e in beats)
    scoring.close()


def test_time_that_others_were_served_or_it_was_paused_is_no_time_of_work(
    process: ProcessRunner,
) -> None:
    training = process.run("timed", trial().Count(4, pause=0.01), priority=-1)
    next(training)
    started = time.monotonic()
    process.pause("timed")
    list(process.run("count", trial().Count(20, pause=0.05), priority=1))  # a second and more
    process.pause("timed", paused=False)
    assert list(training)[-1] < time.monotonic() - started - 0.9


def test_a_process_that_was_stopped_is_silent_and_can_be_begun_anew(
    process: ProcessRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_inbox, "HEARTBEAT_S", 0.1)
    events = process.run("count", trial().Count(10**6, pause=0.01))
    next(events)
    first = process.pid
    os.kill(first, signal.SIGSTOP)
    silent = next(e.silent_s for e in events if isinstance(e, Heartbeat) and e.silent_s)
    assert silent > 0
    process.restart()
    with pytest.raises(ComputeError, match=r"was restarted.*nothing you painted"):
        list(events)
    fresh = [e for e in process.run("pid", None) if not isinstance(e, Heartbeat)]
    assert fresh != [first]


def test_a_busy_process_is_not_silent(
    process: ProcessRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_inbox, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr("napari_vessel.runner._compute._BEAT_S", 30.0)
    events = process.run("stuck", tmp_path / "stuck")
    next(events)
    beat = next(e for e in events if isinstance(e, Heartbeat) and e.step_s > 0.5)
    assert beat.silent_s == 0
    events.close()


def fake_torch(threads: int, *, on_gpu: bool = False) -> SimpleNamespace:
    """Return what Shares asks of torch, and a list of what it was told."""
    told: list[object] = []
    cuda = SimpleNamespace(
        is_initialized=lambda: on_gpu, empty_cache=lambda: told.append("emptied")
    )
    return SimpleNamespace(
        get_num_threads=lambda: threads, set_num_threads=told.append, cuda=cuda, told=told
    )


def test_a_training_has_fewer_threads_and_a_prediction_all(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = fake_torch(4)
    monkeypatch.setitem(__import__("sys").modules, "torch", torch)
    shares = Shares(3)
    for priority in (1, -1, -1, 0, -1):
        shares.give(priority)
    assert torch.told == [3, 4, 3]


def test_a_person_who_set_one_thread_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = fake_torch(1)
    monkeypatch.setitem(__import__("sys").modules, "torch", torch)
    shares = Shares(3)
    shares.give(-1)
    shares.give(1)
    assert torch.told == []


@pytest.mark.parametrize("on_gpu", [True, False])
def test_memory_of_a_gpu_is_given_back(monkeypatch: pytest.MonkeyPatch, on_gpu: bool) -> None:
    torch = fake_torch(1, on_gpu=on_gpu)
    monkeypatch.setitem(__import__("sys").modules, "torch", torch)
    Shares().take_back()
    assert torch.told == ["emptied"] * on_gpu


@pytest.mark.slow  # imports torch in a new process
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="torch takes no more threads than cores")
def test_a_job_in_the_background_has_the_threads_of_the_background(
    config: RunnerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    runner = ProcessRunner(config.model_copy(update={"threads": 2, "background_threads": 1}))
    try:
        found = [list(runner.run("threads", None, priority=p))[-1] for p in (0, 0, -1, 1)]
    finally:
        runner.close()
    assert found == [2, 2, 1, 2]
