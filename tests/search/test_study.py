"""A study survives whatever ends its processes, and is shared by several."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from math import log10

import pytest

from napari_vessel.errors import OutputExistsError, ProjectError, WriteError
from napari_vessel.search import SearchSpace, Study, StudyConfig, trials_as_csv, write_figures

SPACE = SearchSpace.model_validate(
    {
        "optimiser": {"choices": ["adam", "sgd"]},
        "rate": {"low": 1e-4, "high": 1e-1, "log": True},
        "momentum": {"low": 0.5, "high": 0.9, "when": {"optimiser": ["sgd"]}},
        "batch": {"low": 2, "high": 8},
    }
)
QUIET = StudyConfig(trials=6, pruner="none", startup=3)


def score(values):
    return -abs(log10(values["rate"]) + 2)


def finish(study):
    """Do all trials that are left."""
    while (trial := study.ask()) is not None:
        study.complete(trial, score(trial.values))


def killed(folder, script, config=QUIET):
    """Run ``script`` with ``study`` open in a process of its own, which kills itself."""
    code = f"""
import os, signal
from pathlib import Path
from napari_vessel.search import SearchSpace, Study, StudyConfig
space = SearchSpace.model_validate_json({SPACE.model_dump_json()!r})
config = StudyConfig.model_validate_json({config.model_dump_json()!r})
study = Study(Path({str(folder)!r}), space, config)
{textwrap.dedent(script)}
os.kill(os.getpid(), signal.SIGKILL)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr


def test_a_study_does_as_many_trials_as_asked_for_and_more_later(tmp_path):
    with Study(tmp_path, SPACE, QUIET) as study:
        finish(study)
        assert study.summary().settled == 6
        assert study.ask() is None
    more = QUIET.model_copy(update={"trials": 8})
    with Study(tmp_path, SPACE, more) as study:
        assert study.resumed
        finish(study)
        assert [one.number for one in study.records()] == list(range(8))


def test_what_is_drawn_lies_in_the_space_and_follows_its_conditions(tmp_path):
    with Study(tmp_path, SPACE, StudyConfig(trials=12, sampler="random")) as study:
        finish(study)
        drawn = [one.values for one in study.records()]
    assert {one["optimiser"] for one in drawn} == {"adam", "sgd"}
    for one in drawn:
        assert 1e-4 <= one["rate"] <= 1e-1
        assert isinstance(one["batch"], int)
        assert 2 <= one["batch"] <= 8
        assert ("momentum" in one) == (one["optimiser"] == "sgd")


def test_the_best_is_the_highest_and_of_equal_ones_the_first(tmp_path):
    with Study(tmp_path, SPACE, StudyConfig(trials=4)) as study:
        for value in (0.2, 0.7, 0.7, 0.1):
            study.complete(study.ask(), value)
        best = study.summary().best
    assert (best.number, best.value) == (1, 0.7)


def test_every_trial_has_a_seed_of_its_own_unless_one_is_asked_for(tmp_path):
    with Study(tmp_path / "own", SPACE, StudyConfig(trials=3, seed=5)) as study:
        assert [study.ask().seed for _ in range(3)] == [5, 6, 7]
    with Study(tmp_path / "same", SPACE, StudyConfig(trials=3, seed=5, same_seed=True)) as study:
        assert [study.ask().seed for _ in range(3)] == [5, 5, 5]


def test_a_hopeless_trial_is_given_up_after_the_warm_up_and_a_good_one_is_not(tmp_path):
    config = StudyConfig(trials=6, pruned_after=2, warmup=2)
    with Study(tmp_path, SPACE, config) as study:
        for _ in range(2):
            trial = study.ask()
            assert not any(trial.report(epoch, 0.5 + epoch / 10) for epoch in range(1, 5))
            study.complete(trial, 0.9)
        bad, good = study.ask(), study.ask()
        assert [bad.report(epoch, 0.1) for epoch in range(1, 4)] == [False, False, True]
        assert not any(good.report(epoch, 0.8 + epoch / 10) for epoch in range(1, 5))
        study.prune(bad)
        study.complete(good, 0.95)
        found = study.summary()
    assert found.count("pruned") == 1
    assert found.trials[2].scores == {1: 0.1, 2: 0.1, 3: 0.1}
    assert found.best.number == 3


