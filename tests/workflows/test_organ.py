"""Organ, polarity and their place in recipes, jobs and proposals."""

from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.networks import CheckpointCard
from napari_vessel.project import Project
from napari_vessel.volumes import (
    Organ,
    PolarityFinding,
    Volume,
    VolumeOptions,
    open_volume,
)
from napari_vessel.workflows import (
    WORKFLOWS,
    BlockProposed,
    Propose,
    forecast,
    polarity_used,
)

from .conftest import QUICK, SHAPE
from .conftest import kept_beside as kept
from .conftest import run_predict as run

WHOLE = Box.of(SHAPE)
HALF = np.zeros((1, 2, 1), bool)
HALF[0, 0] = True  # rows 0 to 31: one of the two blocks
CARD = CheckpointCard(voxel_size_um=(50, 50, 50), polarity="bright")


@pytest.fixture
def half(monkeypatch):
    """The upper half of the volume is organ."""
    organ = Organ(HALF, SHAPE, (16.0, 32.0, 64.0), "The upper half.")
    monkeypatch.setattr(Volume, "organ", lambda _: organ)
    return organ


@pytest.fixture
def request_(asked_with):
    return asked_with(QUICK)


def finding(monkeypatch, polarity, confidence):
    found = PolarityFinding(polarity, confidence, "It looks so.")
    monkeypatch.setattr(Volume, "polarity", lambda _: found)


def test_blocks_outside_of_the_organ_are_done_without_the_network_and_hold_nothing(
    request_, half, monkeypatch
):
    asked = []
    import napari_vessel.workflows._blocks as blocks

    real = blocks.predict_needed
    monkeypatch.setattr(
        blocks, "predict_needed", lambda *args, **kw: asked.append(args[2]) or real(*args, **kw)
    )
    events = run(request_)
    assert asked == [Box((0, 0, 0), (16, 32, 64))]
    assert len([e for e in events if isinstance(e, BlockProposed)]) == 2
    assert (events[-1].state, events[-1].outside) == ("complete", 1)
    probability = kept(request_).read("probability", WHOLE)
    assert probability[:, :32].any()
    assert not probability[:, 32:].any()


def test_the_whole_volume_is_predicted_where_that_is_asked_for(request_, half):
    events = run(replace(request_, options=VolumeOptions(organ_only=False)))
    assert events[-1].outside == 0
    assert kept(request_).read("probability", WHOLE)[:, 32:].any()


def test_inside_the_organ_nothing_changes(request_, half, tmp_path):
    run(request_)
    within = kept(request_).read("probability", WHOLE)[:, :32]
    other = replace(
        request_, out=tmp_path / "b" / "out.ome.zarr", options=VolumeOptions(organ_only=False)
    )
    other.out.parent.mkdir()
    run(other)
    np.testing.assert_array_equal(within, kept(other).read("probability", WHOLE)[:, :32])


def test_voxels_outside_within_a_block_hold_nothing(request_, monkeypatch):
    mask = np.ones((1, 4, 1), bool)
    mask[0, 1] = False  # rows 16 to 31, in the middle of a block
    organ = Organ(mask, SHAPE, (16.0, 16.0, 64.0), "")
    monkeypatch.setattr(Volume, "organ", lambda _: organ)
    assert run(request_)[-1].outside == 0
    probability = kept(request_).read("probability", WHOLE)
    assert not probability[:, 16:32].any()
    assert probability[:, :16].any()


def test_interrupted_organ_and_polarity_stay_though_found_otherwise_later(
    request_, half, monkeypatch
):
    finding(monkeypatch, "bright", 0.9)
    events = WORKFLOWS["predict"](request_)
    next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    everywhere = Organ(None, SHAPE, (1.0, 1.0, 1.0), "")
    monkeypatch.setattr(Volume, "organ", lambda _: everywhere)
    finding(monkeypatch, "dark", 1.0)
    assert run(request_)[-1].outside == 1
    recipe = kept(request_).attrs
    assert recipe["polarity"]["polarity"] == "bright"
    assert recipe["organ"]["digest"] == half.digest


@pytest.mark.parametrize(
    ("chosen", "found", "expected"),
    [
        ("dark", ("bright", 1.0), ("dark", "choice")),
        ("auto", ("dark", 0.9), ("dark", "found")),
        ("auto", ("dark", 0.3), ("bright", "checkpoint")),
    ],
)
def test_a_choice_goes_before_a_sure_finding_and_that_before_the_checkpoint(
    volume, monkeypatch, chosen, found, expected
):
    finding(monkeypatch, *found)
    used = polarity_used(open_volume(volume, VolumeOptions(polarity=chosen)), CARD)
    assert (used.polarity, used.source) == expected
    assert used.inverts(CARD) == (expected[0] == "dark")
    assert used.reason


def test_the_recipe_says_which_polarity_was_used_and_why(request_, monkeypatch):
    finding(monkeypatch, "dark", 0.9)
    run(request_)
    polarity = kept(request_).attrs["polarity"]
    assert (polarity["polarity"], polarity["source"]) == ("dark", "found")
    assert "It looks so" in polarity["reason"]


def test_a_proposal_leaves_out_what_is_no_organ(project, half):
    events = list(WORKFLOWS["propose"](Propose(project.path)))
    assert events[-1].outside == 1
    proposal = Project.open(project.path).open_proposal()
    assert not proposal.probability(WHOLE)[:, 32:].any()
    assert proposal.probability(WHOLE)[:, :32].any()


def test_the_forecast_counts_the_organ_alone(volume, half):
    part = forecast(open_volume(volume), QUICK, trial=False)
    whole = forecast(open_volume(volume, VolumeOptions(organ_only=False)), QUICK, trial=False)
    assert part.network_pixels == pytest.approx(whole.network_pixels / 2, abs=1)
