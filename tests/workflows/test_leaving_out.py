"""Blocks left out in turn: what is scored was never learned from."""

from contextlib import closing

import numpy as np
import pytest
import torch

from napari_vessel.geometry import Plane
from napari_vessel.training import SegmentationTask
from napari_vessel.workflows import WORKFLOWS, Correct
from napari_vessel.workflows._leaving_out import LeftOut, leave_out
from napari_vessel.workflows._lesson import Lesson
from napari_vessel.workflows._retrain import read_lesson

from .conftest import SHORT

CPU = torch.device("cpu")


@pytest.fixture
def lesson(project, labels):
    slices = ((Plane.XY, 3), (Plane.XY, 12))
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), slices)))
    config = SHORT.model_copy(update={"leave_out_folds": 2, "min_validation_blocks": 50})
    found, _ = read_lesson(project, project.open_volume(), project.open_checkpoint(), config)
    return found


def left_out(lesson, project, **options):
    checkpoint = project.open_checkpoint()
    before = lesson.scores(checkpoint.load())
    events = leave_out(lesson, checkpoint, before, seconds=0.01, device=CPU, **options)
    with closing(events):
        while True:
            try:
                next(events)
            except StopIteration as end:
                return end.value


def test_every_block_is_left_out_once_and_scored(lesson, project):
    folds = lesson.split.folds(2)
    assert len(folds) == 2
    assert sorted(str(box) for fold in folds for box in fold) == sorted(
        map(str, lesson.split.train)
    )
    found = left_out(lesson, project)
    assert isinstance(found, LeftOut)
    assert found.blocks == len(lesson.split.train)
    assert 0 <= found.before <= 1
    assert 0 <= found.after <= 1


def test_what_is_left_out_enters_no_loss(lesson, project, monkeypatch):
    # Labels of the fold are turned round: what its short training learns must be the same.
    (fold, _) = lesson.split.folds(2)
    short = lesson.without(fold)

    def batches():
        with closing(short.sampler()) as sampler:
            return [sampler.batch() for _ in range(4)]

    before = batches()
    for box in fold:
        codes = short.overlay.read(box)
        short.overlay.write(box, codes > 0, np.where(codes == 1, 2, 1).astype(np.uint8))
    for one, other in zip(before, batches(), strict=True):
        np.testing.assert_array_equal(one.target * one.reviewed, other.target * other.reviewed)
        np.testing.assert_array_equal(one.reviewed, other.reviewed)


def test_what_is_left_out_chooses_no_threshold(lesson, project, monkeypatch):
    asked, predictions = [], Lesson._predictions

    def noted(self, network, boxes):
        asked.append(set(boxes))
        return predictions(self, network, boxes)

    monkeypatch.setattr(Lesson, "_predictions", noted)
    folds = [set(fold) for fold in lesson.split.folds(2)]
    left_out(lesson, project)
    assert asked[1:] == [folds[1], folds[0], folds[0], folds[1]]  # chosen, then scored, each


def test_the_short_trainings_begin_with_the_network_in_use_and_leave_it_alone(
    lesson, project, monkeypatch
):
    begun = []
    step = SegmentationTask.step

    def noted(self, batch):
        begun.append(next(self.network.parameters()).detach().clone())
        return step(self, batch)

    monkeypatch.setattr(SegmentationTask, "step", noted)
    left_out(lesson, project)
    own = next(project.open_checkpoint().load().parameters())
    assert torch.equal(begun[0], own)
    assert sum(torch.equal(weights, own) for weights in begun) == 2  # each fold begins anew


def test_fewer_than_two_folds_leave_nothing_out(lesson, project):
    from dataclasses import replace

    one = replace(lesson, config=lesson.config.model_copy(update={"leave_out_folds": 1}))
    assert left_out(one, project) is None
