"""Tuning the settings of a training."""

import json
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from train_toys import config_of, kidney, tubes
from tune_toys import SPACE, pictures, study_of

from napari_vessel.errors import CallerError, ComputeError, OutputExistsError
from napari_vessel.networks import ClassifierCheckpoint
from napari_vessel.search import Study
from napari_vessel.workflows import (
    WORKFLOWS,
    StudyOpened,
    StudyPictured,
    TrialBegun,
    TrialEnded,
    TrialEpoch,
    Tune,
    Tuned,
    TuneRun,
    load_tune_run,
)
from napari_vessel.workflows._run_file import RunOptions
from napari_vessel.workflows._run_kinds import kind_of
from napari_vessel.workflows._tune_folder import TuneFolder
from napari_vessel.workflows._tune_space import default_space, run_with


@pytest.fixture
def images(tmp_path):
    return pictures(tmp_path / "images")


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch, request):
    """Draw pictures where they are looked at alone: a second each."""
    if "pictured" not in request.fixturenames:
        monkeypatch.setattr(TuneFolder, "pictures", lambda *_: {})


@pytest.fixture
def pictured():
    """Ask for pictures."""


def tuned(config, out, **more):
    return list(WORKFLOWS["tune"](Tune(config, out, device="cpu", **more)))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_a_study_ends_with_a_best_network_a_table_and_pictures(images, tmp_path, pictured):
    out = tmp_path / "study"
    events = tuned(study_of(images), out)
    result = events[-1]
    assert isinstance(result, Tuned)
    assert (result.trials, result.complete, result.reason) == (3, 3, "trials")
    assert len(of(StudyOpened, events)) == 1
    assert [event.trial.number for event in of(TrialBegun, events)] == [0, 1, 2]
    assert [event.trial.number for event in of(TrialEnded, events)] == [0, 1, 2]
    assert {(e.number, e.epoch) for e in of(TrialEpoch, events)} == {
        (trial, epoch) for trial in range(3) for epoch in range(1, 4)
    }
    values = [event.trial.value for event in of(TrialEnded, events)]
    assert result.best_value == max(values)
    assert result.best_trial == values.index(max(values))
    card = ClassifierCheckpoint.open(result.checkpoint).card
    assert card.metrics["validation_balanced_accuracy"] == result.best_value
    assert len(result.best_config.parent.joinpath("trials.csv").read_text().splitlines()) == 4
    assert all(path.stat().st_size > 5000 for path in result.figures.values())
    assert of(StudyPictured, events)
    # Of the others only what led to them is left.
    kept = sorted(path.name for path in (out / "trials" / "0000").iterdir())
    assert "checkpoint" not in kept
    assert "checkpoint.run" not in kept
    assert "run.json" in kept


def test_trials_differ_in_what_is_tuned_and_in_their_seed_alone(images, tmp_path):
    tuned(study_of(images, seed=7), tmp_path / "study")
    runs = []
    for number in range(2):
        path = tmp_path / "study" / "trials" / f"{number:04}" / "run.json"
        runs.append(json.loads(path.read_text()))
    assert [run["training"]["seed"] for run in runs] == [7, 8]
    for run in runs:
        for name in ("learning_rate", "batch", "seed"):
            del run["training"][name]
        del run["network"]["dropout"], run["out"]
    assert runs[0] == runs[1]


def test_the_best_configuration_runs_and_reaches_the_same(images, tmp_path):
    config = study_of(images, trials=2)
    result = tuned(config, tmp_path / "study")[-1]
    values = tomllib.loads(result.best_config.read_text())
    assert values["run"] == "classify"
    file = kind_of(values["run"]).model_validate(values).located(tmp_path)
    *_, trained = WORKFLOWS["classify"](file.request(RunOptions()))
    assert trained.score == result.best_value
    for name, value in result.best.items():
        part = values["network"] if name == "dropout" else values["training"]
        assert part[name] == value


def test_trials_that_get_nowhere_are_given_up(images, tmp_path):
    space = {"learning_rate": {"choices": [3e-3, 1e-9]}}
    config = study_of(images, space, pruner="median", pruned_after=1, warmup=1, trials=6, seed=1)
    events = tuned(config, tmp_path / "study")
    result = events[-1]
    assert result.pruned
    assert result.pruned + result.complete == 6
    for event in of(TrialEnded, events):
        if event.trial.state == "pruned":
            assert len(event.trial.scores) < 3
            assert event.trial.value is None


