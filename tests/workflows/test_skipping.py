"""What a quick look leaves out of proposals and jobs: told, resumed alike, and switched off."""

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import CheckpointCard
from napari_vessel.project import BlockLedger, Project
from napari_vessel.volumes import open_store, open_volume
from napari_vessel.workflows import WORKFLOWS, BlockProposed, Propose
from napari_vessel.workflows._settling import settled

from .conftest import QUICK, SHAPE, kept_beside
from .conftest import run_predict as run

WHOLE = Box.of(SHAPE)
LOOKING = QUICK.model_copy(update={"planes": tuple(Plane), "views": "flips", "empty_below": 0.5})
UPPER, LOWER = Box((0, 0, 0), (16, 32, 64)), Box((0, 32, 0), (16, 64, 64))
CARD = CheckpointCard(voxel_size_um=(50, 50, 50), threshold=0.6)


@pytest.fixture
def lower_empty(monkeypatch):
    """A look sees vessel in the upper half alone, at its left; every block is looked at."""
    import napari_vessel.inference._looking as looking

    seen = []

    def look(network, read, where, config):
        seen.append(where[0])
        yield from ()
        return Box((0, 0, 0), (16, 32, 32)) if where[0] == UPPER else None

    monkeypatch.setattr(looking, "look_at", look)
    return seen


@pytest.fixture
def request_(asked_with):
    return asked_with(LOOKING)


def kept(request):
    return kept_beside(request).read("probability", WHOLE)


def test_what_is_left_out_holds_nothing_and_is_told(request_, lower_empty):
    *events, last = run(request_)
    assert (last.state, last.empty, last.left_out) == ("complete", 1, 0.75)
    assert len([event for event in events if isinstance(event, BlockProposed)]) == 2
    found = kept(request_)
    assert found[:, :32, :32].any()
    assert not found[:, 32:].any()
    assert not found[:, :, 32:].any()


def test_a_proposal_tells_what_was_left_out_too(project, lower_empty):
    project.update(inference=LOOKING)
    *_, last = WORKFLOWS["propose"](Propose(project.path))
    assert (last.empty, last.left_out) == (1, 0.75)
    assert not Project.open(project.path).open_proposal().probability(WHOLE)[:, 32:].any()


def test_a_run_gone_on_with_counts_what_was_left_out_before_and_looks_at_no_block_twice(
    request_, lower_empty
):
    events = WORKFLOWS["predict"](request_)
    next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    last = run(request_)[-1]
    assert (last.state, last.empty, last.left_out) == ("complete", 1, 0.75)
    other = replace(request_, out=request_.out.with_name("other.ome.zarr"))
    assert run(other)[-1].left_out == 0.75
    np.testing.assert_array_equal(
        kept(request_),
        open_store(other.out.with_name("other.probability.ome.zarr")).read("probability", WHOLE),
    )


@pytest.fixture
def blind(monkeypatch):
    """A look that sees nothing."""
    import napari_vessel.inference._looking as looking

    def nothing(*_):
        yield from ()

    monkeypatch.setattr(looking, "_seen", nothing)


def test_a_lower_threshold_that_is_asked_for_counts(request_, blind):
    wish = LOOKING.model_copy(update={"empty_below": "auto"})
    run(replace(request_, inference=wish, threshold=0.3))
    recipe = open_store(request_.out.with_name("out.probability.ome.zarr")).attrs
    assert recipe["inference"]["empty_below"] == pytest.approx(0.1)


def test_the_switch_predicts_everything_in_full(request_, blind):
    assert run(request_)[-1].left_out == 1
    assert not kept(request_).any()
    off = LOOKING.model_copy(update={"empty_below": 0.0})
    last = run(replace(request_, inference=off, overwrite=True))[-1]
    assert (last.empty, last.left_out) == (0, 0)
    assert kept(request_)[:, :32].any()
    assert kept(request_)[:, 32:].any()


@pytest.mark.parametrize(
    ("wish", "threshold", "expected"),
    [("auto", None, 0.2), ("auto", 0.3, 0.1), (0.0, None, 0.0), (0.05, 0.3, 0.05)],
)
def test_the_recipe_names_what_counts_as_empty_by_the_threshold_in_use(
    volume, wish, threshold, expected
):
    config = LOOKING.model_copy(update={"empty_below": wish})
    found = settled(config, open_volume(volume), CARD, threshold)
    assert found.empty_below == pytest.approx(expected)


def test_nothing_counts_as_empty_where_looking_costs_too_much(volume):
    config = QUICK.model_copy(update={"empty_below": "auto"})
    assert settled(config, open_volume(volume), CARD).empty_below == 0.0


def test_the_ledger_keeps_what_was_left_out_of_a_block(tmp_path):
    ledger = BlockLedger.open(tmp_path / "blocks.jsonl")
    ledger.record(UPPER, left_out=100)
    ledger.record(LOWER, left_out=LOWER.size)
    for found in (ledger, BlockLedger.open(ledger.path)):
        assert found.left_out == {UPPER: 100, LOWER: LOWER.size}
        assert found.empty == 1
        assert found.share_left_out(WHOLE.size) == (100 + LOWER.size) / WHOLE.size
    line = json.loads(ledger.path.read_text().split("\n")[1])
    assert line == {"box": str(UPPER), "left_out": 100}
