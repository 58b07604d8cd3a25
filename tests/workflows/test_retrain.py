import json
import math

import numpy as np
import pytest

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import kept_checkpoints, read_verdict, use_checkpoint
from napari_vessel.training import BlockScore, EpochEnd, StepEnd
from napari_vessel.workflows import WORKFLOWS, Correct, Progress, Propose, Retrain
from napari_vessel.workflows._fusion import Fusion
from napari_vessel.workflows._leaving_out import LeftOut
from napari_vessel.workflows._lesson import Lesson, choose_threshold

from .conftest import SHORT

# At this zoom XZ and YZ have 32 rows, as many as it takes.
AUTO = InferenceConfig(device="cpu", precision="fp32", views="none", halo=0, zoom=2.0)
SLICES = ((Plane.XY, 3), (Plane.XY, 12))


def run(project, **kw):
    return list(WORKFLOWS["retrain"](Retrain(project.path, SHORT.model_copy(update=kw))))


@pytest.fixture
def corrected(project, labels):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), SLICES)))
    return project


@pytest.fixture
def judged(monkeypatch):
    """Decide what every comparison finds: the incumbent's and the candidate's Dice, in four blocks.

    NaN: the network gave it, and is wrong at every voxel.
    """

    def as_(before, after):
        answers = iter([before, after])
        monkeypatch.setattr(Lesson, "scores", lambda *_: scores_of(next(answers)))

    return as_


def scores_of(dice):
    boxes = [Box((0, 0, place), (1, 1, place + 1)) for place in range(4)]
    if math.isnan(dice):
        return [BlockScore(box, 0, 900, 100, 0) for box in boxes]
    tp = round(100 * dice)  # as many are invented as missed: Dice is tp / 100
    return [BlockScore(box, tp, 100 - tp, 100 - tp, 800 + tp) for box in boxes]


def test_with_nothing_reviewed_it_refuses_before_any_work(project):
    with pytest.raises(NothingReviewedError):
        run(project)
    assert project.config.checkpoint == "tiny"


@pytest.mark.parametrize(
    ("value", "seen", "box"),
    [(1, "vessel", None), (0, "background", None), (1, "vessel", Box((3, 20, 20), (4, 21, 21)))],
    ids=["all vessel", "all background", "one voxel"],
)
def test_one_class_alone_is_learned_from_with_a_warning_and_without_nan(
    project, labels, caplog, value, seen, box
):
    np.save(labels, np.full(np.load(labels).shape, value, np.uint8))
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), () if box else SLICES, box)))
    caplog.set_level("WARNING")
    *steps, result = run(project)
    assert f"All that is reviewed is {seen}" in caplog.text
    assert f"All that is reviewed is {seen}" in result.reason
    losses = [step.loss for step in steps if isinstance(step, StepEnd)]
    assert losses and np.isfinite(losses).all()


def test_both_classes_bring_no_warning(corrected, judged, caplog):
    judged(0.25, 0.75)
    assert "All that is reviewed" not in run(corrected)[-1].reason + caplog.text


def test_a_better_network_is_taken_with_its_parent_and_what_it_learned_from(corrected, judged):
    judged(0.25, 0.75)
    result = run(corrected)[-1]
    assert result.adopted
    assert (result.score_before, result.score_after) == pytest.approx((0.25, 0.75))
    assert corrected.config.checkpoint == result.checkpoint
    card = corrected.open_checkpoint().card
    position = corrected.open_corrections(read_only=True).position
    assert (card.parent, card.corrections) == ("tiny", position)
    assert sum(position.values()) > 0
    assert card.metrics == pytest.approx({"dice": 0.75, "dice_of_parent": 0.25})
    assert card.provisional == result.provisional
    assert card.created > corrected.open_checkpoint("tiny").card.created


def test_the_adopted_network_loads_and_proposes(corrected, judged):
    judged(0.0, 1.0)
    name = run(corrected)[-1].checkpoint
    list(WORKFLOWS["propose"](Propose(corrected.path)))
    assert corrected.open_proposal().recipe["checkpoint"] == name


