"""Small pieces are removed from what is shown, never from what was predicted or corrected."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.morphology import area_opened
from napari_vessel.project import BlockLedger, Project, ledger_path
from napari_vessel.volumes import StoreSpec, create_store, mask_of, open_store, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    Clean,
    Cleaned,
    Export,
    Predict,
    Progress,
    Propose,
    Proposed,
    _cleaning,
)

SHAPE = (16, 64, 64)
WHOLE = Box.of(SHAPE)
PART = Box((0, 24, 0), (16, 64, 64))


@pytest.fixture
def project(volume, tmp_path):
    """A project on voxels of 2 × 1 × 1 µm; any network would do."""
    options = open_volume(volume).options.model_copy(update={"voxel_size": VoxelSize(2, 1, 1)})
    return Project.create(tmp_path / "kidney.vessel", open_volume(volume, options))


def noise(region, seed=0):
    """Blobs of all sizes at all thresholds."""
    from scipy.ndimage import gaussian_filter

    found = gaussian_filter(np.random.default_rng(seed).normal(size=region.shape), 1.5)
    return np.clip(found / found.std() * 100, 0, 255).astype(np.uint8)


def propose(project, name, probability, region=WHOLE, *, before=None, done=None):
    """Store a proposal; ``done``: not complete, but for these blocks."""
    spec = StoreSpec(
        shape=region.shape,
        voxel_size=project.config.volume.voxel_size,
        chunk=(8, 16, 16),
        attrs={"region": str(region), "before": before},
    )
    store = create_store(project.proposals / f"{name}.ome.zarr", spec)
    store.write("probability", Box.of(region.shape), probability)
    for block in done or ():
        BlockLedger.open(ledger_path(project.proposals, name)).record(block)
    if done is None:
        store.finish()
    project.update(proposal=name)


def clean(project, smallest):
    return list(WORKFLOWS["clean"](Clean(project.path, smallest)))


def shown(project):
    return project.open_proposal().probability(WHOLE)


@pytest.fixture
def opened_blocks(monkeypatch):
    """Work in small blocks with a small halo; the list of those that were computed."""
    computed, work = [], _cleaning.opened_block

    def spy(read, block, bounds, least):
        computed.append(block)
        return work(read, block, bounds, least, 8)

    monkeypatch.setattr(_cleaning, "opened_block", spy)
    monkeypatch.setattr(_cleaning, "HALO", 8)
    monkeypatch.setattr(_cleaning, "_BLOCK", (16, 16, 64))
    return computed


def test_what_is_shown_is_the_area_opening_and_what_was_predicted_stays(project):
    probability = noise(WHOLE)
    propose(project, "a", probability)
    ended = clean(project, 199.0)[-1]
    np.testing.assert_array_equal(shown(project), area_opened(probability, 100))
    np.testing.assert_array_equal(project.open_proposal().predicted(WHOLE), probability)
    np.testing.assert_array_equal(
        project.open_proposal().store.read("probability", WHOLE), probability
    )
    assert (ended.smallest_um3, ended.least_voxels, ended.everywhere) == (199.0, 100, True)
    assert project.open_proposal().recipe["smallest_um3"] == 199.0
    assert project.config.smallest_um3 == 199.0


def test_zero_shows_all_again_and_computes_nothing(project, opened_blocks):
    propose(project, "a", noise(WHOLE))
    clean(project, 199.0)
    opened_blocks.clear()
    clean(project, 0.0)
    np.testing.assert_array_equal(shown(project), noise(WHOLE))
    assert project.open_proposal().recipe["smallest_um3"] == 0
    clean(project, 199.0)  # what was made is there still
    assert opened_blocks == []
    assert (shown(project) != noise(WHOLE)).any()


def test_without_a_proposal_the_setting_is_kept(project):
    ended = clean(project, 50.0)[-1]
    assert (ended.proposal, ended.everywhere) == (None, True)
    assert project.config.smallest_um3 == 50.0


@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
def test_a_setting_that_is_no_volume_is_refused(project, wrong):
    propose(project, "a", noise(WHOLE))
    with pytest.raises(CallerError, match="Smallest piece"):
        clean(project, wrong)
    assert project.config.smallest_um3 == 0


def test_a_piece_across_the_edge_of_a_proposal_is_counted_whole(project):
    old, new = noise(WHOLE, 1), noise(PART, 2)
    propose(project, "a", old)
    propose(project, "b", new, PART, before="a")
    together = old.copy()
    together[PART.slices] = new
    clean(project, 199.0)
    np.testing.assert_array_equal(shown(project), area_opened(together, 100))


def test_a_new_part_is_as_if_all_were_made_anew_and_only_what_is_near_is(project, opened_blocks):
    propose(project, "a", noise(WHOLE, 1))
    clean(project, 1999.0)
    opened_blocks.clear()
    far = Box((0, 48, 0), (16, 64, 64))
    propose(project, "b", noise(far, 2), far, before="a")
    project.open_proposal()
    clean(project, 1999.0)
    assert Box((0, 0, 0), (16, 16, 64)) not in opened_blocks
    assert Box((0, 32, 0), (16, 48, 64)) in opened_blocks
    quick = shown(project)
    clean(project, 2.0)
    clean(project, 1999.0)
    np.testing.assert_array_equal(quick, shown(project))


def test_cancelled_it_leaves_what_was_shown_and_the_setting(project):
    propose(project, "a", noise(WHOLE))
    clean(project, 199.0)
    before = shown(project)
    events = WORKFLOWS["clean"](Clean(project.path, 999.0))
    for event in events:
        if isinstance(event, Progress) and event.done:
            break
    events.close()
    assert project.config.smallest_um3 == 199.0
    np.testing.assert_array_equal(shown(project), before)
    folder = project.open_proposal().store.path
    assert not [path for path in folder.iterdir() if "partial" in path.name]


def drafts(project, name="a"):
    folder = project.proposals / f"{name}.ome.zarr"
    return [path.name for path in folder.iterdir() if "partial" in path.name]


def killed_while_cleaning(project):
    """Clean in another process, and kill it once its first blocks are written."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from napari_vessel.workflows import WORKFLOWS, Clean\n"
        "for event in WORKFLOWS['clean'](Clean(Path(sys.argv[1]), 60.0)):\n"
        "    if event.done: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, project.path], check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there is killed by a signal")
