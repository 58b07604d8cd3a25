from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.errors import CallerError, NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.training import LightConfig
from napari_vessel.workflows import (
    WORKFLOWS,
    Correct,
    Light,
    LightEnded,
    LightProposed,
    Propose,
)
from napari_vessel.workflows._light_update import part_of

from .conftest import SHAPE

QUICK = LightConfig(stages=1, steps=10, window=32, margin=2, learning_rate=1e-2, seconds=1e6)
SLICES = ((Plane.XY, 6), (Plane.XY, 8))


@pytest.fixture
def corrected(project, labels):
    list(WORKFLOWS["propose"](Propose(project.path)))
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), SLICES)))
    return project


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """On a busy machine too, all slices are proposed."""
    monkeypatch.setattr("napari_vessel.workflows._light._MOST_SECONDS", 1e9)


@pytest.fixture
def better(monkeypatch):
    """Ten steps teach an untrained network little: let what they bring count as better."""
    monkeypatch.setattr("napari_vessel.workflows._light_update._is_better", lambda *_: True)


def run(project, index=8, config=QUICK, plane=Plane.XY):
    return list(WORKFLOWS["light"](Light(project.path, plane, index, None, config)))


def proposed(events):
    return {e.box.start[0]: e for e in events if isinstance(e, LightProposed)}


def test_the_slices_around_are_proposed_the_nearest_first_but_not_what_is_reviewed(
    corrected, better
):
    events = run(corrected)
    assert list(proposed(events)) == [7, 9, 10, 5, 11]  # 6 and 8 are reviewed
    assert all(e.probability.shape == e.box.shape for e in proposed(events).values())
    last = events[-1]
    assert isinstance(last, LightEnded)
    assert (last.slices, last.learned_from, last.steps, last.shown) == (5, 2, 10, True)
    (weight,) = {e.weight for e in proposed(events).values()}
    assert 0 < weight <= 0.5  # as much as what was proposed before was right


def test_where_time_is_up_one_slice_on_either_side_is_proposed(corrected, better, monkeypatch):
    monkeypatch.setattr("napari_vessel.workflows._light._MOST_SECONDS", 0.0)
    assert list(proposed(run(corrected))) == [7, 9]


def test_nothing_is_written(corrected):
    def state():
        files = (p for p in corrected.path.rglob("*") if p.is_file() and "logs" not in p.parts)
        return {path: path.read_bytes() for path in files if not path.name.endswith("lock")}

    before = state()
    run(corrected)
    assert state() == before


def test_equal_corrections_give_equal_updates(corrected, better):
    first, second = (proposed(run(corrected)) for _ in range(2))
    for index, event in first.items():
        np.testing.assert_array_equal(event.probability, second[index].probability)


def test_what_is_no_better_is_not_proposed(corrected, monkeypatch):
    monkeypatch.setattr("napari_vessel.workflows._light_update._is_better", lambda *_: False)
    events = run(corrected)
    assert not proposed(events)
    assert not events[-1].shown


def test_a_second_update_keeps_what_the_network_saw(corrected, better, monkeypatch):
    run(corrected)
    from napari_vessel.training import TailNetwork

    monkeypatch.setattr(TailNetwork, "_computed", lambda *_: pytest.fail("was seen before"))
    assert proposed(run(corrected))


def test_where_nothing_near_is_reviewed_it_says_so(project):
    with pytest.raises(NothingReviewedError, match="XY 8"):
        run(project)


def test_a_slice_outside_of_the_region_is_refused(corrected):
    with pytest.raises(CallerError, match="does not lie in the region"):
        run(corrected, index=99)


def test_without_a_proposal_the_update_is_the_first_there_is(project, labels):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), SLICES)))
    assert proposed(run(project))


def test_of_very_large_slices_a_window_around_where_the_person_looks_is_worked_on():
    region = Box((0, 0, 0), (10, 4000, 3000))
    request = Light(None, Plane.XY, 5, (5, 3900, 10), LightConfig(most_pixels=2**20))
    assert part_of(region, request, (1.0, 1.0, 1.0)) == Box((0, 2976, 0), (10, 4000, 1024))
    assert part_of(region, request, (1.0, 0.25, 0.25)) == region


def test_another_plane_is_worked_on_in_its_own_slices(corrected, better, labels):
    list(WORKFLOWS["correct"](Correct(corrected.path, str(labels), ((Plane.XZ, 20),))))
    events = run(corrected, index=20, plane=Plane.XZ, config=QUICK)
    boxes = [e.box for e in events if isinstance(e, LightProposed)]
    assert boxes
    assert all(box.shape == (SHAPE[0], 1, SHAPE[2]) for box in boxes)
