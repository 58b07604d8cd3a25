"""A training of a project that was interrupted, or whose time was over, asked for again."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
from time import monotonic

import pytest
import torch

from napari_vessel.errors import ComputeError, ProjectBusyError
from napari_vessel.geometry import Plane
from napari_vessel.runner import Heartbeat, ProcessRunner, RunnerConfig
from napari_vessel.training import EpochEnd, SegmentationTask
from napari_vessel.training._replay import Rehearsal
from napari_vessel.workflows import WORKFLOWS, Correct, Progress, Retrain
from napari_vessel.workflows._retrain_run import RetrainRun
from napari_vessel.workflows._train_learner import _EPOCH_SECONDS

from .conftest import SHORT

LONG = SHORT.model_copy(update={"epochs": 40, "patience": 40, "replay_share": 0.0})


@pytest.fixture
def corrected(project, labels):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 3), (Plane.XY, 12)))))
    return project


@pytest.fixture(autouse=True)
def kept_often(monkeypatch):
    monkeypatch.setattr("napari_vessel.workflows._train_learner._EPOCH_SECONDS", 0.0)


def begun(project, config=LONG, **named):
    return WORKFLOWS["retrain"](Retrain(project.path, config, **named))


def interrupted(project, epochs=2, config=LONG, **named):
    """Train so many epochs, then stop asking; return the epochs."""
    found, events = [], begun(project, config, **named)
    for event in events:
        if isinstance(event, EpochEnd):
            found.append(event)
            if len(found) == epochs:
                break
    events.close()
    return found


def first_epoch(project, config=LONG, **named):
    """Return the number of the next epoch, and what was said before it."""
    said = []
    events = begun(project, config, **named)
    for event in events:
        if isinstance(event, Progress):
            said.append(event.what)
        if isinstance(event, EpochEnd):
            events.close()
            return event.epoch, said
    return None, said


def state_of(project):
    return project.path / "training.run" / "state.pt"


def test_what_was_interrupted_goes_on(corrected):
    assert [epoch.epoch for epoch in interrupted(corrected)] == [1, 2]
    epoch, said = first_epoch(corrected)
    assert epoch == 3
    assert "Going on after epoch 2" in said


def test_the_curve_goes_on_too(corrected):
    interrupted(corrected)
    interrupted(corrected)
    lines = (corrected.path / "training.run" / "history.jsonl").read_text().splitlines()
    assert len(lines) == 4


def test_with_more_corrections_weights_go_on_and_epochs_begin_anew(corrected, labels):
    interrupted(corrected)
    list(WORKFLOWS["correct"](Correct(corrected.path, str(labels), ((Plane.XY, 8),))))
    epoch, said = first_epoch(corrected)
    assert epoch == 1
    assert "Going on after epoch 0" in said


@pytest.mark.parametrize("change", ["settings", "network"])
def test_other_settings_or_another_network_begin_anew(corrected, change):
    interrupted(corrected)
    if change == "network":
        corrected.update(checkpoint="starter")
    config = LONG.model_copy(update={"seed": 5}) if change == "settings" else LONG
    events = begun(corrected, config)
    said = []
    for event in events:
        if isinstance(event, Progress):
            said.append(event.what)
        if isinstance(event, EpochEnd):
            break
    events.close()
    assert event.epoch == 1
    assert not any("Going on" in what for what in said)


def test_what_came_to_the_end_of_its_time_goes_on_only_where_asked(corrected):
    timed = LONG.model_copy(update={"minutes": 1e-9})
    list(begun(corrected, timed))
    assert first_epoch(corrected, LONG)[0] == 1
    state_of(corrected).unlink()
    list(begun(corrected, timed))
    assert first_epoch(corrected, LONG, go_on=True)[0] == 2


def patches(monkeypatch):
    """Note the first patch that each training is shown."""
    seen, step = [], SegmentationTask.step
    told = set()

    def noted(task, batch):
        if id(task) not in told:
            told.add(id(task))
            alive.append(task)  # no other task has its id
            seen.append((batch[0] if isinstance(batch, Rehearsal) else batch).image.tobytes())
            first_numbers.append(torch.get_rng_state().numpy().tobytes())
        return step(task, batch)

    alive, first_numbers = [], []
    monkeypatch.setattr(SegmentationTask, "step", noted)
    return seen, first_numbers


ROUND = LONG.model_copy(update={"epochs": 2, "leave_out_folds": 0})


@pytest.mark.parametrize("ends", ["epochs", "patience"])
def test_each_round_draws_what_none_before_it_drew_and_the_same_again_from_the_start(
    corrected, tmp_path, monkeypatch, ends
):
    if ends == "patience":
        monkeypatch.setattr(SegmentationTask, "validate", lambda task: task.show() or 0.0)
        monkeypatch.setattr("napari_vessel.training._fit.Best.beaten_by", lambda *_: False)
    config = ROUND if ends == "epochs" else ROUND.model_copy(update={"epochs": 9, "patience": 1})
    seen, numbers = patches(monkeypatch)
    again = tmp_path / "again.vessel"
    shutil.copytree(corrected.path, again)
    for path in (corrected.path, again):
        for number in range(4):
            list(WORKFLOWS["retrain"](Retrain(path, config, go_on=number > 0)))
    first, second = seen[:4], seen[4:]
    assert len(set(first)) == len(first) == 4
    assert len(set(numbers[:4])) == 4  # augmentation
    assert second == first


def test_rounds_that_go_on_may_have_so_many_epochs_each(corrected):
    list(begun(corrected, ROUND))  # at its end nothing is left to go on from
    told = []
    for _ in range(3):
        events = begun(corrected, ROUND, go_on=True)
        told.append([event.epoch for event in events if isinstance(event, EpochEnd)])
    assert told == [[1, 2], [3, 4], [5, 6]]


def test_without_going_on_a_training_is_the_same_whatever_rounds_were_before(
    corrected, monkeypatch
):
    seen, numbers = patches(monkeypatch)
    for go_on in (False, True, True, False):
        list(begun(corrected, ROUND, go_on=go_on))
    assert seen[-1] == seen[0]
    assert numbers[-1] == numbers[0]


def test_what_ended_by_itself_leaves_no_state(corrected):
    list(begun(corrected, SHORT))
    assert not state_of(corrected).exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "another"])
def test_a_damaged_state_is_never_half_loaded(corrected, damage, caplog):
    interrupted(corrected)
    path = state_of(corrected)
    content = path.read_bytes()
    if damage == "another":
        torch.save({"task": {"network": {}}, "memory": "{}"}, path)
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 255]) * 64 + content[middle + 64 :]
        path.write_bytes({"cut": content[:middle], "empty": b"", "flipped": flipped}[damage])
    epoch, _ = first_epoch(corrected)
    assert epoch == 1
    assert "begins anew" in caplog.text


def test_a_state_that_is_a_pickle_of_something_else_is_not_run(corrected, tmp_path):
    interrupted(corrected)

    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    state_of(corrected).write_bytes(pickle.dumps(Evil(), protocol=2))
    assert first_epoch(corrected)[0] == 1
    assert not (tmp_path / "ran").exists()


def test_two_trainings_of_one_project_are_refused(corrected):
    events = begun(corrected)
    next(event for event in events if isinstance(event, EpochEnd))
    with pytest.raises(ProjectBusyError, match="training"):
        list(begun(corrected))
    events.close()


def test_a_network_that_came_of_it_is_gone_on_from(corrected, monkeypatch):
    noted = []
    monkeypatch.setattr(RetrainRun, "note", lambda _, name: noted.append(name))
    result = list(begun(corrected, LONG.model_copy(update={"minutes": 1e-9})))[-1]
    assert noted == [result.checkpoint]


@pytest.mark.slow  # a real compute process, which imports torch twice
def test_a_killed_training_is_told_and_goes_on_in_a_new_process(corrected):
    runner = ProcessRunner(RunnerConfig(warm_up=()))
    long = LONG.model_copy(update={"epochs": 100_000, "patience": 100_000})
    request = Retrain(corrected.path, long)
    try:
        events = runner.run("retrain", request, priority=-1)
        epochs = (event for event in events if isinstance(event, EpochEnd))
        last, started = next(epochs), monotonic()
        while last.epoch < 3 or monotonic() - started < _EPOCH_SECONDS + 10:
            last = next(epochs)  # its state is kept at the ends of epochs, not of each
        os.kill(runner.pid, signal.SIGKILL)
        with pytest.raises(ComputeError, match="killed"):
            list(events)
        again = (e for e in runner.run("retrain", request) if not isinstance(e, Heartbeat))
        found = next(event for event in again if isinstance(event, EpochEnd))
        assert 1 < found.epoch <= last.epoch + 1
        again.close()
    finally:
        runner.close()