def test_the_curve_lies_beside_the_checkpoint(corrected, judged):
    judged(0.0, 1.0)
    events = run(corrected)
    lines = (corrected.checkpoints / events[-1].checkpoint / "history.jsonl").read_text()
    *epochs, end = map(json.loads, lines.splitlines())
    told = [event for event in events if isinstance(event, EpochEnd)]
    assert [epoch["score"] for epoch in epochs] == [event.score for event in told]
    assert end["reason"] in {"epochs", "patience"}


@pytest.mark.parametrize("after", [0.5, 0.25, math.nan])
def test_a_network_that_is_not_better_is_not_taken(corrected, judged, after):
    judged(0.5, after)
    result = run(corrected)[-1]
    assert not result.adopted
    assert result.checkpoint is None
    assert corrected.config.checkpoint == "tiny"
    assert {kept.id for kept in kept_checkpoints(corrected)} - {"tiny", "starter"} <= {
        result.rejected
    }
    assert "Kept" in result.reason


def test_a_loss_that_is_not_finite_ends_training_and_is_never_taken(corrected, monkeypatch):
    monkeypatch.setattr("napari_vessel.training.SegmentationTask.step", lambda *_: math.nan)
    events = run(corrected)
    assert len([e for e in events if isinstance(e, StepEnd)]) == 1
    assert not events[-1].adopted


@pytest.mark.parametrize("at", ["step", "epoch", "comparing"])
def test_cancelled_nothing_is_taken(corrected, judged, at):
    judged(0.0, 1.0)
    events = WORKFLOWS["retrain"](Retrain(corrected.path, SHORT))
    for event in events:
        if (
            (at == "step" and isinstance(event, StepEnd))
            or (at == "epoch" and isinstance(event, EpochEnd))
            or (at == "comparing" and getattr(event, "what", "").startswith("Comparing"))
        ):
            break
    events.close()
    assert corrected.config.checkpoint == "tiny"
    assert [path.name for path in corrected.checkpoints.iterdir()] == ["tiny"]
    assert "Retrain was cancelled" in (corrected.logs / "napari-vessel.log").read_text()


def test_a_network_that_came_into_use_meanwhile_is_kept(corrected, judged):
    judged(0.0, 1.0)
    for event in (events := WORKFLOWS["retrain"](Retrain(corrected.path, SHORT))):
        if isinstance(event, StepEnd):
            corrected.update(checkpoint="starter")
            break
    result = list(events)[-1]
    assert not result.adopted
    assert "came into use" in result.reason
    assert corrected.config.checkpoint == "starter"
    assert not read_verdict(corrected.checkpoints / result.rejected).adopted


def test_where_it_is_not_asked_for_nothing_is_taken_until_somebody_does(corrected, judged):
    judged(0.25, 0.75)
    request = Retrain(corrected.path, SHORT, take=False)
    result = list(WORKFLOWS["retrain"](request))[-1]
    assert result.adopted
    assert not result.taken
    assert (corrected.config.checkpoint, result.parent) == ("tiny", "tiny")
    assert use_checkpoint(corrected, result.checkpoint, instead_of="tiny") is not None
    assert corrected.config.checkpoint == result.checkpoint
    assert use_checkpoint(corrected, "tiny", instead_of="another") is None
    assert corrected.config.checkpoint == result.checkpoint


def test_the_verdict_lies_beside_the_card(corrected, judged):
    judged(0.25, 0.75)
    result = run(corrected)[-1]
    verdict = read_verdict(corrected.checkpoints / result.checkpoint)
    assert verdict.adopted
    assert (verdict.score, verdict.score_of_parent) == pytest.approx((0.75, 0.25))
    assert verdict.blocks == 4
    assert verdict.reviewed == corrected.open_corrections(read_only=True).overlay.reviewed
    assert verdict.reason == result.reason


def test_a_network_that_was_not_taken_is_kept_beside_unless_it_learned_nothing(
    corrected, judged, monkeypatch
):
    judged(0.5, 0.25)
    found = run(corrected, learning_rate=0.3)[-1]
    learned = found.rejected is not None
    assert learned == (len(list(corrected.checkpoints.iterdir())) == 2)
    monkeypatch.setattr("napari_vessel.training.SegmentationTask.step", lambda *_: math.nan)
    judged(0.5, 0.25)
    assert run(corrected)[-1].rejected is None


