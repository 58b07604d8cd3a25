"""What holds for the compute process alone."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_vessel.errors import ComputeError
from napari_vessel.runner import Heartbeat, ProcessRunner, RunnerConfig, _inbox

ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "MALLOC_TOP_PAD_": "536870912",
}


def trial():
    import trial_workflows

    return trial_workflows


def only(events):
    (event,) = events
    return event


def test_a_cancelled_workflow_takes_no_further_step(process: ProcessRunner, tmp_path: Path) -> None:
    path = tmp_path / "steps"
    events = process.run("count", trial().Count(10_000, path, pause=0.01))
    next(events)
    events.close()
    text = path.read_text()
    list(process.run("count", trial().Count(100)))
    assert path.read_text() == text
    assert text.splitlines()[-1] == "closed"


def test_the_more_urgent_is_served_between_two_steps(
    process: ProcessRunner, tmp_path: Path
) -> None:
    path = tmp_path / "order"
    training = process.run("count", trial().Count(200, path, pause=0.01))
    first = next(training)
    list(process.run("count", trial().Count(20, path, pause=0.01), priority=1))
    so_far = path.read_text().splitlines()
    rest = list(training)
    assert [first, *rest] == [trial().Step(n, bytes(n)) for n in range(200)]
    start = len(so_far) - 1 - so_far[::-1].index("0")
    assert so_far[start : start + 21] == [*map(str, range(20)), "closed"]  # none in between
    assert "199" not in so_far


def test_equals_take_turns(process: ProcessRunner, tmp_path: Path) -> None:
    path = tmp_path / "long"
    long = process.run("count", trial().Count(300, path, pause=0.01))
    next(long)
    list(process.run("count", trial().Count(30, pause=0.01)))
    assert 30 <= len(path.read_text().splitlines()) < 300
    list(long)


def test_workflows_run_from_several_threads(process: ProcessRunner) -> None:
    found: dict[int, list[int]] = {}

    def work(steps: int) -> None:
        found[steps] = [e.number for e in process.run("count", trial().Count(steps))]

    threads = [threading.Thread(target=work, args=(steps,)) for steps in range(20, 26)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {steps: list(range(steps)) for steps in range(20, 26)}


def test_a_killed_process_fails_every_workflow_and_the_next_starts_a_new_one(
    process: ProcessRunner,
) -> None:
    running = [process.run("count", trial().Count(10_000, pause=0.01)) for _ in range(2)]
    for events in running:
        next(events)
    first = process.pid
    os.kill(first, signal.SIGKILL)
    for events in running:
        with pytest.raises(ComputeError, match=r"killed \(signal 9.*nothing you painted"):
            list(events)
        assert list(events) == []
    assert only(process.run("pid", None)) != first


def test_a_process_killed_while_starting_fails_the_workflow(process: ProcessRunner) -> None:
    process.start()
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ComputeError, match="killed"):
        list(process.run("pid", None))
    assert only(process.run("pid", None)) == process.pid


def test_cancelling_in_a_killed_process_is_no_error(process: ProcessRunner) -> None:
    events = process.run("count", trial().Count(10_000, pause=0.01))
    next(events)
    os.kill(process.pid, signal.SIGKILL)
    events.close()


def test_what_the_process_printed_last_is_in_the_notes(process: ProcessRunner) -> None:
    with pytest.raises(ComputeError) as caught:
        list(process.run("chatter", "a word"))
    assert "\n".join(caught.value.__notes__).count("a word") == 2


def test_where_it_happened_is_in_the_notes(process: ProcessRunner) -> None:
    with pytest.raises(ComputeError) as caught:
        list(process.run("fail", "runtime"))
    assert "trial_workflows.py" in caught.value.__notes__[0]


def test_what_the_process_prints_goes_to_the_log(config: RunnerConfig, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "compute.log"
    runner = ProcessRunner(config.model_copy(update={"log_file": log}))
    with pytest.raises(ComputeError):
        list(runner.run("chatter", "a word"))
    runner.close()
    assert log.read_text().splitlines().count("a word") == 2


def test_a_log_that_cannot_be_written_stops_nothing(config: RunnerConfig, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    runner = ProcessRunner(config.model_copy(update={"log_file": tmp_path / "file" / "log"}))
    assert len(list(runner.run("count", trial().Count(2)))) == 2
    runner.close()


def test_a_process_that_cannot_import_the_registry_says_so(config: RunnerConfig) -> None:
    runner = ProcessRunner(config.model_copy(update={"registry": "no_such_module:WORKFLOWS"}))
    with pytest.raises(ComputeError, match="no_such_module"):
        list(runner.run("count", None))
    runner.close()


def test_a_process_that_cannot_start_says_so(
    config: RunnerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ComputeError, match="cannot be started"):
        ProcessRunner(config).start()


def test_a_process_that_dies_before_it_answers_says_so(
    config: RunnerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    runner = ProcessRunner(config)
    with pytest.raises(ComputeError, match="status 1"):
        list(runner.run("pid", None))
    runner.close()


def test_a_process_that_never_answers_is_given_up(
    config: RunnerConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mute = tmp_path / "mute"
    mute.write_text("#!/bin/sh\nexec sleep 600\n")
    mute.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(mute))
    runner = ProcessRunner(config.model_copy(update={"start_wait_s": 0.2}))
    with pytest.raises(ComputeError, match="gave no answer"):
        list(runner.run("pid", None))
    assert not runner.alive
    runner.close()


def test_a_request_that_cannot_be_sent_is_refused(process: ProcessRunner) -> None:
    with pytest.raises(ComputeError, match="cannot be sent"):
        list(process.run("count", threading.Lock()))


def test_an_event_that_cannot_be_sent_ends_its_workflow(
    process: ProcessRunner, tmp_path: Path
) -> None:
    with pytest.raises(ComputeError, match="cannot be sent"):
        list(process.run("unpicklable event", tmp_path / "end"))
    assert (tmp_path / "end").read_text() == "closed\n"


def test_sys_exit_in_a_workflow_is_its_error(process: ProcessRunner) -> None:
    with pytest.raises(ComputeError, match="the text"):
        list(process.run("fail", "exit"))
    assert process.alive


def test_the_allocator_is_told_before_the_start(process: ProcessRunner) -> None:
    assert only(process.run("environment", tuple(ALLOCATOR))) == ALLOCATOR


def test_the_secret_is_neither_in_the_arguments_nor_in_the_environment(
    process: ProcessRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda count: b"\xab" * count)
    folder = Path(f"/proc/{only(process.run('pid', None))}")
    text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
    assert b"napari_vessel.runner" in text
    assert b"abab" not in text
    assert b"\xab" not in text


def test_threads_a_person_set_are_kept_unless_the_config_says_otherwise(
    config: RunnerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    for threads, expected in ((None, "7"), (3, "3")):
        runner = ProcessRunner(config.model_copy(update={"threads": threads}))
        assert only(runner.run("environment", ("OMP_NUM_THREADS",)))["OMP_NUM_THREADS"] == expected
        runner.close()


def test_it_stands_back_for_the_viewer(process: ProcessRunner) -> None:
    assert only(process.run("niceness", None)) == min(19, os.nice(0) + 5)


def test_the_first_workflow_finds_it_warm(config: RunnerConfig, soon) -> None:
    runner = ProcessRunner(config.model_copy(update={"warm_up": ("no_such_module", "wave:open")}))
    runner.start()
    assert soon(lambda: "wave" in only(runner.run("modules", None)))
    runner.close()
    assert "wave" not in sys.modules


def test_interrupting_the_terminal_does_not_reach_it(process: ProcessRunner) -> None:
    events = process.run("count", trial().Count(20, pause=0.01))
    next(events)
    os.kill(process.pid, signal.SIGINT)
    assert len(list(events)) == 19


def test_closing_leaves_no_process_and_no_thread(
    process: ProcessRunner, is_running: Callable[[int], bool]
) -> None:
    before = threading.active_count()
    pid = only(process.run("pid", None))
    process.close()
    process.close()
    assert not is_running(pid)
    assert threading.active_count() == before
    assert not process.alive
    with pytest.raises(ComputeError, match="closed"):
        process.start()


@pytest.mark.parametrize("sign", [None, signal.SIGSTOP])
def test_closing_never_hangs_on_a_stuck_process(
    process: ProcessRunner, tmp_path: Path, is_running, soon, sign
) -> None:
    events = process.run("stuck", tmp_path / "stuck")
    pid = next(events)
    errors: list[Exception] = []

    def follow() -> None:
        try:
            list(events)  # heartbeats, until the end
        except ComputeError as error:
            errors.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    assert soon((tmp_path / "stuck").exists)
    if sign is not None:
        os.kill(pid, sign)
    process.close()
    thread.join(10)
    assert not is_running(pid)
    assert "was closed" in str(errors[0])


def test_closing_at_once_after_the_start(process: ProcessRunner, is_running) -> None:
    before = threading.active_count()
    process.start()
    pid = process.pid
    process.close()
    assert not is_running(pid)
    assert threading.active_count() == before


def test_closing_what_never_started(process: ProcessRunner) -> None:
    process.close()


def test_a_forgotten_runner_takes_its_process_along(config: RunnerConfig, is_running) -> None:
    runner = ProcessRunner(config)
    pid = only(runner.run("pid", None))
    del runner
    gc.collect()
    assert not is_running(pid)


VIEWER = """
import sys, time
from pathlib import Path
from napari_vessel.runner import ProcessRunner, RunnerConfig

