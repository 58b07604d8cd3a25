"""Pretrained weights: fetched once, for a new network, and never for what has its own."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from train_toys import NETWORK, config_of, events_of, kidney, tubes

from napari_vessel.errors import CheckpointError, ProjectBusyError
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import Checkpoint, CheckpointCard, NetworkConfig
from napari_vessel.training import StepEnd
from napari_vessel.workflows import WORKFLOWS, Train, Trained, _forecast
from napari_vessel.workflows._train_lesson import lesson_of


@pytest.fixture
def downloads(monkeypatch):
    """Say what a download of pretrained weights comes to; at first they are all 0.1."""

    def become(done):
        monkeypatch.setattr("napari_vessel.networks._build._fetch_encoder", done)

    become(lambda network, _: torch.nn.init.constant_(network.encoder.model.conv1[0].weight, 0.1))
    return become


def no_connection(network, config):
    raise CheckpointError("The pretrained weights cannot be had.")


@pytest.fixture
def run(tmp_path, monkeypatch, downloads):
    """A training of a new network with pretrained weights, which keeps every step."""
    monkeypatch.setattr("napari_vessel.workflows._train_learner._STEPS_SECONDS", 0.0)
    dense = kidney(tmp_path / "kidney_1_dense", *tubes())
    return config_of({"image": str(dense)}, network=NETWORK | {"pretrained": True})


def cut_short(run, out):
    """Train a step."""
    events = WORKFLOWS["train"](Train(run, out, "cpu"))
    next(event for event in events if isinstance(event, StepEnd))
    events.close()


def weights(checkpoint):
    return Checkpoint.open(checkpoint).load().state_dict()


def test_a_killed_run_goes_on_where_pretrained_weights_cannot_be_had(run, tmp_path, downloads):
    whole, out = tmp_path / "whole", tmp_path / "made"
    events_of(run, whole)
    cut_short(run, out)
    downloads(no_connection)
    with pytest.raises(CheckpointError, match="cannot be had"):
        events_of(run, out, overwrite=True)
    assert isinstance(events_of(run, out, resume=True)[-1], Trained)
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(out)[name]), name
    assert Checkpoint.open(out).card.network.pretrained


def test_what_another_run_ended_meanwhile_is_not_trained_anew(run, tmp_path, monkeypatch):
    cut_short(run, tmp_path / "made")

    def ended_meanwhile(*arguments):
        (tmp_path / "made.run" / "state.pt").unlink()
        return lesson_of(*arguments)

    monkeypatch.setattr("napari_vessel.workflows._train.lesson_of", ended_meanwhile)
    with pytest.raises(ProjectBusyError, match="ended the training"):
        events_of(run, tmp_path / "made", resume=True)


def test_a_forecast_of_a_checkpoint_that_began_pretrained_downloads_nothing(downloads, monkeypatch):
    downloads(no_connection)
    monkeypatch.setattr("napari_vessel.workflows._forecast._TRIAL_SECONDS", 0.01)
    network = NetworkConfig.model_validate(NETWORK | {"pretrained": True})
    card = CheckpointCard(network=network, voxel_size_um=(50, 50, 50))
    assert _forecast._pixels_per_second(InferenceConfig(device="cpu"), card) > 0
