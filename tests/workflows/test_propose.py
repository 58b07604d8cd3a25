import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.errors import CallerError, CheckpointError, ReadError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import Volume, open_store, open_volume, volume_of_array
from napari_vessel.workflows import (
    WORKFLOWS,
    BlockFailed,
    BlockProposed,
    Focus,
    Predict,
    Progress,
    Propose,
    Proposed,
    SliceProposed,
)
from napari_vessel.workflows._boxes import blocks_of
from napari_vessel.workflows._settling import with_planes

WHOLE = Box.of((16, 64, 64))
NEAR = Focus((3.5, 50.0, 10.0))


def run(project, **kw):
    return list(WORKFLOWS["propose"](Propose(project.path, **kw)))


@pytest.fixture
def forgetful(monkeypatch):
    """Let proposals know nothing of those before."""
    monkeypatch.setattr("napari_vessel.workflows._propose.known_of", lambda *_: None)


def blocks(events):
    return [event.box for event in events if isinstance(event, BlockProposed)]


@pytest.fixture
def unreadable(monkeypatch, volume):
    """Make every read of a place fail."""
    read, window = Volume.read, open_volume(volume).window()

    def fail_at(place):
        def failing(self, box, level=0):
            if box.intersection(place):
                raise ReadError(f"chunk at {place} is cut")
            return read(self, box, level)

        monkeypatch.setattr(Volume, "window", lambda _, **__: window)
        monkeypatch.setattr(Volume, "read", failing)

    return fail_at


@given(
    start=st.tuples(*[st.integers(0, 40)] * 3),
    shape=st.tuples(*[st.integers(1, 70)] * 3),
    block=st.tuples(*[st.integers(1, 32)] * 3),
)
def test_blocks_cover_every_voxel_of_a_region_once(start, shape, block):
    region = Box.of(shape).shifted(start)
    found = blocks_of(region, tuple(map(max, block, (8, 8, 8))))
    assert sum(cell.size for cell in found) == region.size
    assert all(region.contains(cell) for cell in found)
    counts = np.zeros(shape, np.uint8)
    for cell in found:
        counts[cell.relative_to(region).slices] += 1
    assert (counts == 1).all()


def test_a_proposal_covers_every_voxel_once(project):
    events = run(project)
    assert sum(box.size for box in blocks(events)) == WHOLE.size
    assert isinstance(events[-1], Proposed)
    assert (events[-1].state, events[-1].blocks, events[-1].failed) == ("complete", 2, ())
    assert project.open_proposal().complete


def test_a_proposal_equals_a_prediction_of_the_bare_volume(project, volume, tiny, tmp_path):
    run(project)
    request = Predict(
        str(volume),
        tmp_path / "out.ome.zarr",
        checkpoint=str(tiny.path),
        inference=project.config.inference,
        probability=True,
    )
    list(WORKFLOWS["predict"](request))
    bare = open_store(tmp_path / "out.probability.ome.zarr").read("probability", WHOLE)
    assert len(np.unique(bare)) > 10
    np.testing.assert_array_equal(project.open_proposal().probability(WHOLE), bare)


def test_the_slice_in_view_comes_first_then_the_nearest_block(project):
    events = [e for e in run(project, focus=NEAR) if not isinstance(e, Progress)]
    assert isinstance(events[0], SliceProposed)
    assert events[0].box == WHOLE.slice_at(Plane.XY, 3)
    assert events[0].probability.shape == (1, 64, 64)
    assert [box.start[1] for box in blocks(events)] == [32, 0]


def test_without_a_halo_the_slice_in_view_is_what_its_blocks_say(project):
    project.update(inference=project.config.inference.model_copy(update={"block": (16, 64, 64)}))
    first = next(e for e in run(project, focus=NEAR) if isinstance(e, SliceProposed))
    np.testing.assert_array_equal(project.open_proposal().probability(first.box), first.probability)


def test_a_focus_outside_of_the_region_shows_no_slice(project):
    events = run(project, focus=Focus((99.0, 1.0, 1.0)))
    assert not [e for e in events if isinstance(e, SliceProposed)]
    assert events[-1].state == "complete"


def test_progress_only_grows_and_ends_at_all_blocks(project):
    done = [e.done for e in run(project) if isinstance(e, Progress) and e.what == "Predicting"]
    assert done == sorted(done)
    assert done[-1] == 2


def test_a_block_that_cannot_be_read_is_listed_and_holds_nothing(project, unreadable, forgetful):
    run(project)
    earlier = project.open_proposal().probability(WHOLE)
    unreadable(Box((3, 40, 0), (4, 41, 1)))
    events = run(project, focus=NEAR)  # whose slice cannot be read either
    failed = [e for e in events if isinstance(e, BlockFailed)]
    assert [e.box for e in failed] == [Box((0, 32, 0), (16, 64, 64))]
    assert "is cut" in failed[0].reason
    assert (events[-1].state, events[-1].failed) == ("partial", tuple(failed))
    proposal = project.open_proposal()
    assert not proposal.complete
    assert proposal.ledger.done == {Box((0, 0, 0), (16, 32, 64))}
    np.testing.assert_array_equal(proposal.probability(WHOLE), earlier)  # it shows there


