"""The simulated person: exact if asked to be, seeded, and slower the longer the way."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.annotation import Place
from napari_vessel.geometry import Box, Plane
from napari_vessel.runner import InlineRunner
from napari_vessel.session import Session
from napari_vessel.simulate import (
    PERFECT,
    Pace,
    Person,
    PersonConfig,
    Piece,
    drawn_by_hand,
    drive,
    pieces_of,
    places_in_order,
)

SHAPE = (8, 40, 44)


@pytest.fixture
def truth():
    z, y, x = np.indices(SHAPE)
    return ((y - 12 - z) ** 2 + (x - 15) ** 2 <= 36) | ((y - 30) ** 2 + (x - 33) ** 2 <= 16)


@pytest.fixture
def session(tmp_path):
    np.save(tmp_path / "v.npy", np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE))
    made = Session(InlineRunner())
    list(drive(made, "open", made.open(tmp_path / "v.npy")))
    yield made
    made.close()


def whole(session, plane, index):
    return Place(plane, session.region.slice_at(plane, index))


def test_a_perfect_person_with_all_slices_reaches_the_truth_exactly(session, truth):
    person = Person(session, truth, PERFECT)
    for index in range(SHAPE[0]):
        person.correct(whole(session, Plane.XY, index))
    np.testing.assert_array_equal(np.asarray(session.labels) != 0, truth)
    assert session.reviewed == truth.size


@pytest.mark.parametrize("plane", list(Plane))
def test_what_was_invented_is_erased_in_any_plane(session, truth, plane):
    session.import_labels(np.ones(SHAPE, np.uint8))
    index = SHAPE[plane.normal] // 2
    Person(session, truth, PERFECT).correct(whole(session, plane, index))
    at = Box.of(SHAPE).slice_at(plane, index).slices
    np.testing.assert_array_equal(np.asarray(session.labels)[at] != 0, truth[at])
    assert np.asarray(session.labels).sum() > truth.sum()


def test_a_window_of_a_slice_is_mended_and_accepted_alone(session, truth):
    place = Place(Plane.XY, Box((3, 0, 0), (4, 20, 22)))
    Person(session, truth, PERFECT).correct(place)
    shown = np.asarray(session.labels) != 0
    np.testing.assert_array_equal(shown[place.box.slices], truth[place.box.slices])
    assert session.reviewed == place.box.size
    assert shown.sum() == truth[place.box.slices].sum()


def test_one_seed_one_hand(session, truth):
    config = PersonConfig(seed=5, edge_px=1.0)
    worked = []
    for index in (1, 2):
        session.import_labels(np.zeros(SHAPE, np.uint8))
        person = Person(session, truth, config)
        worked.append(person.correct(whole(session, Plane.XY, 3)))
        found = np.asarray(session.labels)[3].copy()
        if index == 1:
            first = found
    assert worked[0] == worked[1]
    np.testing.assert_array_equal(first, found)


def test_time_grows_with_the_way_of_the_brush():
    config = PersonConfig(pause_s=0)
    person = Pace(config)
    seconds = [person.time_of(1000, way, 1) for way in (0, 10, 100, 1000)]
    assert seconds == sorted(seconds)
    steps = np.diff(seconds)
    np.testing.assert_allclose(steps, np.diff([0, 10, 100, 1000]) / config.brush_px_s)


def test_a_longer_and_a_wider_piece_takes_a_longer_way():
    ways = [Piece((0, 0), np.ones((3, length), bool), 1).path_px(15) for length in (9, 30, 90)]
    assert ways == sorted(set(ways))
    wide = Piece((0, 0), np.ones((60, 60), bool), 1)
    assert wide.path_px(4) == 900
    assert wide.path_px(15) < 300


def test_pauses_make_it_longer_and_never_shorter():
    busy, calm = (Pace(PersonConfig(pause_s=s, seed=1)) for s in (0, 20))
    times = [[person.time_of(1000, 500, 5) for _ in range(30)] for person in (busy, calm)]
    assert all(a <= b for a, b in zip(*times, strict=True))
    assert sum(times[1]) > sum(times[0]) + 20


def test_steady_edges_are_the_truth_and_unsteady_ones_stay_near_it(truth):
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(drawn_by_hand(truth[2], 0, rng), truth[2])
    from scipy.ndimage import distance_transform_edt

    drawn = drawn_by_hand(truth[2], 0.7, rng)
    off = drawn ^ truth[2]
    assert off.any()
    inside, outside = distance_transform_edt(truth[2]), distance_transform_edt(~truth[2])
    assert np.maximum(inside, outside)[off].max() < 4


def test_what_lies_at_the_wall_and_what_is_tiny_is_not_seen(truth):
    from scipy.ndimage import binary_dilation

    ring = binary_dilation(truth[2]) & ~truth[2]
    assert not list(pieces_of(ring, truth[2], 1, 1.5, value=0))
    assert list(pieces_of(ring, truth[2], 1, 0, value=0))
    speck = np.zeros_like(ring)
    speck[0, 0] = True
    assert not list(pieces_of(speck, truth[2], 2, 0, value=0))


@pytest.mark.parametrize("strategy", ["random", "even"])
def test_orders_are_seeded_and_name_no_slice_twice(session, strategy):
    first, again = (list(places_in_order(session, strategy, 5, 3)) for _ in range(2))
    assert first == again
    assert len({place.id for place in first}) == 5
