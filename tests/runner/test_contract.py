"""What holds for every runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_vessel.errors import ComputeError, DeviceMemoryError, ReadError, VesselError
from napari_vessel.runner import Runner


def trial():
    import trial_workflows

    return trial_workflows


def test_events_arrive_in_order(runner: Runner) -> None:
    expected = [trial().Step(number, bytes(number)) for number in range(300)]
    assert list(runner.run("count", trial().Count(300))) == expected


def test_any_iterable_of_events_will_do(runner: Runner) -> None:
    assert list(runner.run("list", (1, 2, 3))) == [1, 2, 3]


def test_nothing_runs_before_the_first_event_is_asked_for(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "steps"
    events = runner.run("count", trial().Count(3, path))
    assert not path.exists()
    assert next(events).number == 0
    events.close()
    assert path.exists()


def test_closing_runs_the_finally_blocks(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "steps"
    events = runner.run("count", trial().Count(10_000, path, pause=0.01))
    next(events)
    events.close()
    assert path.read_text().splitlines()[-1] == "closed"
    assert len(path.read_text().splitlines()) < 5_000


@pytest.mark.parametrize(
    "kind",
    ["runtime", "value", "eof", "pipe", "locked", "several"],
)
def test_a_foreign_error_arrives_as_ours_with_its_text(runner: Runner, kind: str) -> None:
    events = runner.run("fail", kind)
    assert next(events) == trial().Step(0)
    with pytest.raises(ComputeError, match=r"'fail'.*the text"):
        next(events)
    assert list(events) == []


def test_out_of_memory_arrives_as_that(runner: Runner) -> None:
    with pytest.raises(DeviceMemoryError, match="the text"):
        list(runner.run("fail", "memory"))


def test_our_errors_arrive_as_they_are(runner: Runner) -> None:
    with pytest.raises(ReadError) as caught:
        list(runner.run("fail", "ours"))
    assert str(caught.value) == "the text"


@pytest.mark.parametrize("kind", ["several ours", "growing ours", "locked ours"])
def test_our_errors_that_cannot_be_pickled_arrive_with_their_text(
    runner: Runner, kind: str
) -> None:
    with pytest.raises(VesselError, match="the text") as caught:
        list(runner.run("fail", kind))
    assert "about about" not in str(caught.value)


def test_an_error_without_text_arrives(runner: Runner) -> None:
    with pytest.raises(ComputeError, match="Mute"):
        list(runner.run("fail mutely", None))


def test_an_error_before_the_first_event_arrives(runner: Runner) -> None:
    with pytest.raises(ComputeError) as caught:
        list(runner.run("fail at once", "at once"))
    assert str(caught.value) == "at once"


def test_an_error_on_closing_reaches_who_closes(runner: Runner) -> None:
    events = runner.run("fail on closing", None)
    next(events)
    with pytest.raises(ReadError, match="not saved"):
        events.close()


def test_an_unknown_workflow_is_named_with_those_that_exist(runner: Runner) -> None:
    with pytest.raises(ComputeError, match=r"'paint'.*'count'"):
        list(runner.run("paint", None))


def test_the_next_workflow_runs_after_a_failure(runner: Runner) -> None:
    with pytest.raises(ComputeError):
        list(runner.run("fail", "runtime"))
    assert len(list(runner.run("count", trial().Count(2)))) == 2