CHILD = """
import sys
from pathlib import Path
from napari_vessel.workflows import WORKFLOWS, TrialEpoch, Tune, TuneRun
import torch
torch.set_num_threads(1)
config = TuneRun.model_validate_json(Path(sys.argv[1]).read_text())
for event in WORKFLOWS["tune"](Tune(config, Path(sys.argv[2]), device="cpu")):
    if isinstance(event, TrialEpoch):
        print(event.number, event.epoch, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")
def test_a_killed_study_resumes_with_its_trials(images, tmp_path):
    config, out = study_of(images, trials=3), tmp_path / "study"
    file = tmp_path / "config.json"
    file.write_text(config.model_dump_json(exclude_unset=True))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, file, out], stdout=subprocess.PIPE, text=True
    )
    with child:
        for line in child.stdout:
            if line.split() == ["1", "2"]:  # in the middle of the second trial
                child.send_signal(signal.SIGKILL)
                break
    assert child.returncode == -signal.SIGKILL
    with Study(out, config.tuned, config.study, of_study(out)) as study:
        first = study.records()[0]
    assert first.state == "complete"
    events = tuned(config, out)
    assert of(StudyOpened, events)[0].settled == 1
    begun = of(TrialBegun, events)[0].trial
    assert (begun.retry_of, begun.origin) == (1, 1)
    result = events[-1]
    assert result.resumed
    assert (result.trials, result.complete, result.failed) == (3, 3, 0)
    table = (out / "trials.csv").read_text().splitlines()
    assert table[1].split(",")[:3] == ["0", "complete", str(first.value)]


def of_study(out):
    recipe = json.loads((out / "study.json").read_text())
    return {key: value for key, value in recipe.items() if key not in ("format", "space")}


def test_who_stops_asking_can_go_on_later_with_the_trial_at_hand(images, tmp_path):
    config, out = study_of(images, trials=2), tmp_path / "study"
    events = WORKFLOWS["tune"](Tune(config, out, device="cpu"))
    next(event for event in events if isinstance(event, TrialEpoch))
    events.close()
    assert (out / "trials.csv").exists()
    rest = tuned(config, out)
    begun = of(TrialBegun, rest)
    assert begun[0].trial.retry_of == 0
    assert [e.epoch for e in of(TrialEpoch, rest) if e.number == begun[0].trial.number] == [1, 2, 3]
    assert (rest[-1].trials, rest[-1].complete) == (2, 2)


def test_time_ends_a_study_that_can_be_gone_on_with(images, tmp_path):
    config = study_of(images, trials=50)
    events = tuned(config, tmp_path / "study", minutes=0.02)
    assert events[-1].reason == "minutes"
    assert events[-1].trials < 50
    more = tuned(config, tmp_path / "study", trials=events[-1].trials + 1)
    assert more[-1].reason == "trials"


@pytest.mark.slow
def test_two_workers_share_one_study(images, tmp_path):
    config, out = study_of(images, trials=6), tmp_path / "study"
    events = tuned(config, out, workers=2)
    assert (events[-1].trials, events[-1].complete) == (6, 6)
    assert {event.trial.number for event in of(TrialEnded, events)} == set(range(6))
    workers = {line.split('"worker":"')[1].split('"')[0] for line in (out / "study.journal")
               .read_text().splitlines() if '"worker":"' in line}  # fmt: skip
    assert len(workers) == 2
    assert not list((out / "alive").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")
def test_a_killed_worker_is_replaced_and_its_trial_tried_again(images, tmp_path):
    import os

    config, out = study_of(images, trials=4), tmp_path / "study"
    killed = None
    for event in WORKFLOWS["tune"](Tune(config, out, device="cpu", workers=2)):
        if isinstance(event, TrialBegun) and killed is None:
            name = next(path.name for path in (out / "alive").iterdir() if own(path))
            killed = int(name.split("-")[-2])
            os.kill(killed, signal.SIGKILL)
        last = event
    assert (last.complete, last.failed) == (4, 0)
    with Study(out, config.tuned, config.study, of_study(out)) as study:
        assert sum(one.retried for one in study.records()) == 1


def own(path):
    """Whether a mark is a worker's, not this process's."""
    import os

    return f"-{os.getpid()}-" not in path.name


@pytest.mark.slow
def test_workers_end_when_nobody_asks_any_more(images, tmp_path):
    config, out = study_of(images, trials=40), tmp_path / "study"
    events = WORKFLOWS["tune"](Tune(config, out, device="cpu", workers=2))
    next(event for event in events if isinstance(event, TrialEpoch))
    events.close()
    assert not list((out / "alive").iterdir())
    with Study(out, config.tuned, config.study, of_study(out)) as study:
        assert not [one for one in study.records() if one.state == "running"]


@pytest.mark.slow
def test_the_workers_of_a_cluster_share_one_study(images, tmp_path):
    pytest.importorskip("distributed")
    config, out = study_of(images, trials=4), tmp_path / "study"
    result = tuned(config, out, scheduler="local:2")[-1]
    assert (result.trials, result.complete) == (4, 4)


def test_other_data_or_another_run_are_refused(images, tmp_path):
    config, out = study_of(images, trials=1), tmp_path / "study"
    tuned(config, out)
    with pytest.raises(OutputExistsError, match=r"space\.dropout\.high was 0\.3, and is 0\.5"):
        tuned(study_of(images, SPACE | {"dropout": {"low": 0.0, "high": 0.5}}), out)
    longer = run_with(config.base, {"training.epochs": 4})
    with pytest.raises(OutputExistsError, match=r"run\.training\.epochs was 3, and is 4 now"):
        tuned(config.model_copy(update={"classify": longer}), out)
    (images / "dark" / "dark03.png").unlink()
    with pytest.raises(OutputExistsError, match=r"run\.samples was"):
        tuned(config, out)


def test_a_study_whose_files_were_moved_goes_on(images, tmp_path):
    tuned(study_of(images, trials=1), tmp_path / "study")
    moved = images.rename(tmp_path / "else" if (tmp_path / "else").mkdir() else
                          tmp_path / "else" / "images")  # fmt: skip
    result = tuned(study_of(moved, trials=2), tmp_path / "study")[-1]
    assert (result.trials, result.resumed) == (2, True)


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"batch": {"choices": [8, 0]}}, r"space\.batch: training\.batch: .*greater"),
        ({"lerning_rate": {"low": 0.1, "high": 0.2}}, r"space\.lerning_rate: .*Expected one of"),
        ({"encoder": {"choices": ["lenet", ""]}}, r"space\.encoder: "),
        ({}, "nothing is tuned"),
    ],
)
def test_a_space_that_no_trial_could_take_is_refused_before_any_work(images, tmp_path, space, says):
    with pytest.raises(CallerError, match=says):
        tuned(study_of(images, space), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_study_where_nothing_works_ends_with_the_reason(images, tmp_path):
    space = {"backbone": {"choices": ["no_such_network", "nor_this"]}}
    with pytest.raises(ComputeError, match=r"The first 5 trials failed.*no"):
        tuned(study_of(images, space, trials=9), tmp_path / "study")


def test_a_trial_that_fails_is_noted_and_the_others_go_on(images, tmp_path):
    space = {"backbone": {"choices": ["lenet", "no_such_network"]}}
    result = tuned(study_of(images, space, trials=5, seed=1), tmp_path / "study")[-1]
    assert result.trials == 5
    assert result.failed
    assert result.complete == 5 - result.failed
    assert "no_such_network" in (tmp_path / "study" / "trials.csv").read_text()


def test_what_usually_matters_is_tuned_unless_it_is_said(images):
    space = default_space(study_of(images).base)
    assert {"learning_rate", "momentum", "dropout", "batch", "backbone", "loss"} <= set(space.root)
    volumes = config_of({"image": "kidney"})
    names = {"learning_rate", "momentum", "dropout", "batch", "encoder", "loss"}
    assert names | {"augmentation_strength"} <= set(default_space(volumes).root)
    started = config_of({"image": "kidney"}, network={"start": "starter"})
    assert "encoder" not in default_space(started).root


def test_a_loss_is_replaced_as_a_whole():
    run = config_of({"image": "kidney"}, training={"loss": {"bce": 0.5, "dice": 0.5}})
    changed = run_with(run, {"loss": {"bce": 0, "dice": 0, "focal": 1}}, seed=4)
    assert (changed.training.loss.bce, changed.training.loss.focal) == (0, 1)
    assert changed.training.seed == 4
    assert run_with(run, {"training.patience": 3}).training.patience == 3


def test_a_segmentation_is_tuned_too(tmp_path):
    volume = kidney(tmp_path / "kidney", *tubes())
    run = config_of({"image": str(volume)}, training={"epochs": 2, "steps_per_epoch": 2})
    space = {
        "learning_rate": {"low": 1e-3, "high": 1e-2, "log": True},
        "loss": {"choices": {"dice": {"bce": 0, "dice": 1}, "both": {"bce": 1, "dice": 1}}},
    }
    config = TuneRun(train=run, space=space, study={"trials": 2, "pruner": "none"})
    result = tuned(config, tmp_path / "study")[-1]
    assert (result.task, result.complete) == ("train", 2)
    values = tomllib.loads(result.best_config.read_text())
    assert values["run"] == "train"
    file = kind_of("train").model_validate(values)
    assert file.request(RunOptions()).config.training.loss.dice == 1


def test_a_study_is_read_from_a_file_or_from_that_of_a_training(images, tmp_path):
    (tmp_path / "train.toml").write_text(
        'run = "classify"\nnetwork = {backbone = "lenet"}\n'
        '[data]\nkind = "folders"\npath = "images"\n'
    )
    run = load_tune_run(tmp_path / "train.toml")
    assert run.classify.data.path == str(images)
    (tmp_path / "tune.toml").write_text(
        "[study]\ntrials = 5\n[space.learning_rate]\nlow = 1e-4\nhigh = 1e-2\nlog = true\n"
        '[classify.data]\nkind = "folders"\npath = "images"\n'
    )
    run = load_tune_run(tmp_path / "tune.toml")
    assert (run.study.trials, run.classify.data.path) == (5, str(images))
    assert list(run.tuned.settings) == ["learning_rate"]
    with pytest.raises(CallerError, match="cannot be read"):
        load_tune_run(tmp_path / "none.toml")


def test_what_was_asked_can_be_written_as_a_file_and_run_again(images, tmp_path):
    request = Tune(study_of(images), tmp_path / "study", trials=9, workers=2, device="cpu")
    file = kind_of("tune").of(request)
    again = kind_of("tune").model_validate_json(file.model_dump_json()).request(RunOptions())
    assert again.config.study.trials == 9
    assert (again.workers, again.out) == (2, request.out)
    assert again.config.tuned == request.config.tuned