def test_a_killed_study_goes_on_with_its_trials(tmp_path):
    killed(
        tmp_path,
        """
        for value in (0.1, 0.3):
            study.complete(study.ask(), value)
        trial = study.ask()
        trial.report(1, 0.2)
        """,
    )
    with Study(tmp_path, SPACE, QUIET) as study:
        before = study.records()
        assert [one.value for one in before[:2]] == [0.1, 0.3]
        again = study.ask()
        dead = study.records()[2]
        assert (dead.state, dead.retried, dead.settled) == ("failed", True, False)
        assert "killed" in dead.reason
        assert again.values == dead.values
        assert (again.seed, again.origin) == (dead.seed, 2)
        assert not again.report(1, 0.9)  # was told before: the first word counts
        assert study.records()[again.number].scores == {1: 0.2}
        study.complete(again, 0.5)
        finish(study)
        found = study.summary()
    assert found.settled == 6
    assert found.count("complete") == 6
    assert len(found.trials) == 7


@pytest.mark.parametrize("moment", ["_begun", "_told_before", "draw"])
def test_a_study_survives_being_killed_while_it_draws(tmp_path, moment):
    where = "study_module.Study" if moment.startswith("_") else "study_module"
    killed(
        tmp_path,
        f"""
        import napari_vessel.search._study as study_module
        study.complete(study.ask(), 0.1)
        real = {where}.{moment}
        def dies(*given):
            real(*given)
            os.kill(os.getpid(), signal.SIGKILL)
        {where}.{moment} = dies
        study.ask()
        """,
    )
    with Study(tmp_path, SPACE, QUIET) as study:
        finish(study)
        assert study.summary().settled == 6
        assert study.records()[0].value == 0.1


def test_a_trial_that_kills_its_process_every_time_is_failed_in_the_end(tmp_path):
    config = StudyConfig(trials=2, retries=2)
    for _ in range(3):
        killed(tmp_path, "study.ask()", config)
    with Study(tmp_path, SPACE, config) as study:
        trial = study.ask()
        assert trial.origin == trial.number == 3
        study.complete(trial, 0.1)
        assert study.ask() is None
        found = study.summary()
    assert [one.state for one in found.trials] == ["failed"] * 3 + ["complete"]
    assert (found.settled, found.count("failed")) == (2, 1)


def test_an_interrupted_trial_comes_first_and_that_does_not_count_against_it(tmp_path):
    with Study(tmp_path, SPACE, StudyConfig(trials=2, retries=0)) as study:
        for _ in range(3):
            trial = study.ask()
            assert trial.origin == 0
            study.fail(trial, "it was interrupted", again=True)
        study.complete(study.ask(), 0.5)
        assert study.summary().settled == 1


def test_a_trial_whose_score_is_no_number_failed(tmp_path):
    with Study(tmp_path, SPACE, StudyConfig(trials=1)) as study:
        study.complete(study.ask(), float("nan"))
        found = study.summary()
        assert study.ask() is None
    assert (found.trials[0].state, found.best) == ("failed", None)


def work(folder, ready, go):
    """Do trials until none is left, beside others."""
    with Study(folder, SPACE, QUIET.model_copy(update={"trials": 20})) as study:
        ready.release()
        go.wait()
        finish(study)


