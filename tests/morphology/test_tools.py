"""Laws of the quick tools' pure functions, on shapes of known truth."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt, label

from napari_vessel.geometry import Box
from napari_vessel.morphology import (
    Likeness,
    belonging,
    bridged,
    component_at,
    filled,
    grown,
    interpolated,
    likeness_at,
    nearest_vessel,
    smoothed,
    surroundings,
)

CUBE = (1.0, 1.0, 1.0)


def ball(shape, centre, radius):
    far = sum((g - c) ** 2 for g, c in zip(np.indices(shape), centre, strict=True))
    return far <= radius**2


def disc(shape, centre, radius):
    return ball(shape, centre, radius)


# -- a component ---------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.3))
def test_a_component_read_in_growing_boxes_is_that_of_the_whole(seed, density):
    rng = np.random.default_rng(seed)
    mask = rng.random((9, 70, 120)) < density
    z, y, x = map(int, rng.integers(0, mask.shape))
    mask[z, y, x] = True
    bounds = Box.of(mask.shape)
    box, found = component_at(lambda part: mask[part.slices], (z, y, x), bounds)
    labels, _ = label(mask, np.ones((3, 3, 3)))
    expected = labels == labels[z, y, x]
    whole = np.zeros_like(mask)
    whole[box.slices] = found
    np.testing.assert_array_equal(whole, expected)
    assert all(found.any(axis=axis).any() for axis in range(3))
    assert found[0].any()
    assert found[-1].any()


def test_a_small_component_is_found_without_reading_the_volume():
    read = []

    def volume(box):
        read.append(box.size)
        mask = np.zeros(box.shape, bool)
        mask[tuple(s // 2 for s in box.shape)] = True
        return mask

    assert component_at(volume, (5000, 5000, 5000), Box.of((10_000,) * 3))[1].size == 1
    assert sum(read) < 200_000


def test_no_component_where_there_is_no_vessel():
    empty = np.zeros((4, 4, 4), bool)
    assert component_at(lambda box: empty[box.slices], (1, 1, 1), Box.of(empty.shape)) is None


def test_a_click_beside_a_vessel_means_the_nearest_of_it():
    mask = np.zeros((5, 9, 9), bool)
    mask[2, 4, 6] = mask[2, 0, 0] = True
    read = lambda box: mask[box.slices]  # noqa: E731
    assert nearest_vessel(read, (2, 4, 4), Box.of(mask.shape)) == (2, 4, 6)
    assert nearest_vessel(read, (2, 8, 2), Box.of(mask.shape)) is None


# -- growing -------------------------------------------------------------------------------


def test_growing_takes_the_next_lower_shell_and_stays_near_and_connected():
    shape = (15, 15, 40)
    probability = np.where(ball(shape, (7, 7, 7), 5), 60, 0).astype(np.uint8)
    probability[ball(shape, (7, 7, 7), 3)] = 120
    probability[ball(shape, (7, 7, 30), 4)] = 120  # another vessel, far away
    core = ball(shape, (7, 7, 7), 2)
    near = surroundings(core, np.zeros(shape, bool), 20.0, CUBE)
    larger, value = grown(probability, core, near)
    np.testing.assert_array_equal(larger, ball(shape, (7, 7, 7), 3))
    again, lower = grown(probability, larger, near)
    np.testing.assert_array_equal(again, ball(shape, (7, 7, 7), 5))
    assert 120 >= value > 60 >= lower > 0
    assert grown(probability, again, near) is None


def test_surroundings_are_measured_in_micrometres_and_leave_other_pieces_alone():
    shape = (5, 5, 9)
    one, other = np.zeros(shape, bool), np.zeros(shape, bool)
    one[2, 2, 2], other[2, 2, 4] = True, True
    near = surroundings(one, other, 2.5, (5.0, 1.0, 1.0))
    assert not near[1].any()  # 5 µm away
    assert near[2, 2, :5].tolist() == [True, True, True, True, False]


# -- the vessel brush ----------------------------------------------------------------------


def core(brush):
    """The inner half of a disc."""
    inside = distance_transform_edt(np.pad(brush, 1))[1:-1, 1:-1]
    return inside > inside.max() / 2


def slice_of_vessel():
    inside = disc((41, 41), (20, 20), 6)
    intensity = np.where(inside, 0.2, 0.8).astype(np.float32)
    return inside, intensity, np.zeros((41, 41), np.uint8)


def test_the_brush_takes_what_looks_like_the_vessel_and_no_more():
    inside, intensity, probability = slice_of_vessel()
    brush = disc(inside.shape, (20, 24), 8)
    like = likeness_at(intensity, probability, (20, 20))
    found = belonging(intensity, probability, brush, core(brush), like, 0.3)
    np.testing.assert_array_equal(found, inside & brush)


def test_where_no_brightness_tells_a_vessel_its_probability_does():
    inside, _, _ = slice_of_vessel()
    even = np.full(inside.shape, 0.5, np.float32)
    probability = np.where(inside, 40, 4).astype(np.uint8)  # far below any threshold
    brush = disc(inside.shape, (20, 24), 8)
    found = belonging(even, probability, brush, core(brush), Likeness(0.5, 40 / 255), 0.3)
    np.testing.assert_array_equal(found, inside & brush)


def test_the_brush_does_not_jump_to_another_vessel():
    _, intensity, probability = slice_of_vessel()
    intensity[20, 30:33] = 0.2  # under the rim of the brush, not under its inner half
    brush = disc(intensity.shape, (20, 20), 14)
    found = belonging(intensity, probability, brush, core(brush), Likeness(0.2, 0.0), 0.3)
    assert not found[20, 30:33].any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.9), st.floats(0, 0.1))
def test_more_tolerance_takes_no_less_and_never_leaves_the_brush(seed, tolerance, more):
    rng = np.random.default_rng(seed)
    intensity = rng.random((15, 15)).astype(np.float32)
    probability = rng.integers(0, 256, (15, 15)).astype(np.uint8)
    brush, like = disc((15, 15), (7, 7), 6), likeness_at(intensity, probability, (7, 7))
    less = belonging(intensity, probability, brush, core(brush), like, tolerance)
    assert not (
        less & ~belonging(intensity, probability, brush, core(brush), like, tolerance + more)
    ).any()
    assert not (less & ~brush).any()
    np.testing.assert_array_equal(
        belonging(intensity, probability, brush, core(brush), like, 1.0), brush
    )


# -- between two slices --------------------------------------------------------------------


def test_a_cone_is_filled_in_from_its_ends():
    shape, radii = (41, 41), np.linspace(12, 4, 9)
    cone = np.stack([disc(shape, (20, 20), r) for r in radii])
    found = interpolated(cone[0], cone[-1], 7)
    wrong = np.count_nonzero(found != cone[1:-1]) / np.count_nonzero(cone[1:-1])
    assert wrong < 0.08


def test_an_oblique_vessel_stays_one_where_its_outlines_do_not_overlap():
    shape = (20, 80)
    first, last = disc(shape, (10, 10), 4), disc(shape, (10, 70), 4)
    found = interpolated(first, last, 9)
    sizes = found.sum(axis=(1, 2))
    assert (abs(sizes - first.sum()) <= 8).all()
    assert label(found[4])[1] == 1
    centres = [np.argwhere(each)[:, 1].mean() for each in found]
    np.testing.assert_allclose(centres, np.linspace(10, 70, 11)[1:-1], atol=0.5)


def test_equal_outlines_are_repeated():
    outline = np.zeros((12, 12), bool)
    outline[3:7, 2:9] = True
    np.testing.assert_array_equal(interpolated(outline, outline, 3), np.stack([outline] * 3))


# -- holes, surfaces, gaps -----------------------------------------------------------------


def test_a_lumen_is_filled_and_a_large_loop_is_not():
    tube = np.stack([disc((40, 40), (10, 10), 5) & ~disc((40, 40), (10, 10), 3)] * 6)
    loop = np.stack([disc((40, 40), (25, 25), 12) & ~disc((40, 40), (25, 25), 10)] * 6)
    found = filled(tube | loop, normal=0, largest=60)
    np.testing.assert_array_equal(found, np.stack([disc((40, 40), (10, 10), 5)] * 6) | loop)


@pytest.mark.parametrize("normal", [0, 1, 2])
def test_a_cavity_is_filled_in_any_plane(normal):
    shell = ball((21, 21, 21), (10, 10, 10), 9) & ~ball((21, 21, 21), (10, 10, 10), 6)
    expected = ball((21, 21, 21), (10, 10, 10), 9)
    np.testing.assert_array_equal(filled(shell, normal, largest=1), expected)


def test_smoothing_keeps_the_volume_and_a_vessel_of_one_voxel():
    rng = np.random.default_rng(0)
    rough = ball((24, 24, 24), (12, 12, 12), 8) ^ (rng.random((24, 24, 24)) < 0.05)
    smooth = smoothed(rough, (1.0, 1.0, 1.0))
    assert smooth.sum() == rough.sum()
    assert _surface(smooth) < _surface(rough)
    thread = np.zeros((9, 9, 30), bool)
    thread[4, 4, 2:28] = True
    assert (smoothed(thread, (1.0, 1.0, 1.0)) & thread).sum() >= 20


def _surface(mask):
    return sum(np.count_nonzero(np.diff(mask, axis=axis)) for axis in range(3))


def test_a_gap_is_closed_along_the_likely_way_and_joins_both_ends():
    shape = (9, 30, 60)
    vessel = np.zeros(shape, bool)
    vessel[3:6, 9:12, :20], vessel[3:6, 9:12, 40:] = True, True
    probability = np.where(vessel, 200, 0).astype(np.uint8)
    for x in range(20, 40):  # the way bends away from the straight line
        y = 10 + round(8 * np.sin((x - 20) / 20 * np.pi))
        probability[4, y - 1 : y + 2, x] = 90
    tube = bridged(probability, vessel, ((4, 10, 19), (4, 10, 40)), CUBE)
    assert label(vessel | tube, np.ones((3, 3, 3)))[1] == 1
    assert tube[4, 18, 30]
    assert not tube[4, 10, 30]


def test_the_way_over_a_gap_keeps_to_the_middle_of_a_bend():
    grid = np.indices((17, 60, 80))
    middle = 30 - 16 * np.cos(grid[2] / 25)
    bend = (grid[0] - 8) ** 2 + (grid[1] - middle) ** 2 <= 25
    vessel = bend & ((grid[2] < 25) | (grid[2] >= 52))
    probability = np.where(bend, 60, 0).astype(np.uint8)
    ends = tuple((8, round(30 - 16 * np.cos(x / 25)), x) for x in (23, 53))
    tube = bridged(probability, vessel, ends, CUBE) | vessel
    overlap = 2 * np.count_nonzero(tube & bend) / (tube.sum() + bend.sum())
    assert overlap > 0.93


def test_the_tube_over_a_gap_goes_from_one_radius_to_the_other():
    shape = (25, 25, 60)
    vessel = np.zeros(shape, bool)
    cross = partial(disc, (25, 25), (12, 12))
    vessel[:, :, :20] = cross(7)[:, :, None]
    vessel[:, :, 40:] = cross(3)[:, :, None]
    tube = bridged(np.zeros(shape, np.uint8), vessel, ((12, 12, 19), (12, 12, 40)), CUBE)
    areas = tube[:, :, 22:38].sum(axis=(0, 1))
    assert areas[0] > 1.5 * areas[-1] > 0
    assert (np.diff(areas) <= 0).all()
    assert areas[0] <= cross(7).sum()
