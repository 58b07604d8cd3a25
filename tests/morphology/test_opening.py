"""Area opening is: threshold, then remove what is small; at every threshold at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter, label
from skimage.morphology import area_opening

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.morphology import area_opened, least_voxels, opened_block
from napari_vessel.volumes import mask_of

SHAPES = st.tuples(*[st.integers(1, 7)] * 3)
FEW_VALUES = st.sampled_from([0, 1, 2, 128, 254, 255])


def probabilities():
    return SHAPES.flatmap(lambda shape: arrays(np.uint8, shape, elements=FEW_VALUES))


def smooth(shape=(14, 40, 44), seed=0):
    """Blobs and bridges of all sizes, on a ramp of values, half of it 0."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.3)
    return np.clip(noise / noise.std() * 90, 0, 255).astype(np.uint8)


def without_small(mask, least):
    """The plain way, for one threshold."""
    labels, _ = label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())
    return (mask != 0) & (sizes[labels] >= least)


@settings(deadline=None, max_examples=150)
@given(probabilities(), st.integers(0, 40))
def test_at_every_threshold_what_is_small_is_gone_and_nothing_else(probability, least):
    opened = area_opened(probability, least)
    for value in np.unique(probability)[np.unique(probability) > 0]:
        np.testing.assert_array_equal(
            opened >= value, without_small(probability >= value, least), err_msg=f"at {value}"
        )


@pytest.mark.parametrize("least", [2, 9, 70, 5000])
def test_it_is_what_skimage_s_slow_max_tree_gives(least):
    probability = smooth((9, 20, 22))
    expected = area_opening(probability, least, connectivity=3)
    np.testing.assert_array_equal(area_opened(probability, least), expected)


@pytest.mark.parametrize("threshold", [0.0, 0.01, 0.1, 0.3, 0.5, 0.77, 0.99, 1.0])
@pytest.mark.parametrize("least", [2, 30, 400])
def test_thresholding_it_is_thresholding_and_then_removing_what_is_small(threshold, least):
    probability = smooth()
    shown = mask_of(area_opened(probability, least), threshold)
    np.testing.assert_array_equal(shown, without_small(mask_of(probability, threshold), least))


def test_a_piece_of_just_the_size_stays_and_one_of_a_voxel_less_goes():
    probability = np.zeros((3, 9, 9), np.uint8)
    probability[1, 1, 1:6] = 200
    probability[1, 5, 1:5] = 200
    opened = area_opened(probability, 5)
    assert (opened[1, 1] == probability[1, 1]).all()
    assert not opened[1, 5].any()


def test_voxels_that_touch_by_a_corner_are_one_piece():
    probability = np.zeros((4, 4, 4), np.uint8)
    probability[range(4), range(4), range(4)] = 9
    np.testing.assert_array_equal(area_opened(probability, 4), probability)


def test_what_reaches_a_cut_face_stays_and_what_reaches_a_true_face_does_not():
    probability = np.zeros((5, 5, 5), np.uint8)
    probability[2, 2, 0] = probability[2, 2, 4] = 100
    opened = area_opened(probability, 50, ((False, False), (False, False), (False, True)))
    assert opened[2, 2, 4] == 100
    assert opened[2, 2, 0] == 0


@pytest.mark.parametrize("least", [0, 1])
def test_up_to_one_voxel_nothing_is_removed_and_the_result_is_a_copy(least):
    probability = smooth()
    opened = area_opened(probability, least)
    np.testing.assert_array_equal(opened, probability)
    assert not np.shares_memory(opened, probability)


def blockwise(probability, least, halo, edge):
    bounds, opened = Box.of(probability.shape), np.empty_like(probability)
    for block in bounds.cells(edge):
        opened[block.slices] = opened_block(
            lambda box: probability[box.slices], block, bounds, least, halo
        )
    return opened


@settings(deadline=None, max_examples=100)
@given(probabilities(), st.integers(2, 6), st.tuples(*[st.integers(1, 4)] * 3))
def test_in_blocks_it_is_the_same_where_small_pieces_fit_in_the_halo(probability, least, edge):
    np.testing.assert_array_equal(
        blockwise(probability, least, least - 1, edge), area_opened(probability, least)
    )


@settings(deadline=None, max_examples=100)
@given(probabilities(), st.integers(2, 60), st.integers(0, 3))
def test_in_blocks_with_any_halo_nothing_large_is_lost(probability, least, halo):
    opened = blockwise(probability, least, halo, (2, 3, 4))
    assert (opened >= area_opened(probability, least)).all()
    assert (opened <= probability).all()


def test_a_piece_that_ends_in_the_halo_goes_and_one_that_goes_through_it_stays():
    probability = np.zeros((1, 1, 40), np.uint8)
    probability[..., 5:12] = 90
    block, bounds = Box((0, 0, 0), (1, 1, 8)), Box.of(probability.shape)
    read = lambda box: probability[box.slices]  # noqa: E731
    assert not opened_block(read, block, bounds, 50, halo=5).any()
    assert opened_block(read, block, bounds, 50, halo=4)[..., 5:].all()


def test_no_more_than_the_halo_is_read():
    asked = []

    def read(box):
        asked.append(box)
        return np.ones(box.shape, np.uint8)

    opened_block(read, Box((8, 8, 8), (16, 16, 16)), Box.of((20, 99, 99)), 9, halo=5)
    assert asked == [Box((3, 3, 3), (20, 21, 21))]


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_a_smallest_piece_that_is_no_volume_is_refused(wrong):
    with pytest.raises(CallerError, match="from 0"):
        least_voxels(wrong, VoxelSize(1, 1, 1))


def test_voxels_are_counted_up_to_whole_ones_and_rounding_adds_none():
    assert least_voxels(0.3, VoxelSize(0.1, 1, 1)) == 3
    assert least_voxels(1.1, VoxelSize(0.1, 1, 1)) == 11
    assert least_voxels(125_001, VoxelSize(50, 50, 50)) == 2
