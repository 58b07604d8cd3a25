"""Rounds of training beside a person: refused, cancelled, with nothing to learn from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import CheckpointCard, NetworkConfig, build_network, save_checkpoint
from napari_vessel.project import Verdict, write_verdict
from napari_vessel.session import Session
from napari_vessel.simulate import drive
from napari_vessel.workflows import Progress, Retrained

from .conftest import ScriptedRunner, stroke

BETTER = Retrained(
    True, False, "new", "Adopted: better.", 0.2, 0.4, 1.0, taken=False, parent="starter"
)


@pytest.fixture
def trained(opened: Session, runner: ScriptedRunner) -> Session:
    """Something was reviewed, and a training ends with a better network, as the workflow does."""
    stroke(opened, Box((3, 5, 6), (4, 15, 16)), 1)
    config = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    torch.manual_seed(0)
    network = build_network(config).eval()

    def train(_request):
        card = CheckpointCard(network=config, voxel_size_um=(50, 50, 50), parent="starter")
        for name in ("new", "other"):
            folder = Path(opened.project.checkpoints / name)
            save_checkpoint(folder, network, card)
            write_verdict(folder, Verdict(adopted=name == "other", reason=BETTER.reason))
        yield BETTER

    runner.scripts["retrain"] = train
    return opened


def listed(session: Session):
    list(drive(session, "networks", session.list_networks()))
    return session.networks


def test_a_network_refused_as_too_late_is_listed_as_not_taken_with_the_reason(
    trained: Session,
) -> None:
    heard: list[Retrained] = []
    trained.events.trained.connect(heard.append)
    events = trained.retrain()
    trained.deliver(next(events))
    trained.project.update(checkpoint="other")
    for event in events:
        trained.deliver(event)
    (result,) = heard
    assert (result.adopted, result.checkpoint, result.rejected) == (False, None, "new")
    found = listed(trained)
    one = found.find("new")
    assert one.state == "rejected"
    assert "came into use while" in one.verdict.reason
    assert found.rejected_bytes == one.bytes


def test_a_network_whose_taking_was_cancelled_is_listed_as_not_taken(
    trained: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_vessel.session._learning.sleep", lambda _: None)
    events = trained.retrain()
    trained.deliver(next(events))
    trained.begin_stroke("paint", Plane.XY)
    waiting = next(events)
    assert isinstance(waiting.event, Progress)
    events.close()
    trained.end_stroke()
    found = listed(trained)
    assert found.find("new").state == "rejected"
    assert found.rejected_bytes == found.find("new").bytes


def test_a_network_that_is_taken_is_listed_as_adopted(trained: Session) -> None:
    list(drive(trained, "retrain", trained.retrain()))
    assert (trained.checkpoint, listed(trained).find("new").state) == ("new", "adopted")


def refuse(_request):
    raise NothingReviewedError("Only the audit set.")
    yield


def test_a_round_with_nothing_to_learn_from_is_no_failure(
    opened: Session, runner: ScriptedRunner
) -> None:
    failures: list[Exception] = []
    opened.events.failed.connect(failures.append)
    runner.scripts["retrain"] = refuse
    list(drive(opened, "retrain", opened.retrain(by_itself=True)))
    told = opened.activities["retrain"]
    assert (told.state, told.sentence, failures) == ("done", "Only the audit set.", [])
    assert isinstance(told.error, NothingReviewedError)


def test_a_person_who_asks_for_a_training_is_told_that_there_is_nothing_to_learn_from(
    opened: Session, runner: ScriptedRunner
) -> None:
    runner.scripts["retrain"] = refuse
    with pytest.raises(NothingReviewedError):
        list(drive(opened, "retrain", opened.retrain()))


def test_a_network_that_another_program_took_into_use_is_told_when_next_asked(
    trained: Session, runner: ScriptedRunner
) -> None:
    runner.scripts["propose"] = lambda _: iter(())
    list(drive(trained, "retrain", trained.retrain()))
    heard: list[str] = []
    said: list[str] = []
    trained.events.checkpoint.connect(heard.append)
    trained.events.activity.connect(lambda activity: said.append(activity.sentence))
    trained.project.update(checkpoint="other")  # as retrain --continuous beside does
    list(drive(trained, "predict", trained.predict()))
    assert (trained.checkpoint, heard) == ("other", ["other"])
    assert any("other is in use now" in sentence for sentence in said)
    list(drive(trained, "predict", trained.predict()))
    assert heard == ["other"]