@pytest.mark.parametrize("smallest", [60, 0])
def test_what_a_killed_cleaning_left_goes_with_the_next_whatever_it_is(project, smallest):
    propose(project, "a", noise(WHOLE))
    killed_while_cleaning(project)
    assert len(drafts(project)) == 1
    np.testing.assert_array_equal(shown(project), noise(WHOLE))
    clean(project, smallest)
    assert drafts(project) == []


def test_the_draft_of_a_cleaning_under_way_is_left_to_it(project):
    propose(project, "a", noise(WHOLE))
    events = WORKFLOWS["clean"](Clean(project.path, 120))
    while not next(events).done:
        pass
    clean(project, 0)
    assert len(drafts(project)) == 1
    list(events)
    np.testing.assert_array_equal(shown(project), area_opened(noise(WHOLE), 60))
    assert drafts(project) == []


def test_a_proposal_that_is_not_complete_shows_all_its_pieces_and_that_is_told(project):
    old, new = noise(WHOLE, 1), noise(WHOLE, 2)
    propose(project, "a", old)
    clean(project, 199.0)
    upper = Box((0, 0, 0), (16, 32, 64))
    propose(project, "b", new, before="a", done=[upper])
    assert not project.open_proposal().is_cleaned
    assert not clean(project, 199.0)[-1].everywhere
    np.testing.assert_array_equal(shown(project)[:, :32], new[:, :32])
    together = old.copy()
    together[:, :32] = new[:, :32]
    np.testing.assert_array_equal(shown(project)[:, 32:], area_opened(together, 100)[:, 32:])


def test_with_another_voxel_size_what_was_made_is_not_shown(project, volume):
    propose(project, "a", noise(WHOLE))
    clean(project, 199.0)
    options = open_volume(volume).options.model_copy(update={"voxel_size": VoxelSize(4, 1, 1)})
    project.link(open_volume(volume, options))
    np.testing.assert_array_equal(shown(project), noise(WHOLE))
    assert not project.open_proposal().is_cleaned


def test_a_damaged_one_is_as_none_and_can_be_made_again(project):
    propose(project, "a", noise(WHOLE))
    clean(project, 199.0)
    good = shown(project)
    (project.open_proposal().store.path / "cleaned" / "zarr.json").write_text("{}")
    np.testing.assert_array_equal(shown(project), noise(WHOLE))
    clean(project, 199.0)
    np.testing.assert_array_equal(shown(project), good)


