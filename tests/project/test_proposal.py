import json

import numpy as np
import pytest

from napari_vessel.annotation import Overlay
from napari_vessel.errors import ProjectError
from napari_vessel.geometry import Box
from napari_vessel.project import BlockLedger, Proposal, ledger_path, shown_mask
from napari_vessel.volumes import Store, StoreSpec, create_store, open_store, remove_at_once

WHOLE = Box((0, 0, 0), (8, 20, 24))
UPPER, LOWER = Box((0, 0, 0), (4, 20, 24)), Box((4, 0, 0), (8, 20, 24))


def propose(project, name, value, region=WHOLE, *, done=(), complete=False, before=None):
    """Store a proposal of one value, all written, of which some blocks are said to be done."""
    spec = StoreSpec(
        shape=region.shape,
        voxel_size=project.config.volume.voxel_size,
        chunk=(4, 20, 24),
        attrs={"region": str(region), "before": before},
    )
    store = create_store(project.proposals / f"{name}.ome.zarr", spec)
    store.write("probability", Box.of(region.shape), np.full(region.shape, value, np.uint8))
    ledger = BlockLedger.open(ledger_path(project.proposals, name))
    for block in done:
        ledger.record(block)
    if complete:
        store.finish()
    project.update(proposal=name)
    return Proposal.open(project.proposals, name)


def test_where_a_block_is_not_done_the_proposal_before_shows(project):
    propose(project, "a", 100, complete=True)
    shown = propose(project, "b", 200, done=[UPPER], before="a").probability(WHOLE)
    assert (shown[:4] == 200).all()
    assert (shown[4:] == 100).all()


def test_where_nothing_was_done_ever_nothing_shows(project):
    shown = propose(project, "b", 200, done=[LOWER]).probability(WHOLE)
    assert not shown[:4].any()
    assert (shown[4:] == 200).all()


def test_a_proposal_of_a_part_does_not_hide_what_lies_beyond(project):
    propose(project, "a", 100, complete=True)
    part = propose(project, "b", 200, region=LOWER, complete=True, before="a")
    assert part.probability(WHOLE)[0, 0, 0] == 100
    assert part.probability(WHOLE)[7, 0, 0] == 200
    assert [layer.id for layer in part.layers] == ["b", "a"]


def test_a_complete_proposal_of_all_needs_none_before(project):
    propose(project, "a", 100, complete=True)
    assert propose(project, "b", 200, complete=True, before="a").before is None


def test_any_box_is_a_cut_of_the_whole(project):
    propose(project, "a", 100, region=UPPER, complete=True)
    proposal = propose(project, "b", 200, done=[LOWER], before="a")
    box = Box((2, 3, 4), (7, 11, 13))
    np.testing.assert_array_equal(
        proposal.probability(box), proposal.probability(WHOLE)[box.slices]
    )


def test_a_damaged_proposal_before_does_not_take_the_newer_with_it(project):
    propose(project, "a", 100, complete=True)
    propose(project, "b", 200, done=[UPPER], before="a")
    (project.proposals / "a.ome.zarr" / "zarr.json").write_text("{}")
    shown = project.open_proposal().probability(WHOLE)
    assert (shown[:4] == 200).all()
    assert not shown[4:].any()


def test_a_proposal_before_that_was_deleted_counts_as_none_without_a_word(project, caplog):
    before = propose(project, "a", 100, complete=True)
    remove_at_once(before.store.path)
    proposal = propose(project, "b", 200, done=[UPPER], before="a")
    assert proposal.before is None
    assert not caplog.records


def test_a_proposal_before_that_goes_while_it_is_opened_counts_as_none(
    project, caplog, monkeypatch
):
    gone = propose(project, "a", 100, complete=True).store.path
    complete = Store.complete.fget

    def pruned_just_now(store):
        if store.path == gone:
            remove_at_once(gone)
        return complete(store)

    monkeypatch.setattr(Store, "complete", property(pruned_just_now))
    assert propose(project, "b", 200, done=[UPPER], before="a").before is None
    assert not caplog.records


def test_what_showed_before_a_proposal_was_complete_is_never_shown_as_zeros(project):
    before = propose(project, "a", 100, complete=True)
    held = propose(project, "b", 200, done=[UPPER], before="a")
    open_store(held.store.path, writable=True).finish()
    remove_at_once(before.store.path)
    assert (held.probability(WHOLE) == 200).all()


def test_of_a_proposal_in_view_that_is_superseded_meanwhile_the_next_is_opened(
    project, monkeypatch
):
    propose(project, "a", 100, complete=True)
    opened = Proposal.open.__func__

    def superseded(cls, folder, name, least_voxels=0):
        if (folder / "a.ome.zarr").exists() and name == "a":
            propose(project, "b", 200, complete=True)
            remove_at_once(folder / "a.ome.zarr")
        return opened(cls, folder, name, least_voxels)

    monkeypatch.setattr(Proposal, "open", classmethod(superseded))
    assert project.open_proposal().id == "b"
    assert project.open_proposal("a") is None


def test_a_proposal_is_opened_by_its_name(project):
    propose(project, "a", 100, complete=True)
    propose(project, "b", 200, complete=True)
    assert project.open_proposal("a").id == "a"


def test_a_proposal_of_another_shape_than_it_says_is_refused(project):
    propose(project, "a", 100, complete=True)
    path = project.proposals / "a.ome.zarr" / "zarr.json"
    values = json.loads(path.read_text().replace(str(WHOLE), "0:8,0:20,0:23"))
    path.write_text(json.dumps(values))
    with pytest.raises(ProjectError, match="damaged"):
        project.open_proposal()


def test_corrections_show_over_the_proposal(project):
    proposal = propose(project, "a", 255, complete=True)
    overlay = Overlay(WHOLE.shape)
    erased = Box((0, 0, 0), (1, 20, 24))
    overlay.write(erased, np.ones(erased.shape, bool), 1)
    shown = shown_mask(overlay, proposal, 0.5)(WHOLE)
    assert not shown[0].any()
    assert shown[1:].all()


def test_without_a_proposal_only_corrections_show(project):
    overlay = Overlay(WHOLE.shape)
    overlay.write(UPPER, np.ones(UPPER.shape, bool), 2)
    shown = shown_mask(overlay, None, 0.5)(WHOLE)
    assert shown[:4].all()
    assert not shown[4:].any()
