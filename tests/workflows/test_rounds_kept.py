"""What is kept of rounds: nothing twice, and as taken only what is in use."""

from __future__ import annotations

import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.project import kept_checkpoints, rejected_bytes, use_checkpoint
from napari_vessel.training import BlockScore
from napari_vessel.workflows import WORKFLOWS, Correct, Retrain
from napari_vessel.workflows._lesson import Lesson

from .conftest import SHORT

ROUND = SHORT.model_copy(
    update={"epochs": 2, "patience": 40, "replay_share": 0.0, "leave_out_folds": 0}
)


@pytest.fixture
def corrected(project, labels):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 3), (Plane.XY, 12)))))
    return project


@pytest.fixture
def a_round(corrected, monkeypatch):
    """Train a round whose epochs score as told, and whose network is found better or not."""

    def trained(*epochs, better, take=True):
        watched, dice = iter(epochs), iter([0.25, 0.75] if better else [0.5, 0.25])
        monkeypatch.setattr(Lesson, "watched", lambda *_: next(watched))
        monkeypatch.setattr(Lesson, "scores", lambda *_: scores_of(next(dice)))
        request = Retrain(corrected.path, ROUND, take=take, go_on=True)
        return list(WORKFLOWS["retrain"](request))[-1]

    return trained


def scores_of(dice):
    tp = round(100 * dice)
    boxes = [Box((0, 0, place), (1, 1, place + 1)) for place in range(4)]
    return [BlockScore(box, tp, 100 - tp, 100 - tp, 800 + tp) for box in boxes]


def kept(project):
    return {one.id: one.state for one in kept_checkpoints(project) if one.state != "starter"}


def test_a_round_that_brings_nothing_keeps_no_second_copy_of_what_was_not_taken(corrected, a_round):
    first = a_round(0.1, 0.3, 0.5, better=False)
    assert kept(corrected)[first.rejected] == "rejected"
    before = kept(corrected)
    again = a_round(0.2, 0.2, better=False)
    assert again.rejected == first.rejected
    assert kept(corrected) == before
    other = a_round(0.2, 0.9, better=False)
    assert kept(corrected) == before | {other.rejected: "rejected"}


def test_a_round_that_brings_nothing_keeps_no_copy_of_the_network_in_use(corrected, a_round):
    first = a_round(0.1, 0.3, 0.5, better=True)
    assert first.taken
    before = kept(corrected)
    assert a_round(0.2, 0.2, better=False).rejected is None
    assert kept(corrected) == before


def test_a_network_counts_as_taken_only_once_it_is_in_use(corrected, a_round):
    name = a_round(0.1, 0.3, 0.5, better=True, take=False).checkpoint
    assert kept(corrected)[name] == "rejected"
    (one,) = [one for one in kept_checkpoints(corrected) if one.id == name]
    assert rejected_bytes(kept_checkpoints(corrected)) == one.bytes > 0
    use_checkpoint(corrected, name, instead_of="tiny")
    assert kept(corrected)[name] == "adopted"
    assert rejected_bytes(kept_checkpoints(corrected)) == 0