def test_no_correction_is_removed_nor_changed(project):
    propose(project, "a", noise(WHOLE))
    corrections = project.open_corrections()
    dot, hole = Box((3, 3, 3), (4, 4, 4)), Box((0, 20, 20), (9, 40, 40))
    corrections.paint(dot, np.ones(dot.shape, bool), 1)
    corrections.paint(hole, np.ones(hole.shape, bool), 0)
    corrections.close()
    before = project.open_corrections(read_only=True)
    clean(project, 1e6)
    after = project.open_corrections(read_only=True)
    assert after.position == before.position
    np.testing.assert_array_equal(after.overlay.read(WHOLE), before.overlay.read(WHOLE))
    list(WORKFLOWS["export"](Export(str(project.path), project.path.with_name("out.ome.zarr"))))
    mask = open_volume(project.path.with_name("out.ome.zarr")).read(WHOLE)
    assert mask[dot.slices].all()
    assert mask.sum() == 1


def test_what_is_exported_is_what_is_shown_with_its_setting(project):
    propose(project, "a", noise(WHOLE))
    clean(project, 199.0)
    project.update(threshold=0.3)
    out = project.path.with_name("out.ome.zarr")
    list(WORKFLOWS["export"](Export(str(project.path), out)))
    expected = mask_of(area_opened(noise(WHOLE), 100), 0.3)
    np.testing.assert_array_equal(open_volume(out).read(WHOLE), expected)
    text = json.dumps(json.loads((out / "zarr.json").read_text()))
    assert '"smallest_um3": 199.0' in text
    assert '"small_pieces": "removed"' in text


def test_an_export_of_small_pieces_against_the_setting_is_warned_of(project, caplog):
    propose(project, "a", noise(WHOLE), done=[WHOLE])
    project.update(smallest_um3=199.0)
    out = project.path.with_name("out.ome.zarr")
    list(WORKFLOWS["export"](Export(str(project.path), out)))
    assert "shows small pieces" in caplog.text


@pytest.fixture
def learned(project, tiny):
    """The same project with a network, predicting in one plane and two blocks."""
    from napari_vessel.networks import save_checkpoint

    from .conftest import QUICK

    save_checkpoint(project.checkpoints / "tiny", tiny.load(), tiny.card)
    project.update(checkpoint="tiny", inference=QUICK)
    return project


def test_a_new_proposal_is_cleaned_at_its_end(learned):
    learned.update(smallest_um3=99.0)
    events = list(WORKFLOWS["propose"](Propose(learned.path)))
    assert [type(event) for event in events[-2:]] == [Cleaned, Proposed]
    assert events[-2].everywhere
    proposal = learned.open_proposal()
    assert any(e.what == _cleaning.REMOVING for e in events if isinstance(e, Progress))
    expected = area_opened(proposal.predicted(WHOLE), 50)
    np.testing.assert_array_equal(proposal.probability(WHOLE), expected)
    assert (expected != proposal.predicted(WHOLE)).any()


def test_a_predicted_mask_has_no_small_pieces_and_its_probability_all(volume, tiny, tmp_path):
    from .conftest import QUICK

    request = Predict(
        str(volume),
        tmp_path / "out.ome.zarr",
        checkpoint=str(tiny.path),
        inference=QUICK,
        smallest_um3=300.0,
        probability=True,
    )
    plain = replace(request, out=tmp_path / "plain.ome.zarr", smallest_um3=0.0)
    for each in (request, plain):
        list(WORKFLOWS["predict"](each))
    kept = tmp_path / "out.probability.ome.zarr"
    raw = open_store(kept).read("probability", WHOLE)
    other = open_store(tmp_path / "plain.probability.ome.zarr").read("probability", WHOLE)
    np.testing.assert_array_equal(raw, other)
    expected = mask_of(area_opened(raw, 300), 0.5)
    assert (expected != mask_of(raw, 0.5)).any()
    np.testing.assert_array_equal(open_volume(request.out).read(WHOLE), expected)
    assert '"smallest_um3": 300.0' in json.dumps(
        json.loads((request.out / "zarr.json").read_text())
    )
    assert not (kept / "cleaned").exists()


def test_a_negative_smallest_piece_is_refused_before_any_work(volume, tmp_path):
    request = Predict(str(volume), tmp_path / "out.ome.zarr", smallest_um3=-1.0)
    before = set(tmp_path.iterdir())
    with pytest.raises(CallerError, match="Smallest piece"):
        list(WORKFLOWS["predict"](request))
    assert set(tmp_path.iterdir()) == before