runner = ProcessRunner(RunnerConfig(registry="trial_workflows:WORKFLOWS", warm_up=()))
events = runner.run({workflow!r}, {request})
first = next(events)
heavy = [name for name in ("torch", "napari_vessel.workflows", "qtpy") if name in sys.modules]
print(runner.pid, heavy, flush=True)
if {stay}:
    time.sleep(600)
"""


def viewer(workflow: str, request: str, *, stay: bool) -> subprocess.Popen[str]:
    """Start a stand-in for the viewer in a process of its own."""
    code = VIEWER.format(workflow=workflow, request=request, stay=stay)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_the_process_ends_with_a_killed_viewer(
    config: RunnerConfig, tmp_path: Path, is_running, soon, sign
) -> None:
    path = tmp_path / "steps"
    request = f"__import__('trial_workflows').Count(10**6, Path({str(path)!r}), 0.01)"
    with viewer("count", request, stay=True) as parent:
        pid = int(parent.stdout.readline().split()[0])
        parent.send_signal(sign)
    assert soon(lambda: not is_running(pid))
    assert path.read_text().splitlines()[-1] == "closed"


def test_the_process_ends_with_a_killed_viewer_even_in_a_long_step(
    config: RunnerConfig, tmp_path: Path, is_running, soon
) -> None:
    path = tmp_path / "stuck"
    with viewer("stuck", f"Path({str(path)!r})", stay=True) as parent:
        pid = int(parent.stdout.readline().split()[0])
        assert soon(path.exists)
        parent.kill()
    assert soon(lambda: not is_running(pid))


def test_the_viewer_imports_no_torch_and_leaves_nothing_at_its_exit(
    config: RunnerConfig, is_running
) -> None:
    with viewer("count", "__import__('trial_workflows').Count(10**6)", stay=False) as parent:
        out, _ = parent.communicate(timeout=60)
    pid, heavy = out.split(maxsplit=1)
    assert heavy.strip() == "[]"
    assert parent.returncode == 0
    assert not is_running(int(pid))


def test_heartbeats_come_while_a_step_lasts_so_that_cancelling_need_not_wait_for_news(
    process: ProcessRunner, tmp_path: Path, soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_inbox, "HEARTBEAT_S", 0.25)
    events = process.run("stuck", tmp_path / "stuck")
    next(events)
    assert isinstance(next(events), Heartbeat)
