import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import generate_binary_structure, label

from napari_vessel.errors import CallerError, LabelsError
from napari_vessel.geometry import Box
from napari_vessel.metrics import Connectivity, PieceFinder, Pieces

STEPS = {6: 1, 18: 2, 26: 3}
edges = st.tuples(*[st.integers(1, 9)] * 3)


def found(mask: NDArray[np.bool_], box: Box, block: tuple, connectivity: Connectivity) -> Pieces:
    finder = PieceFinder(box, block, connectivity)
    for cell in box.cells(block):
        assert finder.add(mask[cell.slices]) == cell
    return finder.pieces()


def numbers_of(pieces: Pieces, mask: NDArray[np.bool_], box: Box) -> NDArray[np.int64]:
    whole = np.zeros(mask.shape, np.int64)
    for cell in box.cells(pieces.block):
        whole[cell.slices] = pieces.of_block(cell, mask[cell.slices])
    return whole[box.slices]


@settings(max_examples=150, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 12)] * 3),
    block=edges,
    margin=st.integers(0, 2),
    share=st.sampled_from([0.05, 0.2, 0.4, 0.8, 1.0]),
    connectivity=st.sampled_from([6, 18, 26]),
    seed=st.integers(0, 2**16),
)
def test_pieces_of_blocks_are_those_of_the_whole(
    shape, block, margin, share, connectivity, seed
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(tuple(n + margin for n in shape)) < share
    box = Box((margin,) * 3, mask.shape)
    pieces = found(mask, box, block, connectivity)
    labels, count = label(mask[box.slices], generate_binary_structure(3, STEPS[connectivity]))
    numbers = numbers_of(pieces, mask, box)
    # One number for one label, both ways.
    pairs = np.unique(np.stack([labels.ravel(), numbers.ravel()], axis=1), axis=0)
    assert pieces.count == count == len(pairs) - (labels == 0).any()
    assert ((pairs[:, 0] == 0) == (pairs[:, 1] == 0)).all()
    np.testing.assert_array_equal(pieces.sizes[1:], np.bincount(numbers.ravel())[1:])
    assert (np.diff(pieces.sizes[1:]) <= 0).all()
    inner = np.zeros(labels.shape, bool)
    inner[1:-1, 1:-1, 1:-1] = True
    reaching = set(np.unique(numbers[~inner])) - {0}
    assert set(np.flatnonzero(pieces.open)) == reaching


def test_another_mask_on_the_second_look_is_refused() -> None:
    mask, box = np.zeros((4, 4, 4), bool), Box.of((4, 4, 4))
    pieces = found(mask, box, (4, 4, 4), 26)
    with pytest.raises(LabelsError, match="changed"):
        pieces.of_block(box, ~mask)


def test_blocks_come_in_their_order_and_of_their_shape() -> None:
    finder = PieceFinder(Box.of((4, 4, 6)), (4, 4, 4))
    with pytest.raises(LabelsError, match="0:4,0:4,0:4"):
        finder.add(np.zeros((4, 4, 2), bool))
    with pytest.raises(CallerError, match="6, 18 or 26"):
        PieceFinder(Box.of((4, 4, 6)), (4, 4, 4), 8)  # type: ignore[arg-type]
