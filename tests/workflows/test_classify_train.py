"""Training a classifier, whole and after a kill."""

import csv
import json
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from classify_toys import NETWORK, pictures, run_of, train

from napari_vessel.datasets import Split
from napari_vessel.errors import CallerError, OutputExistsError, SamplesError
from napari_vessel.networks import ClassifierCheckpoint
from napari_vessel.workflows import (
    WORKFLOWS,
    ClassEpoch,
    ClassifyPlanned,
    ClassifyTrain,
    ClassifyTrained,
    Progress,
    RunOptions,
    load_run,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures") / "toys")


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """A finished training, its events, and where it lies."""
    out = tmp_path_factory.mktemp("made") / "toys.classifier"
    return train(run_of(folder), out), out


def weights(out):
    return ClassifierCheckpoint.open(out).load().state_dict()


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def killed(config, out, enough):
    """Train until ``enough`` says so of an event, and leave."""
    with closing(WORKFLOWS["classify"](ClassifyTrain(config, out, "cpu"))) as events:
        for event in events:
            if enough(event):
                return


def test_a_training_tells_plan_epochs_and_end_and_leaves_all_that_led_to_it(made):
    events, out = made
    kinds = [type(event) for event in events if not isinstance(event, Progress)]
    assert kinds == [ClassifyPlanned, ClassEpoch, ClassEpoch, ClassEpoch, ClassifyTrained]
    held = {path.name for path in out.iterdir()}
    assert held == {
        "model.safetensors", "card.json", "history.csv", "curves.png", "split.csv",
        "config.json", "test",
    }  # fmt: skip
    assert {path.name for path in (out / "test").iterdir()} == {
        "evaluation.csv", "probabilities.csv", "scores.json", "confusion.csv", "confusion.png",
    }  # fmt: skip


def test_what_is_planned_is_the_split_and_no_donor_is_in_two_parts(made):
    events, out = made
    plan = next(event for event in events if isinstance(event, ClassifyPlanned))
    split = Split.read(out / "split.csv")
    assert plan.samples == {p: dict(sorted(c.items())) for p, c in split.counts().items()}
    assert sum(plan.groups.values()) == 6
    assert plan.classes == ("dark", "disc")


def test_the_history_is_what_was_told(made):
    events, out = made
    told = [event for event in events if isinstance(event, ClassEpoch)]
    kept = rows(out / "history.csv")
    assert [float(row["validation_loss"]) for row in kept] == [e.validation_loss for e in told]
    assert [float(row["score"]) for row in kept] == [e.score for e in told]
    assert [row["best"] == "True" for row in kept] == [e.best for e in told]


def test_scores_are_of_the_part_set_aside_and_of_its_tables(made):
    events, out = made
    scores = events[-1].scores
    split = Split.read(out / "split.csv")
    aside = {sample.name for sample in split.samples if split.part[sample.name] == "test"}
    said = {row["name"]: row["ground_truth"] for row in rows(out / "test" / "evaluation.csv")}
    assert said.keys() == aside
    truth = {sample.name: sample.label for sample in split.samples}
    right = np.mean([said[name] == truth[name] for name in aside])
    assert scores["accuracy"] == pytest.approx(right)
    assert json.loads((out / "test" / "scores.json").read_text()) == scores
    assert ClassifierCheckpoint.open(out).card.metrics["accuracy"] == pytest.approx(right)


def test_the_card_names_no_folder_of_the_machine(made, folder):
    _, out = made
    card = ClassifierCheckpoint.open(out).card
    assert str(folder) not in card.model_dump_json()
    assert card.data["kind"] == "folders"
    assert card.network.classes == ("dark", "disc")


def test_the_configuration_beside_it_trains_the_same_again(made, tmp_path):
    _, out = made
    again = load_run(out / "config.json", out=tmp_path / "again")
    list(WORKFLOWS["classify"](again.request(RunOptions())))
    for name, value in weights(out).items():
        torch.testing.assert_close(value, weights(tmp_path / "again")[name], rtol=0, atol=0)


@pytest.mark.parametrize("step", [2, 4])
def test_a_killed_training_ends_where_an_uninterrupted_one_does(made, folder, tmp_path, step):
    _, whole = made
    out = tmp_path / "toys.classifier"
    seen = []

    def enough(event):
        seen.extend([event] if isinstance(event, Progress) and event.unit == "epochs" else [])
        return len(seen) > step  # in the middle of an epoch, and later

    killed(run_of(folder), out, enough)
    assert not out.exists()
    events = train(run_of(folder), out, resume=True)
    plan = next(event for event in events if isinstance(event, ClassifyPlanned))
    assert plan.resumed
    for name, value in weights(whole).items():
        torch.testing.assert_close(value, weights(out)[name], rtol=0, atol=0)
    assert (out / "split.csv").read_text() == (whole / "split.csv").read_text()
    assert [row["score"] for row in rows(out / "history.csv")] == [
        row["score"] for row in rows(whole / "history.csv")
    ]


def test_a_run_of_another_recipe_is_not_gone_on_with(folder, tmp_path):
    out = tmp_path / "toys.classifier"
    killed(run_of(folder), out, lambda event: isinstance(event, ClassEpoch))
    with pytest.raises(OutputExistsError, match="--resume"):
        train(run_of(folder), out)
    with pytest.raises(OutputExistsError, match=r"training\.seed"):
        train(run_of(folder, {"seed": 5}), out, resume=True)
    assert isinstance(
        train(run_of(folder, {"epochs": 1}), out, overwrite=True)[-1], ClassifyTrained
    )


def test_what_stands_there_is_not_replaced_unasked(made, folder):
    _, out = made
    with pytest.raises(OutputExistsError, match="--overwrite"):
        train(run_of(folder), out)


def test_a_split_that_was_kept_is_used_again(made, folder, tmp_path):
    _, out = made
    config = run_of(folder, {"epochs": 1}, split=str(out / "split.csv"), split_seed=9)
    train(config, tmp_path / "other")
    assert (tmp_path / "other" / "split.csv").read_text() == (out / "split.csv").read_text()


def test_a_classifier_can_be_started_from(made, folder, tmp_path):
    _, out = made
    start = {"start": str(out)}
    events = train(run_of(folder, {"epochs": 1}, network=start), tmp_path / "more")
    card = ClassifierCheckpoint.open(tmp_path / "more").card
    assert card.parent == out.name
    assert events[-1].score_at_start == pytest.approx(made[0][-1].score)


def test_of_too_few_samples_the_classifier_is_provisional(tmp_path):
    few = pictures(tmp_path / "few", each=2, groups=1)
    events = train(run_of(few, {"epochs": 1}), tmp_path / "made")
    assert events[-1].scores == {}
    assert not (tmp_path / "made" / "test").exists()
    assert ClassifierCheckpoint.open(tmp_path / "made").card.provisional


def test_one_class_cannot_be_told_apart(tmp_path):
    alone = pictures(tmp_path / "alone")
    for path in (alone / "disc").iterdir():
        path.unlink()
    (alone / "disc").rmdir()
    with pytest.raises(SamplesError, match="class"):
        train(run_of(alone), tmp_path / "made")


def test_channels_that_the_data_have_not_are_refused(folder, tmp_path):
    with pytest.raises(CallerError, match=r"in_channels: found 3, but .* 1 channels"):
        train(run_of(folder, network=NETWORK | {"in_channels": 3}), tmp_path / "made")


def test_a_segmentation_network_is_no_start(folder, tmp_path, tiny):
    with pytest.raises(CallerError, match="classifier"):
        train(run_of(folder, network={"start": str(tiny.path)}), tmp_path / "made")
