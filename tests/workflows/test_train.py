"""Training from labelled volumes, as the competition's folders hold them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from train_toys import config_of, events_of, kidney, tubes

from napari_vessel.errors import CallerError, LabelsError, OutputExistsError, ProjectError
from napari_vessel.networks import Checkpoint
from napari_vessel.training import EpochEnd, StepEnd
from napari_vessel.volumes import open_store
from napari_vessel.workflows import WORKFLOWS, Planned, Predict, Progress, Train, Trained

from .conftest import QUICK


@pytest.fixture
def dense(tmp_path):
    return kidney(tmp_path / "kidney_1_dense", *tubes())


@pytest.fixture
def sparse(tmp_path):
    """Only slices 2 and 3 hold labels."""
    image, labels = tubes(seed=4)
    labels[[z for z in range(len(labels)) if z not in {2, 3}]] = 0
    return kidney(tmp_path / "kidney_3_sparse", image, labels)


def plan_of(events):
    return next(event for event in events if isinstance(event, Planned))


def weights(checkpoint):
    return Checkpoint.open(checkpoint).load().state_dict()


def test_a_dense_volume_trains_a_checkpoint_that_opens_and_predicts(dense, tmp_path):
    out = tmp_path / "made"
    events = events_of(config_of({"image": str(dense / "images")}), out)
    result = events[-1]
    assert isinstance(result, Trained)
    assert (result.checkpoint, result.steps, result.epochs) == (out, 9, 3)
    card = Checkpoint.open(out).card
    assert card.voxel_size_um == (50, 50, 50)
    assert card.corrections is None
    assert card.metrics["dice"] == result.dice
    assert "kidney_1_dense" not in str(tmp_path)
    assert "images (reviewed: all)" in card.provenance
    assert str(tmp_path) not in card.model_dump_json()
    predicted = Predict(
        str(dense), tmp_path / "mask.ome.zarr", checkpoint=str(out), inference=QUICK
    )
    assert list(WORKFLOWS["predict"](predicted))[-1].state == "complete"


def test_the_plan_comes_before_any_step_and_says_what_is_there(dense, tmp_path):
    events = events_of(config_of({"image": str(dense)}), tmp_path / "made")
    plan = plan_of(events)
    first = next(i for i, event in enumerate(events) if isinstance(event, StepEnd))
    assert events.index(plan) < first
    (volume,) = plan.volumes
    truth = tubes()[1]
    assert (volume.name, volume.shape) == ("kidney_1_dense", truth.shape)
    assert volume.reviewed_voxels == truth.size
    assert volume.vessel_voxels == np.count_nonzero(truth)
    assert volume.blocks_learned + volume.blocks_held_out == 8
    assert volume.blocks_held_out >= 1
    assert (plan.steps, plan.minutes, plan.resumed) == (9, None, False)


def test_the_curve_lies_beside_the_checkpoint(dense, tmp_path):
    events = events_of(config_of({"image": str(dense)}), tmp_path / "made")
    lines = (tmp_path / "made" / "history.jsonl").read_text().splitlines()
    *epochs, end = map(json.loads, lines)
    told = [event.score for event in events if isinstance(event, EpochEnd)]
    assert [epoch["score"] for epoch in epochs] == told
    assert end["reason"] == "epochs"


def test_training_learns_what_the_labels_say(dense, tmp_path):
    training = {"epochs": 8, "steps_per_epoch": 10, "batch": 4}
    events = events_of(config_of({"image": str(dense)}, training=training), tmp_path / "made")
    assert events[-1].dice > 0.8


def test_of_a_sparse_volume_only_labelled_slices_are_truth(dense, sparse, tmp_path):
    config = config_of({"image": str(dense)}, {"image": str(sparse), "reviewed": "labelled-slices"})
    whole, part = plan_of(events_of(config, tmp_path / "made")).volumes
    assert part.reviewed_voxels == 2 * 64 * 64
    assert part.vessel_voxels == np.count_nonzero(tubes()[1][:2])
    assert whole.reviewed_voxels == 16 * 64 * 64


@pytest.mark.parametrize(
    ("reviewed", "voxels"),
    [
        ("vessel-only", np.count_nonzero(tubes()[1])),
        (["xy:2,3", "xz:5"], 2 * 64 * 64 + 16 * 64 - 2 * 64),
        (["0:4,0:32,0:64", "2:6,0:32,0:64"], 6 * 32 * 64),
    ],
)
def test_what_is_reviewed_can_be_said(dense, tmp_path, reviewed, voxels):
    config = config_of({"image": str(dense), "reviewed": reviewed})
    plan = plan_of(events_of(config, tmp_path / "made"))
    assert plan.volumes[0].reviewed_voxels == voxels


def test_a_validation_volume_is_judged_by_and_never_learned_from(dense, tmp_path):
    other = kidney(tmp_path / "kidney_2", *tubes(seed=5))
    config = config_of({"image": str(dense)}, {"image": str(other), "role": "validation"})
    events = events_of(config, tmp_path / "made")
    learned, judged = plan_of(events).volumes
    assert (learned.blocks_learned, learned.blocks_held_out) == (8, 0)
    assert (judged.blocks_learned, judged.blocks_held_out) == (0, 8)
    assert not events[-1].provisional
    assert "Judged by: kidney_2" in Checkpoint.open(tmp_path / "made").card.provenance


def test_too_few_blocks_to_judge_by_make_a_provisional_checkpoint(dense, tmp_path):
    config = config_of({"image": str(dense)}, training={"min_validation_blocks": 9})
    events = events_of(config, tmp_path / "made")
    assert not plan_of(events).held_out
    assert Checkpoint.open(tmp_path / "made").card.provisional


def test_a_bright_volume_is_inverted_for_a_network_of_dark_vessels(dense, tmp_path):
    image, labels = tubes()
    bright = kidney(tmp_path / "bright", 60000 - image, labels)
    other = {"image": str(kidney(tmp_path / "other", *tubes(seed=8))), "polarity": "dark"}
    for name, folder, polarity in (("a", dense, "dark"), ("b", bright, "bright")):
        volume = {"image": str(folder), "polarity": polarity}
        config = config_of(volume, other, training={"epochs": 1, "steps_per_epoch": 1})
        events_of(config, tmp_path / name)
    assert Checkpoint.open(tmp_path / "b").card.polarity == "dark"
    first, second = weights(tmp_path / "a"), weights(tmp_path / "b")
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], atol=2e-3, rtol=0, msg=name)


def test_starting_from_a_checkpoint_names_it_and_keeps_its_polarity(dense, tiny, tmp_path):
    config = config_of({"image": str(dense)}, network={"start": str(tiny.path)})
    events_of(config, tmp_path / "made")
    card = Checkpoint.open(tmp_path / "made").card
    assert (card.parent, card.network) == ("tiny", tiny.card.network)
    assert "Started from tiny" in card.provenance


def test_a_checkpoint_that_is_started_from_keeps_its_voxel_size(dense, tiny, tmp_path):
    network = {"start": str(tiny.path)}
    config = config_of({"image": str(dense), "voxel_size": 75}, network=network)
    events_of(config, tmp_path / "made")
    assert Checkpoint.open(tmp_path / "made").card.voxel_size_um == tiny.card.voxel_size_um


# Pseudo-labels


@pytest.fixture
def completed(sparse, tiny):
    return config_of(
        {"image": str(sparse), "reviewed": "labelled-slices"},
        pseudo={
            "checkpoint": str(tiny.path), "vessel_above": 0.6, "background_below": 0.4,
            "inference": QUICK.model_dump(),
        },
    )  # fmt: skip


def test_pseudo_labels_are_predicted_once_and_used_again(completed, tmp_path):
    out = tmp_path / "made"
    events = events_of(completed, out)
    assert plan_of(events).volumes[0].pseudo
    asked = [e for e in events if isinstance(e, Progress) and "Pseudo" in e.what]
    assert asked
    assert "pseudo-labels of tiny" in Checkpoint.open(out).card.provenance
    (store,) = (out.with_name("made.run") / "pseudo").glob("*.probability.ome.zarr")
    assert open_store(store).complete
    again = events_of(completed, out, overwrite=True)
    assert not [e for e in again if isinstance(e, Progress) and "Predicting" in e.what]


def test_pseudo_labels_need_no_prediction_of_a_volume_that_is_wholly_labelled(
    dense, tiny, tmp_path
):
    config = config_of({"image": str(dense)}, pseudo={"checkpoint": str(tiny.path)})
    events = events_of(config, tmp_path / "made")
    assert not plan_of(events).volumes[0].pseudo
    assert not (tmp_path / "made.run" / "pseudo").exists()


# Killed and gone on with


@pytest.fixture
def kept_often(monkeypatch):
    """Keep the state after every step."""
    monkeypatch.setattr("napari_vessel.workflows._train_learner._STEPS_SECONDS", 0.0)
    monkeypatch.setattr("napari_vessel.workflows._train_learner._EPOCH_SECONDS", 0.0)


_SLOW = pytest.mark.slow


@pytest.mark.parametrize("cut", [pytest.param(1, marks=_SLOW), 3, pytest.param(4, marks=_SLOW), 8])
def test_killed_and_resumed_it_ends_as_if_it_had_not_been(dense, tmp_path, kept_often, cut):
    config = config_of({"image": str(dense)}, training={"plateau": 1})
    whole = events_of(config, tmp_path / "whole")

    out = tmp_path / "made"
    events = WORKFLOWS["train"](Train(config, out, "cpu"))
    for event in events:
        if isinstance(event, StepEnd) and event.step == cut:
            break
    state = (out.with_name("made.run") / "state.pt").read_bytes()
    events.close()
    # As a kill leaves it: what closing the generator still wrote is taken back.
    (out.with_name("made.run") / "state.pt").write_bytes(state)
    assert not out.exists()

    rest = events_of(config, out, resume=True)
    assert plan_of(rest).resumed
    assert next(e for e in rest if isinstance(e, StepEnd | EpochEnd)) != whole[0]
    for name, tensor in weights(tmp_path / "whole").items():
        assert torch.equal(tensor, weights(out)[name]), name
    curve = [path / "history.jsonl" for path in (out, tmp_path / "whole")]
    assert curve[0].read_text() == curve[1].read_text()
    assert not (out.with_name("made.run") / "state.pt").exists()


@pytest.fixture
def cut_short(dense, tmp_path, kept_often):
    config = config_of({"image": str(dense)})
    events = WORKFLOWS["train"](Train(config, tmp_path / "made", "cpu"))
    next(event for event in events if isinstance(event, StepEnd))
    events.close()
    return config


def test_an_unfinished_run_is_not_lost_by_accident(cut_short, tmp_path):
    with pytest.raises(OutputExistsError, match="--resume"):
        events_of(cut_short, tmp_path / "made")
    assert events_of(cut_short, tmp_path / "made", overwrite=True)[-1].steps == 9


def test_another_recipe_is_not_gone_on_with_and_the_difference_is_named(cut_short, tmp_path):
    other = cut_short.model_copy(
        update={"training": cut_short.training.model_copy(update={"seed": 7})}
    )
    with pytest.raises(OutputExistsError, match=r"training\.seed"):
        events_of(other, tmp_path / "made", resume=True)


def test_the_time_limit_can_change_on_the_way(cut_short, tmp_path):
    other = cut_short.model_copy(
        update={"training": cut_short.training.model_copy(update={"minutes": 60.0})}
    )
    assert events_of(other, tmp_path / "made", resume=True)[-1].steps == 9


class Evil:
    """Would make a file wherever it is unpickled."""

    place = Path("ran")

    def __reduce__(self):
        return (Path.touch, (self.place,))


@pytest.mark.parametrize("damage", ["cut", "code"])
def test_a_damaged_state_is_refused_and_runs_no_code(cut_short, tmp_path, damage, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "made.run" / "state.pt"
    if damage == "cut":
        state.write_bytes(state.read_bytes()[:-1000])
    else:
        torch.save({"task": Evil()}, state)
    with pytest.raises(ProjectError, match=r"state\.pt is damaged"):
        events_of(cut_short, tmp_path / "made", resume=True)
    assert not (tmp_path / "ran").exists()


# Refused in words, before anything is written


def refused(config, tmp_path, error, *words):
    with pytest.raises(error) as found:
        events_of(config, tmp_path / "made")
    for word in words:
        assert word in str(found.value)
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "made.run").exists()


def test_labels_of_another_shape_are_refused_with_both_shapes(tmp_path):
    image, labels = tubes()
    folder = kidney(tmp_path / "kidney", image, labels[:, :, :63])
    refused(
        config_of({"image": str(folder)}), tmp_path, LabelsError, "16 × 64 × 63", "16 × 64 × 64"
    )


def test_missing_labels_are_refused(volume, tmp_path):
    refused(config_of({"image": str(volume)}), tmp_path, LabelsError, "labels =")


def test_a_volume_named_twice_is_refused(dense, tmp_path):
    config = config_of({"image": str(dense)}, {"image": str(dense / "images")})
    refused(config, tmp_path, CallerError, "twice")


@pytest.mark.parametrize("reviewed", ["labelled-slices", "vessel-only"])
def test_labels_that_say_nothing_are_refused(tmp_path, reviewed):
    image, labels = tubes()
    folder = kidney(tmp_path / "kidney", image, labels * 0)
    config = config_of({"image": str(folder), "reviewed": reviewed})
    refused(config, tmp_path, LabelsError, "Nothing of kidney is labelled")


def test_voxel_sizes_that_differ_are_refused(dense, sparse, tmp_path):
    config = config_of(
        {"image": str(dense)}, {"image": str(sparse), "voxel_size": [63.08, 63.08, 63.08]}
    )
    refused(config, tmp_path, CallerError, "63.08", "10 %", "rescale = true")


def test_told_to_rescale_all_volumes_are_shown_at_the_voxel_size_of_the_first(dense, tmp_path):
    image, labels = tubes()
    coarse = kidney(tmp_path / "coarse", image[::2, ::2, ::2], labels[::2, ::2, ::2])
    config = config_of(
        {"image": str(dense)},
        {"image": str(coarse), "voxel_size": 100},
        rescale=True,
        training={"epochs": 8, "steps_per_epoch": 10, "batch": 4},
    )
    events = events_of(config, tmp_path / "made")
    assert Checkpoint.open(tmp_path / "made").card.voxel_size_um == (50, 50, 50)
    assert events[-1].dice > 0.8


def test_a_volume_of_unknown_voxel_size_is_refused(dense, tmp_path):
    config = config_of({"image": str(dense), "voxel_size": None})
    refused(config, tmp_path, CallerError, "voxel_size = [z, y, x]")


def test_what_stands_there_is_not_replaced_unless_asked_and_never_if_it_is_no_checkpoint(
    dense, tmp_path
):
    config = config_of({"image": str(dense)})
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "thesis.docx").touch()
    with pytest.raises(OutputExistsError):
        events_of(config, tmp_path / "made")
    with pytest.raises(CallerError, match="no checkpoint"):
        events_of(config, tmp_path / "made", overwrite=True)
    assert (tmp_path / "made" / "thesis.docx").exists()
