"""A session's studies: read, told of, their best taken into use; the work is the child's."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "workflows"))  # tests are no package
sys.path.insert(0, str(Path(__file__).parents[1]))

from tune_toys import pictures, study_of

from napari_vessel.errors import CallerError
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
from napari_vessel.search import TrialRecord
from napari_vessel.session import TuningWish
from napari_vessel.simulate import drive
from napari_vessel.workflows import (
    StudyOpened,
    TrialBegun,
    TrialEnded,
    TrialEpoch,
    Tune,
    Tuned,
    load_tune_run,
    write_run,
)
from test_packages import fresh


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "discs.json"
    write_run(place, Tune(study_of(pictures(tmp_path / "images", 4)), tmp_path / "discs.study"))
    return place


@pytest.fixture
def read(session, file):
    """A session that has read what is to be tuned."""
    list(drive(session, "tune", session.look_at_tuning(file)))
    return session


def test_reading_a_configuration_tells_what_is_tuned(read, tmp_path):
    tuning = read.tuning
    assert [name for name, _ in tuning.settings] == ["learning_rate", "batch", "dropout"]
    assert dict(tuning.settings)["batch"] == "8, 16"
    assert (tuning.out, tuning.begun) == (tmp_path / "discs.study", False)
    assert read.activities["tune"].state == "done"


def test_a_study_is_followed_trial_by_trial(read, runner, tmp_path):
    trial = TrialRecord(0, "running", None, {"batch": 8}, 0)
    ended = replace(trial, state="complete", value=0.75)
    heard = []
    read.events.tuning.connect(lambda tuning: heard.append((tuning.now, tuning.settled)))

    def work(request):
        yield StudyOpened(request.out, "classify", "accuracy", ("batch",), 2, 3, resumed=True)
        yield TrialBegun(trial)
        yield TrialEpoch(0, 1, 0.5)
        yield TrialEnded(ended, ended)
        yield Tuned(request.out, "classify", "minutes", 3, 2, 1, 0, 0.75, 0, {"batch": 8}, None,
                    None)  # fmt: skip

    runner.scripts["tune"] = work
    wish = TuningWish(tmp_path / "out", ("batch",), trials=3, minutes=5, workers=2)
    list(drive(read, "tune", read.tune(wish)))
    (asked,) = runner.asked
    assert (asked.trials, asked.minutes, asked.workers) == (3, 5, 2)
    assert list(asked.config.tuned.settings) == ["batch"]
    assert ("Trial 0, epoch 1: accuracy 0.500.", 2) in heard
    assert read.tuning.best == ended
    assert read.tuning.settled == 3
    sentence = read.activities["tune"].sentence
    assert sentence.startswith("3 trials: 2 complete, 1 given up early. The time is up")


def test_nothing_is_tuned_before_something_was_chosen(session, tmp_path):
    with pytest.raises(CallerError, match="choose a configuration"):
        list(session.tune(TuningWish(tmp_path)))
    with pytest.raises(CallerError, match="No trial is complete"):
        list(session.use_best())
    with pytest.raises(CallerError, match="No trial is complete"):
        list(session.write_best(tmp_path / "best.toml"))


def test_a_configuration_is_made_of_the_open_volume_and_its_labels(opened, volume):
    list(drive(opened, "tune", opened.tuning_of_volume(volume)))
    tuning = opened.tuning
    assert tuning.config.task == "train"
    (entry,) = tuning.config.train.volume
    assert (entry.image, entry.labels) == (str(volume), str(volume))
    assert "learning_rate" in dict(tuning.settings)
    written = next(volume.parent.glob("*-tune.json"))
    assert json.loads(written.read_text())["run"] == "tune"
    assert load_tune_run(written).train == tuning.config.train


def test_the_best_network_of_vessels_is_taken_into_use_and_that_of_objects_is_not(
    opened, file, volume, tmp_path
):
    torch.manual_seed(0)
    config = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    card = CheckpointCard(network=config, voxel_size_um=(50, 50, 50), threshold=0.25)
    made = save_checkpoint(tmp_path / "best", build_network(config).eval(), card)
    list(drive(opened, "tune", opened.tuning_of_volume(volume)))
    opened.tuning = replace(opened.tuning, checkpoint=made.path)
    for _ in range(2):  # once more changes nothing
        list(drive(opened, "networks", opened.use_best()))
        assert opened.checkpoint == f"tuned-{made.card.sha256[:8]}"
    assert opened.threshold == 0.25
    assert opened.project.open_checkpoint(opened.checkpoint).card.sha256 == made.card.sha256
    list(drive(opened, "tune", opened.look_at_tuning(file)))
    opened.tuning = replace(opened.tuning, checkpoint=made.path)
    with pytest.raises(CallerError, match="is a classifier"):
        list(opened.use_best())


@pytest.mark.slow
def test_the_viewers_process_tunes_without_torch_and_optuna(file, tmp_path):
    script = f"""
import sys
from pathlib import Path
from napari_vessel.runner import ProcessRunner
from napari_vessel.session import Session, TuningWish
session = Session(ProcessRunner())
for event in session.look_at_tuning(Path({str(file)!r})):
    session.deliver(event)
for event in session.tune(TuningWish(session.tuning.out, trials=2)):
    session.deliver(event)
print(session.tuning.settled, len(session.tuning.figures), session.activities["tune"].state)
print([name for name in ("torch", "optuna", "matplotlib", "sklearn") if name in sys.modules])
session.close()
"""
    ran = fresh(script, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n")[:2] == ["2 3 done", "[]"]