def test_two_processes_share_a_study_and_do_no_trial_twice(tmp_path):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    ready, go = context.Semaphore(0), context.Event()
    workers = [context.Process(target=work, args=(tmp_path, ready, go)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    go.set()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    with Study(tmp_path, SPACE, QUIET) as study:
        found = study.summary()
    assert [one.state for one in found.trials] == ["complete"] * 20
    assert len({one.values["rate"] for one in found.trials}) == 20
    assert not list((tmp_path / "alive").iterdir())


def test_a_trial_of_a_process_that_lives_is_left_to_it(tmp_path):
    with Study(tmp_path, SPACE, QUIET) as first, Study(tmp_path, SPACE, QUIET) as second:
        ours = first.ask()
        theirs = second.ask()
        assert (ours.number, theirs.number) == (0, 1)
        assert [one.state for one in first.records()] == ["running", "running"]
        first.complete(ours, 0.1)
        assert second.records()[0].value == 0.1


def test_a_trial_that_was_taken_for_dead_is_done_once_by_whoever_tries_it_again(
    tmp_path, monkeypatch
):
    with Study(tmp_path, SPACE, QUIET) as first, Study(tmp_path, SPACE, QUIET) as second:
        ours = first.ask()
        monkeypatch.setattr("napari_vessel.search._study.is_alive", lambda *_: False)
        theirs = second.ask()
        assert theirs.origin == ours.number
        assert ours.report(1, 0.5)
        first.prune(ours)
        first.complete(ours, 0.9)
        first.fail(ours, "late")
        second.complete(theirs, 0.2)
        assert [one.state for one in first.records()] == ["failed", "complete"]
        assert first.summary().best.value == 0.2


def test_another_space_or_other_data_are_refused_by_name(tmp_path):
    recipe = {"task": "train", "data": {"kidney": "abc"}}
    Study(tmp_path, SPACE, QUIET, recipe).close()
    wider = SPACE.model_dump(mode="json") | {"batch": {"low": 2, "high": 16}}
    with pytest.raises(OutputExistsError, match=r"space\.batch\.high was 8, and is 16 now"):
        Study(tmp_path, SearchSpace.model_validate(wider), QUIET, recipe)
    other = recipe | {"data": {"kidney": "def"}}
    with pytest.raises(OutputExistsError, match=r'data\.kidney was "abc", and is "def" now'):
        Study(tmp_path, SPACE, QUIET, other)
    with Study(tmp_path, SPACE, StudyConfig(trials=99, seed=3), recipe) as study:
        assert study.resumed


def test_a_torn_last_line_is_cut_off_and_the_study_goes_on(tmp_path):
    with Study(tmp_path, SPACE, QUIET) as study:
        study.complete(study.ask(), 0.25)
    journal = tmp_path / "study.journal"
    whole = journal.read_bytes()
    for torn in range(1, 60, 7):
        journal.write_bytes(whole + b'{"op_code":4,"worker_id":"x","trial_id":0,"state":1}'[:torn])
        with Study(tmp_path, SPACE, QUIET) as study:
            assert study.records()[0].value == 0.25
            study.fail(study.ask(), "no more")
        assert all(json.loads(line) for line in journal.read_text().splitlines())
    with Study(tmp_path, SPACE, QUIET) as study:
        assert study.records()[0].value == 0.25


def test_a_damaged_line_is_named(tmp_path):
    with Study(tmp_path, SPACE, QUIET) as study:
        study.complete(study.ask(), 0.25)
    journal = tmp_path / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], b"\x00\x01\n", *lines[4:]]))
    with pytest.raises(ProjectError, match=r"Line 4 of .* is damaged"):
        Study(tmp_path, SPACE, QUIET)


def test_a_full_disk_leaves_the_study_as_it_was(tmp_path, monkeypatch):
    with Study(tmp_path, SPACE, QUIET) as study:
        trial = study.ask()
        before = (tmp_path / "study.journal").read_bytes()

        def full(_descriptor):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(WriteError, match="No space left"):
                study.complete(trial, 0.5)
        assert (tmp_path / "study.journal").read_bytes() == before
        study.complete(trial, 0.5)
        assert study.records()[0].value == 0.5


def test_what_mattered_is_found(tmp_path):
    with Study(tmp_path, SPACE, StudyConfig(trials=20, sampler="random", pruner="none")) as study:
        finish(study)
        importance = study.summary().importance
    assert max(importance, key=importance.get) == "rate"
    assert sum(importance.values()) == pytest.approx(1)


def test_the_table_has_a_line_for_every_trial(tmp_path):
    with Study(tmp_path, SPACE, QUIET) as study:
        study.fail(study.ask(), "no, really")
        finish(study)
        lines = trials_as_csv(study.summary()).decode().splitlines()
    assert lines[0].startswith("number,state,value,seed,")
    assert lines[1].endswith(',"no, really"')
    assert len(lines) == 7


def test_pictures_are_drawn_of_no_trial_and_of_many(tmp_path):
    from PIL import Image

    with Study(tmp_path, SPACE, StudyConfig(trials=8, pruner="none")) as study:
        empty = write_figures(study.summary(), SPACE, tmp_path / "none")
        finish(study)
        many = write_figures(study.summary(), SPACE, tmp_path / "many", score="Dice")
    assert set(many) == {"running-best", "importance", "parallel"}
    for name, path in many.items():
        picture = Image.open(path)
        assert picture.size == (840, 504)
        assert picture.tobytes() != Image.open(empty[name]).tobytes()