def test_proposing_changes_no_correction(project, labels):
    corrections = project.open_corrections()
    corrections.paint(Box((0, 0, 0), (2, 9, 9)), np.ones((2, 9, 9), bool), 1)
    corrections.close()
    before = project.open_corrections(read_only=True)
    run(project)
    run(project)
    after = project.open_corrections(read_only=True)
    assert after.position == before.position
    np.testing.assert_array_equal(after.overlay.read(WHOLE), before.overlay.read(WHOLE))


def test_cancelled_the_earlier_proposal_shows_where_nothing_is_done(project, forgetful):
    run(project)
    earlier = project.open_proposal()
    with (earlier.store.path / "touched").open("w"):
        shown = earlier.probability(WHOLE)
    events = WORKFLOWS["propose"](Propose(project.path, focus=NEAR))
    for event in events:
        if isinstance(event, BlockProposed):
            break
    events.close()
    proposal = project.open_proposal()
    assert proposal.id != earlier.id
    assert len(proposal.ledger.done) == 1
    assert proposal.before.id == earlier.id
    np.testing.assert_array_equal(proposal.probability(WHOLE), shown)


def test_cancelled_before_the_first_block_it_is_not_in_the_way(project, forgetful):
    run(project)
    for _ in range(3):
        events = WORKFLOWS["propose"](Propose(project.path))
        for event in events:
            if isinstance(event, Progress) and event.what == "Predicting":
                break
        events.close()
    assert len(list(project.open_proposal().layers)) == 2
    run(project)
    assert len(list(project.proposals.glob("*.ome.zarr"))) == 1


def test_a_box_keeps_what_was_proposed_beyond_it(project):
    run(project)
    whole = project.open_proposal().probability(WHOLE)
    events = run(project, box=Box((0, 0, 0), (8, 64, 64)))
    assert events[-1].state == "complete"
    assert project.open_proposal().region.shape == (8, 64, 64)
    np.testing.assert_array_equal(project.open_proposal().probability(WHOLE), whole)


def test_a_superseded_proposal_is_deleted(project):
    run(project)
    first = project.config.proposal
    run(project)
    assert not list(project.proposals.glob(f"{first}*"))


def test_what_a_killed_pruning_left_is_deleted_by_the_next(project):
    run(project)
    first = project.config.proposal
    (project.proposals / f"{first}x.ome.zarr.deleted-0").mkdir()
    (project.proposals / f"{first}x.blocks.jsonl").write_text("\n{}\n")
    run(project)
    names = {path.name for path in project.proposals.iterdir()}
    now = project.config.proposal
    assert names == {f"{now}.ome.zarr", f"{now}.blocks.jsonl"}


def test_nobody_opens_a_proposal_that_is_half_deleted(project, monkeypatch):
    def watched(folder, **options):
        opened.append(project.open_proposal(first))

    run(project)
    first, opened = project.config.proposal, []
    monkeypatch.setattr(shutil, "rmtree", watched)
    run(project)
    assert opened and opened[0] is None


def test_a_box_beyond_the_volume_is_refused(project):
    with pytest.raises(CallerError, match="does not lie in the volume"):
        run(project, box=Box((0, 0, 0), (17, 64, 64)))


def test_a_damaged_checkpoint_leaves_the_proposal_in_view(project):
    run(project)
    name = project.config.proposal
    (project.checkpoints / "tiny" / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(CheckpointError):
        run(project)
    assert project.config.proposal == name
    assert len(list(project.proposals.glob("*.ome.zarr"))) == 1


def test_votes_that_no_planes_can_give_are_a_caller_s_mistake(tiny):
    volume = volume_of_array(np.zeros((64, 64, 64)), voxel_size=VoxelSize(1, 1, 1), uri="x")
    one = tiny.card.model_copy(update={"planes": (Plane.XY,)})
    with pytest.raises(CallerError, match="cannot agree"):
        with_planes(InferenceConfig(fuse="vote"), volume, one)
    assert with_planes(InferenceConfig(), volume, one).planes == (Plane.XY,)


def test_chunks_that_are_missing_are_told(project, monkeypatch):
    monkeypatch.setattr(Volume, "missing_chunks", property(lambda _: 12))
    assert run(project)[-1].missing_chunks == 12
    log = (project.logs / "napari-vessel.log").read_text()
    assert "12 chunks were missing" in log


def test_what_was_asked_and_how_it_ended_is_in_the_project_s_log(project):
    run(project)
    with pytest.raises(CallerError):
        run(project, box=replace(WHOLE, stop=(99, 99, 99)))
    log = (project.logs / "napari-vessel.log").read_text()
    assert "Asked: Propose(" in log
    assert "Propose ended" in log
    assert "Propose failed: CallerError" in log
