"""Which place comes next: gain, work, ways, and no two alike."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.annotation import (
    UNTOUCHED,
    CellProfile,
    Place,
    QueueConfig,
    Standpoint,
    cells_of,
    expected_wrong,
    hottest,
    rank_places,
    reach_of,
    work_seconds,
    wrong_table,
)
from napari_vessel.geometry import Box, Plane, VoxelSize

WHOLE = Box((0, 0, 0), (40, 50, 60))
CONFIG = QueueConfig(window=64, count=5)
REACH = (8, 8, 8)


def place(index, gain, plane=Plane.XY, box=WHOLE, config=CONFIG):
    at = box.slice_at(plane, index)
    return Place(plane, at, gain, gain, work_seconds(gain, at.size, config))


def test_more_expected_errors_come_first_and_too_few_do_not_come():
    ranked = rank_places([place(2, 50), place(20, 500), place(38, 1)], CONFIG, REACH)
    assert [each.index for each in ranked] == [20, 2]


def test_of_neighbours_one_is_enough_while_there_is_as_much_elsewhere():
    ranked = rank_places([place(20, 100), place(21, 99), place(38, 90)], CONFIG, REACH)
    assert [each.index for each in ranked] == [20, 38, 21]
    assert ranked[-1].gain < 99 / 4


def test_crossing_slices_teach_each_other_little():
    ranked = rank_places([place(20, 100), place(25, 99, Plane.XZ)], CONFIG, REACH)
    assert ranked[1].gain > 60


@pytest.mark.parametrize("far", [1, 3, 9])
def test_what_is_carried_is_the_mean_over_the_voxels_of_a_place(far):
    from napari_vessel.annotation._queue import _carried

    rng = np.random.default_rng(0)
    for _ in range(50):
        low, start = rng.integers(0, 30, 2)
        high, stop = low + rng.integers(1, 9), start + rng.integers(1, 20)
        voxels = np.arange(start, stop)
        away = np.maximum(np.maximum(low - voxels, voxels - (high - 1)), 0)
        expected = np.clip(1 - away / far, 0, None).mean()
        found = _carried(np.array([start]), np.array([stop]), low, high, float(far))
        assert found[0] == pytest.approx(expected)


def test_what_is_near_comes_before_what_is_far_and_as_good():
    box = Box((0, 0, 0), (40, 50, 600))
    near, far = Box((0, 0, 0), (40, 50, 64)), Box((0, 0, 500), (40, 50, 564))
    places = [place(10, 101, box=far), place(10, 100, box=near)]
    start = Standpoint((10.0, 25.0, 30.0), Plane.XY, box)
    assert rank_places(places, CONFIG, REACH, start)[0].box.start[2] == 0
    assert rank_places(places, CONFIG, REACH)[0].box.start[2] == 500


def test_opening_another_region_is_work_too():
    places = [place(10, 100, box=Box((0, 0, 64), (40, 50, 128))), place(30, 90)]
    start = Standpoint((20.0, 25.0, 62.0), Plane.XY, WHOLE)
    assert rank_places(places, CONFIG, REACH, start)[0].index == 30


def test_what_was_skipped_is_not_named():
    places = [place(2, 50), place(20, 500)]
    ranked = rank_places(places, CONFIG, REACH, left_out={places[1].id})
    assert [each.index for each in ranked] == [2]


def test_a_place_is_read_back_by_its_id():
    one = place(7, 3.0, Plane.YZ)
    again = Place.of(one.id)
    assert (again.plane, again.box, again.id) == (one.plane, one.box, one.id)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_a_network_is_least_sure_at_its_threshold_and_agreement_makes_it_surer(threshold):
    table = wrong_table(threshold, CONFIG).reshape(256, 256)
    assert abs(int(np.argmax(table[:, 0])) - threshold * 255) <= 1
    assert table[0, 0] == 0
    assert (np.diff(table[10]) > 0).all()


def test_reviewed_voxels_are_not_expected_to_be_wrong():
    rng = np.random.default_rng(0)
    probability, apart = (rng.integers(0, 256, (3, 4, 5)).astype(np.uint8) for _ in range(2))
    codes = rng.integers(0, 3, (3, 4, 5)).astype(np.uint8)
    wrong = expected_wrong(probability, apart, codes, wrong_table(0.5, CONFIG))
    assert not wrong[codes != UNTOUCHED].any()
    free = codes == UNTOUCHED
    table = wrong_table(0.5, CONFIG).reshape(256, 256)
    np.testing.assert_array_equal(wrong[free], table[probability[free], apart[free]])


def test_cells_cover_a_region_once_and_keep_their_place_when_it_moves():
    shape = (40, 900, 700)
    seen = np.zeros(shape, int)
    for cell in cells_of(Box.of(shape), shape, 128):
        seen[cell.slices] += 1
    assert (seen == 1).all()
    inner = Box((0, 256, 128), (40, 512, 384))
    assert set(cells_of(inner, shape, 128)) <= set(cells_of(Box.of(shape), shape, 128))


def profile_of(wrong, codes, slabs):
    cell = Box((3, 4, 5), (3 + wrong.shape[0], 4 + wrong.shape[1], 5 + wrong.shape[2]))
    profile = CellProfile(cell)
    for slab in cell.cells((slabs, *cell.stop[1:])):
        for piece in profile.pieces(slab):
            at = piece.relative_to(cell).slices
            profile.add(piece, wrong[at], codes[at])
    return profile


@pytest.mark.parametrize("slabs", [1, 5, 100])
def test_profiles_do_not_depend_on_how_a_cell_is_read(slabs):
    rng = np.random.default_rng(1)
    wrong = rng.random((11, 12, 13), np.float32)
    codes = rng.integers(0, 3, wrong.shape).astype(np.uint8)
    profile = profile_of(wrong, codes, slabs)
    for plane in Plane:
        others = tuple(axis for axis in range(3) if axis != plane.normal)
        np.testing.assert_allclose(profile.wrong[plane], wrong.sum(axis=others), rtol=1e-4)
        np.testing.assert_array_equal(profile.reviewed[plane], (codes != 0).sum(axis=others))


def test_an_error_is_put_forward_in_the_plane_where_it_shows_most():
    wrong = np.zeros((32, 32, 32), np.float32)
    wrong[:, 10, 12] = 1  # a missed vessel along z: a point in XY, a line in XZ and YZ
    places = profile_of(wrong, np.zeros(wrong.shape, np.uint8), 8).places(
        tuple(Plane), CONFIG, REACH
    )
    assert {(p.plane, p.index) for p in places} == {(Plane.XZ, 14), (Plane.YZ, 17)}


def test_slices_beside_a_reviewed_one_promise_less():
    wrong = np.full((20, 8, 8), 0.5, np.float32)
    codes = np.zeros(wrong.shape, np.uint8)
    wrong[3], codes[3] = 0, 1
    places = profile_of(wrong, codes, 32).places((Plane.XY,), QueueConfig(per_cell=20), REACH)
    gains = {p.index - 3: p.gain for p in places}
    assert 3 not in gains
    assert gains[max(gains)] == pytest.approx(32)
    assert all(gain < 32 for index, gain in gains.items() if index < 11)


def test_a_correction_carries_as_far_along_every_axis_in_micrometres():
    assert reach_of(QueueConfig(reach=8), VoxelSize(4, 1, 1)) == (2, 8, 8)
    assert reach_of(QueueConfig(reach=1), VoxelSize(9, 1, 1)) == (1, 1, 1)
    assert reach_of(QueueConfig(reach=0), VoxelSize(4, 1, 1)) == (0, 0, 0)


def test_the_view_goes_where_errors_lie_together():
    wrong = np.zeros((1, 60, 60), np.float32)
    wrong[0, 5, 5] = 1
    wrong[0, 40:50, 30:40] = 0.5
    _, y, x = hottest(wrong, Box((7, 100, 200), (8, 160, 260)))
    assert 140 <= y < 150
    assert 230 <= x < 240
