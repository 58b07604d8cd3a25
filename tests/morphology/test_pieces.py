import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_fill_holes, generate_binary_structure, label

from napari_vessel.geometry import Box
from napari_vessel.metrics import Pieces
from napari_vessel.morphology import BlocksDone, cavities_filled, find_pieces, small_removed

STEPS = {6: 1, 18: 2, 26: 3}
masks = st.tuples(
    st.tuples(*[st.integers(1, 11)] * 3),
    st.sampled_from([0.1, 0.3, 0.6, 0.85]),
    st.integers(0, 2**16),
)
blocks = st.tuples(*[st.integers(1, 8)] * 3)


def made(spec):
    shape, share, seed = spec
    return np.random.default_rng(seed).random(shape) < share


def last(events):
    *_, end = events
    return end


@settings(max_examples=60, deadline=None)
@given(
    spec=masks,
    block=blocks,
    connectivity=st.sampled_from([6, 18, 26]),
    least=st.integers(0, 30),
    seed=st.integers(0, 99),
)
def test_small_pieces_removed_in_blocks_are_those_removed_of_the_whole(
    spec, block, connectivity, least, seed
) -> None:
    mask = made(spec)
    box = Box.of(mask.shape)
    read = lambda b: mask[b.slices]  # noqa: E731
    pieces = last(find_pieces(read, box, block=block, connectivity=connectivity))
    cleaned = small_removed(read, pieces, least)
    labels, _ = label(mask, generate_binary_structure(3, STEPS[connectivity]))
    expected = mask & (np.bincount(labels.ravel()) >= least)[labels]
    np.testing.assert_array_equal(cleaned(box), expected)
    # Any box of it, whatever the blocks.
    rng = np.random.default_rng(seed)
    start = [int(rng.integers(0, n)) for n in mask.shape]
    stop = [int(rng.integers(a, n)) + 1 for a, n in zip(start, mask.shape, strict=True)]
    part = Box(tuple(start), tuple(stop))
    np.testing.assert_array_equal(cleaned(part), expected[part.slices])


@settings(max_examples=60, deadline=None)
@given(spec=masks, block=blocks)
def test_cavities_filled_in_blocks_are_scipys_of_the_whole(spec, block) -> None:
    mask = made(spec)
    box = Box.of(mask.shape)
    read = lambda b: mask[b.slices]  # noqa: E731
    around = last(find_pieces(read, box, block=block, connectivity=6, around=True))
    np.testing.assert_array_equal(cavities_filled(read, around)(box), binary_fill_holes(mask))


def test_a_cavity_that_is_too_large_stays() -> None:
    mask = np.ones((9, 9, 12), bool)
    mask[2:4, 2:4, 2:4] = False  # 8 voxels
    mask[6, 6, 8:10] = False  # 2
    box = Box.of(mask.shape)
    read = lambda b: mask[b.slices]  # noqa: E731
    around = last(find_pieces(read, box, block=(3, 3, 3), connectivity=6, around=True))
    filled = cavities_filled(read, around, largest_voxels=2)(box)
    assert filled[6, 6, 8:10].all()
    assert not filled[2:4, 2:4, 2:4].any()


def test_no_read_is_larger_than_a_block_and_progress_reaches_the_end() -> None:
    seen = []

    def read(box: Box):
        seen.append(box.shape)
        return np.zeros(box.shape, np.uint8)

    *progress, pieces = find_pieces(read, Box.of((30, 40, 50)), block=(10, 10, 10))
    assert np.max(seen, axis=0).tolist() == [10, 10, 10]
    assert progress[-1] == BlocksDone(60, 60)
    assert isinstance(pieces, Pieces)
    assert pieces.count == 0
