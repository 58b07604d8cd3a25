"""Laws of fusing again: what a prediction with that rule gives, without the network."""

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import Checkpoint
from napari_vessel.project import Project
from napari_vessel.volumes import Store
from napari_vessel.workflows import WORKFLOWS, BlockProposed, Focus, Fused, Propose, SliceProposed

WHOLE = Box.of((16, 64, 64))
BOTH = (Plane.XY, Plane.XZ)
RULES = [
    {"fuse": "max"},
    {"fuse": "vote"},
    {"weights": (3.0, 1.0)},
    {"planes": (Plane.XZ,)},
]


@pytest.fixture
def two(project) -> Project:
    """The project, that predicts in two planes."""
    return with_rule(project, planes=BOTH)


def with_rule(project, **changes):
    settings = project.config.inference.model_copy(update={"weights": (), **changes})
    project.update(inference=settings)
    return project


def run(project, **kw):
    return list(WORKFLOWS["propose"](Propose(project.path, **kw)))


@pytest.fixture
def no_network(monkeypatch):
    """Refuse to load a network."""

    def refuse(*_):
        raise AssertionError("the network was loaded")

    def forbid():
        monkeypatch.setattr(Checkpoint, "load", refuse)

    return forbid


def arrays_of(project):
    store = project.open_proposal().store
    place = Box.of(store.shape)
    named = ("probability", "disagreement", *project.config.inference.planes)
    return {name: store.read(str(name), place) for name in named}


def recipe_of(project):
    return {**project.open_proposal().recipe, "before": None, "planes_kept": None}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "-".join(map(str, rule.values())))
def test_fused_again_is_what_a_prediction_with_that_rule_gives(two, rule, no_network):
    run(with_rule(two, **rule))
    predicted, recipe = arrays_of(two), recipe_of(two)
    two.update(proposal=None)
    run(with_rule(two, planes=BOTH, fuse="mean"))
    no_network()
    events = run(with_rule(two, **rule), focus=Focus((3.5, 50.0, 10.0)))
    assert events[-1].known == events[-1].blocks == 2
    assert [e for e in events if isinstance(e, Fused)] == [Fused(two.config.proposal)]
    again = arrays_of(two)
    assert predicted.keys() == again.keys()
    for name, voxels in predicted.items():
        np.testing.assert_array_equal(again[name], voxels, err_msg=str(name))
    assert recipe_of(two) == recipe
    first = next(e for e in events if isinstance(e, SliceProposed))
    np.testing.assert_array_equal(first.probability, again["probability"][first.box.slices])


def test_a_plane_that_was_left_out_is_taken_in_again_without_the_network(two, no_network):
    run(two)
    both = arrays_of(two)
    no_network()
    run(with_rule(two, planes=(Plane.XZ,)))
    np.testing.assert_array_equal(arrays_of(two)["probability"], both["xz"])
    assert run(with_rule(two, planes=BOTH))[-1].known == 2
    for name, voxels in arrays_of(two).items():
        np.testing.assert_array_equal(voxels, both[name])


def test_a_lower_threshold_than_was_looked_with_is_predicted_and_a_higher_one_is_known(two):
    def ask(threshold):
        two.update(threshold=threshold)
        return run(two)[-1].known

    with_rule(two, planes=tuple(Plane), views="flips", halo=0)
    assert [ask(t) for t in (0.4, 0.2, 0.45, 0.2)] == [0, 0, 2, 2]


def test_killed_the_old_fuse_stays_in_view(two):
    run(two)
    before, name = arrays_of(two)["probability"], two.config.proposal
    events = WORKFLOWS["propose"](Propose(with_rule(two, fuse="max").path))
    for event in events:
        assert two.config.proposal == name
        np.testing.assert_array_equal(two.open_proposal().probability(WHOLE), before)
        if getattr(event, "done", 0) == 1:
            break
    events.close()
    assert two.config.proposal == name
    np.testing.assert_array_equal(two.open_proposal().probability(WHOLE), before)
    run(two)
    assert len(list(two.proposals.glob("*.ome.zarr"))) == 1


