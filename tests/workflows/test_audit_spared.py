"""No training, light or full, learns from the audit set, nor is a network chosen by it."""

from contextlib import closing

import numpy as np
import pytest

from napari_vessel.annotation import UNTOUCHED, Place
from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import AuditSet, AuditWindow, ReviewRecords
from napari_vessel.training import LightConfig, split_blocks
from napari_vessel.workflows import (
    WORKFLOWS,
    Correct,
    Light,
    LightEnded,
    LightProposed,
    Propose,
    Retrain,
    _light,
    audit_spared,
)
from napari_vessel.workflows._retrain import read_lesson

QUICK = LightConfig(stages=1, steps=10, window=32, margin=2, learning_rate=1e-2, seconds=1e6)
WINDOW = Box((8, 20, 8), (9, 44, 32))  # around one of the three vessels


@pytest.fixture
def audited(project, labels):
    """A project in which two slices are corrected; a window of one is of the audit set."""
    list(WORKFLOWS["propose"](Propose(project.path)))
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 6), (Plane.XY, 8)))))
    records = ReviewRecords(project.path)
    records.audit_path.parent.mkdir(exist_ok=True)
    AuditSet((AuditWindow(Place(Plane.XY, WINDOW), 1.0),), guard=2).keep(records.audit_path)
    return project


def guarded(project):
    (box,) = ReviewRecords(project.path).audit().guarded
    return box


def turn_round(project):
    """Call vessel what was background, and background what was vessel, all over the audit set."""
    with closing(project.open_corrections()) as corrections:
        for index in (6, 8):
            box = guarded(project).intersection(Box((index, 0, 0), (index + 1, 64, 64)))
            corrections.import_labels(box, (corrections.overlay.read(box) & 2) == 0)
        assert corrections.flush(600)


def updated(project, monkeypatch):
    """Return what a light update learned from, and its events."""
    monkeypatch.setattr("napari_vessel.workflows._light._MOST_SECONDS", 1e9)
    monkeypatch.setattr("napari_vessel.workflows._light_update._is_better", lambda *_: True)
    learned, learn = [], _light.learn_light

    def noted(network, samples, *rest, **options):
        learned.extend(samples)
        return learn(network, samples, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(_light, "learn_light", noted)
        events = list(WORKFLOWS["light"](Light(project.path, Plane.XY, 8, None, QUICK)))
    return learned, events


def test_no_voxel_of_the_audit_set_or_its_guard_may_be_learned_from(audited):
    volume, checkpoint = audited.open_volume(), audited.open_checkpoint()
    lesson, _ = read_lesson(audited, volume, checkpoint, None)
    box = guarded(audited)
    assert WINDOW.expanded((2, 2, 2)) == box
    assert (lesson.overlay.read(box) == UNTOUCHED).all()
    with closing(lesson.sampler()) as sampler:
        place, _ = zip(
            *(
                sampler._index.draw(np.random.default_rng(n), vessel=n % 2 == 0, planes="auto")
                for n in range(200)
            ),
            strict=True,
        )
    assert not any(
        all(a <= p < b for a, p, b in zip(box.start, at, box.stop, strict=True)) for at in place
    )


def test_a_light_update_learns_from_no_label_of_the_audit_set_nor_is_judged_by_it(
    audited, monkeypatch
):
    samples, events = updated(audited, monkeypatch)
    turn_round(audited)
    others, after = updated(audited, monkeypatch)
    assert len(samples) == len(others) > 0
    for one, other in zip(samples, others, strict=True):
        np.testing.assert_array_equal(one.reviewed, other.reviewed)
        np.testing.assert_array_equal(one.target, other.target)
    shown = [
        [e.probability for e in found if isinstance(e, LightProposed)] for found in (events, after)
    ]
    assert len(shown[0]) > 0
    np.testing.assert_array_equal(*shown)
    ends = [found[-1] for found in (events, after)]
    assert all(isinstance(end, LightEnded) for end in ends)
    assert ends[0].dice_before == ends[1].dice_before
    assert ends[0].dice_after == ends[1].dice_after


def test_without_the_audit_set_these_labels_do_change_a_light_update(audited, monkeypatch):
    """Else the test before would hold of anything."""
    ReviewRecords(audited.path).audit_path.rename(audited.path / "set-aside.json")
    samples, _ = updated(audited, monkeypatch)
    (audited.path / "set-aside.json").rename(ReviewRecords(audited.path).audit_path)
    turn_round(audited)
    ReviewRecords(audited.path).audit_path.unlink()
    others, _ = updated(audited, monkeypatch)
    assert any((a.target != b.target).any() for a, b in zip(samples, others, strict=True))


def test_what_lies_in_the_audit_set_is_reviewed_all_the_same_and_not_proposed_again(
    audited, monkeypatch
):
    _, events = updated(audited, monkeypatch)
    slices = {event.box.start[0] for event in events if isinstance(event, LightProposed)}
    assert slices
    assert not slices & {6, 8}


def test_a_view_without_the_audit_set_is_what_a_training_reads_and_changes_nothing(audited):
    lesson, _ = read_lesson(audited, audited.open_volume(), audited.open_checkpoint(), None)
    with closing(audited.open_corrections(read_only=True)) as corrections:
        overlay = corrections.overlay
        before = overlay.read(Box.of(overlay.shape))
        view = audit_spared(audited, overlay)
        np.testing.assert_array_equal(
            view.read(Box.of(view.shape)), lesson.overlay.read(Box.of(overlay.shape))
        )
        assert (view.read(WINDOW) == UNTOUCHED).all()
        assert split_blocks(view, audited.config.training) == lesson.split
        np.testing.assert_array_equal(overlay.read(Box.of(overlay.shape)), before)


def test_where_only_the_audit_set_is_reviewed_a_training_says_so(project, labels):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), (), WINDOW)))
    records = ReviewRecords(project.path)
    records.audit_path.parent.mkdir(exist_ok=True)
    AuditSet((AuditWindow(Place(Plane.XY, WINDOW), 1.0),), guard=2).keep(records.audit_path)
    with pytest.raises(NothingReviewedError, match="Only the audit set is reviewed"):
        list(WORKFLOWS["retrain"](Retrain(project.path)))