def test_too_few_held_out_blocks_are_named_with_where_to_review(corrected, judged):
    judged(0.25, 0.75)
    result = run(corrected, min_validation_blocks=50)[-1]
    assert result.provisional
    assert result.missing_blocks > 40
    assert "Provisional" in result.reason
    volume = Box.of(corrected.config.volume.shape)
    assert all(volume.contains(box) for box in result.missing)


def test_left_out_in_turn_a_network_that_got_worse_is_not_taken(corrected, judged, monkeypatch):
    falling = LeftOut(before=0.6, after=0.3, blocks=4, falls=True)

    def found(*_, **__):
        yield Progress(0, 1, "folds", "")
        return falling

    monkeypatch.setattr("napari_vessel.workflows._judging.leave_out", found)
    judged(0.25, 0.75)
    result = run(corrected, min_validation_blocks=50)[-1]
    assert not result.adopted
    assert "left out in turn" in result.reason
    assert (result.left_out_before, result.left_out_after) == (0.6, 0.3)
    assert corrected.config.checkpoint == "tiny"


def test_learning_changes_no_correction(corrected):
    before = corrected.open_corrections(read_only=True)
    run(corrected)
    after = corrected.open_corrections(read_only=True)
    assert after.position == before.position
    for box in before.overlay.boxes():
        np.testing.assert_array_equal(after.overlay.read(box), before.overlay.read(box))


def test_the_project_s_settings_are_used_where_none_are_given(corrected):
    events = list(WORKFLOWS["retrain"](Retrain(corrected.path)))
    assert len([e for e in events if isinstance(e, EpochEnd)]) == SHORT.epochs


def test_of_thresholds_as_good_as_the_best_the_middle_is_taken():
    score = {0.2: 0.7, 0.25: 0.7, 0.3: 0.695}
    assert choose_threshold(lambda at: score.get(at, 0.1), 0.5) == pytest.approx(0.25)
    assert choose_threshold(lambda at: 0.0, 0.5) == 0.5


def test_an_adopted_network_brings_the_threshold_and_planes_that_scored_best(
    corrected, judged, monkeypatch
):
    best = Fusion({Plane.XZ: 1.0}, 0.25)
    monkeypatch.setattr(Lesson, "best_fusion", lambda self, network, left_out: best)
    judged(0.25, 0.75)
    result = run(corrected)[-1]
    assert result.threshold == pytest.approx(0.25)
    card = corrected.open_checkpoint().card
    assert card.threshold == result.threshold == corrected.threshold
    assert card.weights == best.weights


@pytest.mark.parametrize("held_out", [True, False])
def test_planes_are_compared_only_on_what_was_not_learned_from(
    corrected, judged, monkeypatch, held_out
):
    asked = []

    def noted(predictions, default, choose, *, fixed, judges):
        asked.append((judges, set(default.planes), {len(p.planes) for p in predictions}))
        return Fusion(None, 0.4)

    monkeypatch.setattr("napari_vessel.workflows._lesson.best_fusion", noted)
    monkeypatch.setattr("napari_vessel.training.Split.held_out", held_out)
    corrected.update(inference=AUTO)
    judged(0.25, 0.75)
    run(corrected)
    assert asked == [(None if held_out else (), set(Plane), {3})]


def test_an_adopted_network_proposes_in_the_planes_it_brings(corrected, judged):
    corrected.update(inference=AUTO)
    judged(0.25, 0.75)
    run(corrected)
    card = corrected.open_checkpoint().card
    assert card.weights is None or set(card.weights) <= set(Plane)
    list(WORKFLOWS["propose"](Propose(corrected.path)))
    recipe = corrected.open_proposal().recipe["inference"]
    assert set(recipe["planes"]) == set(card.weights or Plane)


def test_a_threshold_that_a_person_chose_stays(corrected, judged):
    corrected.update(threshold=0.42)
    judged(0.25, 0.75)
    result = run(corrected)[-1]
    assert result.threshold == corrected.threshold == 0.42