def cancelled_after_a_block(project):
    """Predict one block of two and return its box."""
    events = WORKFLOWS["propose"](Propose(project.path))
    block = next(event.box for event in events if isinstance(event, BlockProposed))
    events.close()
    return block


def test_a_cancelled_prediction_is_gone_on_with_in_its_own_proposal(two, monkeypatch):
    run(two)
    whole = arrays_of(two)
    two.update(proposal=None)
    done = cancelled_after_a_block(two)
    name, written, keep = two.config.proposal, [], Store.write
    monkeypatch.setattr(
        Store, "write", lambda self, *rest: (written.append(rest[1]), keep(self, *rest))
    )
    events = run(two)
    assert events[-1].known == 1
    assert events[-1].name == two.config.proposal == name
    assert written and not any(box.intersection(done) for box in written)  # WHOLE is at 0
    assert next(e.box for e in events if isinstance(e, BlockProposed)) == done
    assert two.open_proposal().complete
    for array, voxels in arrays_of(two).items():
        np.testing.assert_array_equal(voxels, whole[array])


def test_with_another_rule_a_cancelled_prediction_is_no_more_gone_on_with(two):
    run(with_rule(two, fuse="max"))
    whole = arrays_of(two)
    two.update(proposal=None)
    cancelled_after_a_block(with_rule(two, fuse="mean"))
    name = two.config.proposal
    assert run(with_rule(two, fuse="max"))[-1].known == 1
    assert two.config.proposal != name
    for array, voxels in arrays_of(two).items():
        np.testing.assert_array_equal(voxels, whole[array])


def test_a_plane_that_some_blocks_lack_is_not_taken_for_kept(two):
    run(two)
    whole = arrays_of(two)
    two.update(proposal=None)
    cancelled_after_a_block(two)
    assert run(with_rule(two, planes=(Plane.XZ,)))[-1].known == 1
    run(with_rule(two, planes=BOTH))
    for array, voxels in arrays_of(two).items():
        np.testing.assert_array_equal(voxels, whole[array])


@pytest.mark.parametrize(
    "change",
    [{"planes": tuple(Plane)}, {"halo": 32}, {"block": (16, 64, 64)}, {"views": "flips"}],
    ids=lambda change: next(iter(change)),
)
def test_what_the_network_never_saw_so_is_predicted(two, change):
    run(two)
    assert run(with_rule(two, **change))[-1].known == 0


def test_another_network_or_polarity_or_region_is_predicted(two, tiny):
    from napari_vessel.networks import save_checkpoint

    run(two)
    assert run(two, box=Box((0, 0, 0), (8, 64, 64)))[-1].known == 0
    other = tiny.card.model_copy(update={"threshold": 0.25})
    save_checkpoint(two.checkpoints / "other", tiny.load(), other)
    two.update(checkpoint="other")
    assert run(two)[-1].known == 0


def test_a_damaged_plane_is_predicted_again(two, monkeypatch):
    run(two)
    whole = arrays_of(two)
    chunk = next(path for path in (two.open_proposal().store.path / "xz" / "0").rglob("0/0/0"))
    chunk.write_bytes(chunk.read_bytes()[:-9] + b"123456789")
    events = run(two)
    assert events[-1].known == 0
    assert events[-1].state == "complete"
    for name, voxels in arrays_of(two).items():
        np.testing.assert_array_equal(voxels, whole[name])


def test_a_proposal_asked_for_again_predicts_nothing(two, no_network):
    run(two)
    whole = arrays_of(two)
    no_network()
    assert run(two)[-1].known == 2
    for name, voxels in arrays_of(two).items():
        np.testing.assert_array_equal(voxels, whole[name])


def test_planes_are_read_and_not_changed_by_fusing_again(two, monkeypatch):
    run(two)
    old = two.open_proposal().store.path
    written, write = [], Store.write
    monkeypatch.setattr(
        Store, "write", lambda self, *rest: (written.append(self.path), write(self, *rest))
    )
    run(with_rule(two, fuse="max"))
    assert old not in written
