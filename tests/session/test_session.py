"""What is open, painted and proposed in a session, without Qt and without torch."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.errors import CallerError, ReadError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.networks import starter
from napari_vessel.project import Project
from napari_vessel.session import Session
from napari_vessel.simulate import drive
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import (
    BlockFailed,
    Focus,
    Progress,
    Proposed,
    Retrained,
    SliceProposed,
)

from .conftest import SHAPE, ScriptedRunner, stroke

BOX = Box((3, 10, 10), (4, 20, 20))


def _slices(probability: int):
    """A workflow that proposes one slice of one probability."""

    def propose(request):
        box = Box.of(SHAPE).slice_at(Plane.XY, 3)
        yield Progress(0.5, 1, "blocks", "Predicting", 2.0)
        yield SliceProposed(box, Plane.XY, np.full(box.shape, probability, np.uint8))
        yield Proposed("p1", "complete", 1, (), 0.1)

    return propose


def test_opening_leaves_no_trace_on_the_disk(opened, volume):
    assert [path.name for path in volume.parent.iterdir()] == [volume.name]
    assert opened.project is None


def test_the_first_stroke_makes_the_project_and_is_there_after_reopening(opened, volume, runner):
    stroke(opened, BOX, 1)
    opened.close()
    again = Session(runner)
    list(drive(again, "open", again.open(volume)))
    assert again.project is not None
    assert np.asarray(again.labels).sum() == BOX.size
    again.undo()
    assert np.asarray(again.labels).sum() == 0
    again.close()


def test_a_project_opens_by_its_folder(opened, volume, runner):
    stroke(opened, BOX, 1)
    folder = opened.project.path
    opened.close()
    again = Session(runner)
    list(drive(again, "open", again.open(folder)))
    assert again.volume.shape == SHAPE
    assert again.reviewed == BOX.size
    again.close()


def test_a_stroke_of_many_stamps_is_one_undo(opened):
    opened.begin_stroke("paint", Plane.XY)
    for x in range(3):
        opened.paint(BOX.shifted((0, 0, 10 * x)), np.ones(BOX.shape, bool), 1)
    opened.end_stroke()
    assert opened.reviewed == 3 * BOX.size
    changed = opened.undo()
    assert changed is not None and opened.reviewed == 0
    assert opened.redo() is not None and opened.reviewed == 3 * BOX.size


def test_undo_with_nothing_to_undo_changes_nothing(opened):
    seen = []
    opened.events.shown.connect(seen.append)
    assert opened.undo() is None
    assert seen == []


def test_painting_without_a_volume_is_refused_in_words(session):
    with pytest.raises(CallerError, match="open a volume first"):
        session.begin_stroke("paint", Plane.XY)


def test_a_proposal_is_shown_and_corrections_stay_over_it(opened, runner):
    stroke(opened, BOX, 0)
    runner.scripts["propose"] = _slices(255)
    list(drive(opened, "predict", opened.predict(Focus((3, 5, 5)))))
    shown = np.asarray(opened.labels)
    assert shown[3].sum() == 40 * 50 - 100
    assert not shown[BOX.slices].any()


def test_a_new_proposal_changes_no_correction(opened, runner):
    stroke(opened, BOX, 1)
    for probability in (255, 0):
        runner.scripts["propose"] = _slices(probability)
        list(drive(opened, "predict", opened.predict()))
        assert np.asarray(opened.labels)[BOX.slices].all()
    assert opened.reviewed == BOX.size


def test_the_threshold_acts_at_once_and_is_remembered(opened, runner, volume):
    runner.scripts["propose"] = _slices(128)
    list(drive(opened, "predict", opened.predict()))
    opened.set_threshold(0.9)
    assert not np.asarray(opened.labels).any()
    opened.set_threshold(0.3)
    assert np.asarray(opened.labels)[3].all()
    folder = opened.project.path
    opened.close()
    assert Project.open(folder).config.threshold == 0.3


def test_what_arrives_under_the_brush_is_shown_after_the_stroke(opened, runner):
    runner.scripts["propose"] = _slices(255)
    opened.begin_stroke("paint", Plane.XY)
    list(drive(opened, "predict", opened.predict()))
    assert not np.asarray(opened.labels).any()
    opened.end_stroke()
    assert np.asarray(opened.labels)[3].all()


def test_a_late_answer_to_a_cancelled_question_is_not_shown(opened, runner):
    runner.scripts["propose"] = _slices(255)
    work = opened.predict()
    events = list(work)
    opened.deliver(events[0])
    opened.cancelled("predict")
    for event in events[1:]:
        opened.deliver(event)
    assert not np.asarray(opened.labels).any()
    assert opened.activities["predict"].state == "cancelled"


def test_cancelling_closes_the_workflow(opened, runner):
    ended = []

    def endless(request):
        try:
            while True:
                yield Progress(0, 1, "blocks", "Predicting")
        finally:
            ended.append(True)

    runner.scripts["propose"] = endless
    work = opened.predict()
    next(work), next(work)
    work.close()
    assert ended == [True]


def test_a_slice_that_is_still_predicted_cannot_be_accepted(opened, runner):
    def slow(request):
        yield Progress(0, 1, "blocks", "Predicting")

    runner.scripts["propose"] = slow
    for event in opened.predict():
        opened.deliver(event)
    with pytest.raises(CallerError, match="still being predicted"):
        opened.accept_slice(Plane.XY, 3)
    opened.cancelled("predict")
    opened.accept_slice(Plane.XY, 3)
    assert opened.reviewed == 40 * 50


@pytest.mark.parametrize(("plane", "size"), [(Plane.XY, 2000), (Plane.XZ, 600), (Plane.YZ, 480)])
def test_accepting_a_slice_reviews_all_of_it_in_any_plane(opened, plane, size):
    opened.accept_slice(plane, 7)
    assert opened.reviewed == size
    opened.undo()
    assert opened.reviewed == 0


def test_saved_is_said_only_once_the_disk_has_it(opened):
    heard = []
    opened.events.saved.connect(lambda state, sentence: heard.append(state))
    stroke(opened, BOX, 1)
    assert heard[0] == "saving" or opened.corrections.saved
    opened.corrections.flush()
    opened.corrections.close()
    assert heard[-1] == "saved"


def test_an_error_is_told_once_and_the_session_goes_on(opened, runner):
    def fails(request):
        yield Progress(0, 1, "blocks", "Predicting")
        raise ReadError("chunk 3 is gone")

    runner.scripts["propose"] = fails
    told = []
    opened.events.failed.connect(told.append)
    with pytest.raises(ReadError):
        list(drive(opened, "predict", opened.predict()))
    assert [str(error) for error in told] == ["chunk 3 is gone"]
    assert opened.activities["predict"].sentence == "chunk 3 is gone"
    runner.scripts["propose"] = _slices(255)
    list(drive(opened, "predict", opened.predict()))
    assert opened.activities["predict"].state == "done"


def test_blocks_that_failed_are_said(opened, runner):
    def partial(request):
        yield Proposed("p", "partial", 4, (BlockFailed(BOX, "chunk 3 is gone"),), 1.0)

    runner.scripts["propose"] = partial
    list(drive(opened, "predict", opened.predict()))
    sentence = opened.activities["predict"].sentence
    assert "3 of 4 blocks" in sentence and "chunk 3 is gone" in sentence


@pytest.mark.parametrize(
    ("blocks", "outside", "words"),
    [
        (12, 0, "Proposed 12 blocks in 1 s."),
        (12, 1, "Proposed 12 blocks in 1 s. 1 of them is outside of the organ"),
        (12, 4, "Proposed 12 blocks in 1 s. 4 of them are outside of the organ"),
        (3, 3, "All of it is outside of the organ: to predict it, untick Organ only"),
    ],
)
def test_what_lies_outside_of_the_organ_is_said(opened, runner, blocks, outside, words):
    def propose(request):
        yield Proposed("p", "complete", blocks, (), 1.0, outside=outside)

    runner.scripts["propose"] = propose
    list(drive(opened, "predict", opened.predict()))
    sentence = opened.activities["predict"].sentence
    assert words in sentence
    assert ("outside" in sentence) == bool(outside)


def test_holes_and_failures_are_said_beside_what_is_outside(opened, runner):
    def propose(request):
        failed = (BlockFailed(BOX, "chunk 3 is gone"),)
        yield Proposed("p", "partial", 4, failed, 1.0, missing_chunks=7, outside=2)

    runner.scripts["propose"] = propose
    list(drive(opened, "predict", opened.predict()))
    sentence = opened.activities["predict"].sentence
    for words in ("3 of 4 blocks", "2 of them are outside", "7 chunks", "chunk 3 is gone"):
        assert words in sentence


def test_opening_tells_at_which_size_the_network_sees_the_volume(opened):
    assert opened.opened.scale.zoom == (1, 1, 1)
    assert not opened.opened.scale.as_learned
    assert "unknown" in opened.opened.scale.reason
    learned = starter().card.voxel_size_um
    list(drive(opened, "open", opened.reopen(voxel_size=VoxelSize(*learned))))
    assert opened.opened.scale.as_learned
    half = VoxelSize(*(edge / 2 for edge in learned))
    list(drive(opened, "open", opened.reopen(voxel_size=half)))
    assert opened.opened.scale.zoom == (0.5, 0.5, 0.5)
    assert "Rescaled" in opened.opened.scale.reason


def test_a_project_s_own_zoom_is_told(opened, volume, runner):
    stroke(opened, BOX, 1)
    project, settings = opened.project, opened.project.config.inference
    project.update(inference=settings.model_copy(update={"zoom": 1.5}))
    list(drive(opened, "open", opened.open(volume)))
    assert opened.opened.scale.zoom == (1.5, 1.5, 1.5)
    assert "as asked" in opened.opened.scale.reason


@pytest.mark.parametrize("wish", [{"polarity": "bright"}, {"organ_only": False}])
def test_what_is_wished_at_opening_is_what_a_project_predicts_with_from_then_on(
    opened, volume, wish
):
    stroke(opened, BOX, 1)
    list(drive(opened, "open", opened.reopen(voxel_size=VoxelSize(5, 2, 2))))
    list(drive(opened, "open", opened.open(volume, VolumeOptions(**wish))))
    kept = Project.open(opened.project.path).open_volume()
    assert kept.options == opened.volume.options
    assert kept.options.model_dump() == kept.options.model_dump() | wish
    assert opened.volume.voxel_size == kept.voxel_size == VoxelSize(5, 2, 2)
    assert opened.reviewed == BOX.size


def test_an_adopted_checkpoint_is_used_and_said(opened, runner):
    def better(request):
        yield Retrained(True, False, "c2", "Adopted: better.", 0.5, 0.6, 3.0)

    runner.scripts["retrain"] = better
    heard = []
    opened.events.checkpoint.connect(heard.append)
    list(drive(opened, "retrain", opened.retrain()))
    assert heard == ["c2"] and opened.checkpoint == "c2"


def test_everything_painted_is_on_the_disk_before_training_reads_it(opened, runner):
    found = []

    def reads(request):
        corrections = Project.open(request.project).open_corrections(read_only=True)
        found.append(corrections.overlay.reviewed)
        yield Retrained(False, True, None, "Kept.", 0, 0, 0)

    runner.scripts["retrain"] = reads
    stroke(opened, BOX, 1)
    list(drive(opened, "retrain", opened.retrain()))
    assert found == [BOX.size]


def test_a_voxel_size_given_by_a_person_is_kept_and_strokes_stay(opened, runner):
    stroke(opened, BOX, 1)
    list(drive(opened, "open", opened.reopen(voxel_size=VoxelSize(5, 2, 2))))
    assert opened.volume.voxel_size == VoxelSize(5, 2, 2)
    assert opened.reviewed == BOX.size
    folder = opened.project.path
    opened.close()
    again = Session(runner)
    list(drive(again, "open", again.open(folder)))
    assert again.volume.voxel_size == VoxelSize(5, 2, 2)
    again.close()


def test_painting_while_another_volume_is_opened_is_refused(opened, volume):
    work = opened.open(volume)
    opened.deliver(next(work))
    with pytest.raises(CallerError, match="being opened"):
        opened.begin_stroke("paint", Plane.XY)


def test_labels_from_elsewhere_are_one_undoable_correction(opened):
    labels = np.zeros(SHAPE, np.float32)
    labels[3] = 256.0
    opened.import_labels(labels)
    assert np.asarray(opened.labels).sum() == 40 * 50
    opened.undo()
    assert opened.reviewed == 0


def test_an_array_of_a_viewer_is_kept_once_by_its_contents(
    session, voxels, tmp_path, monkeypatch, runner
):
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_: str(tmp_path / "data"))
    size = VoxelSize(2, 1, 1)
    list(drive(session, "open", session.open_array(voxels, size, "my layer")))
    stroke(session, BOX, 1)
    again = Session(runner)
    list(drive(again, "open", again.open_array(voxels, size, "my layer")))
    assert again.reviewed == BOX.size
    assert again.volume.voxel_size == size
    np.testing.assert_array_equal(again.volume.read(Box.of(SHAPE)), voxels)
    assert len(list((tmp_path / "data" / "volumes").iterdir())) == 1 + 1  # volume and project
    again.close()


def test_closing_ends_the_runner_and_saves(opened, runner: ScriptedRunner):
    stroke(opened, BOX, 1)
    opened.close()
    assert runner.closed and opened.corrections.saved


def test_what_fails_in_the_viewer_is_in_the_projects_log(opened):
    stroke(opened, BOX, 1)
    opened.failed("predict", ReadError("chunk 3 is gone"))
    folder = opened.project.logs
    opened.close()
    assert any("chunk 3 is gone" in log.read_text("utf-8") for log in folder.glob("*.log"))


def test_an_adopted_networks_threshold_is_shown_and_a_persons_own_is_remembered(opened, runner):
    def better(request):
        yield Retrained(True, False, "c2", "Adopted: better.", 0.5, 0.6, 3.0, 0.25)

    runner.scripts["retrain"] = better
    heard = []
    opened.events.threshold.connect(heard.append)
    list(drive(opened, "retrain", opened.retrain()))
    assert heard == [0.25] and opened.threshold == 0.25
    assert opened.project.config.threshold is None


def test_a_threshold_chosen_before_there_is_a_project_is_kept_with_it(opened):
    opened.set_threshold(0.42)
    stroke(opened, BOX, 1)
    assert opened.project.config.threshold == 0.42
