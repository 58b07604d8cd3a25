import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import Levels, context_of
from napari_vessel.inference._context import Grid, read_context
from napari_vessel.tiling import SAME

XY, XZ, YZ = Plane
BOUNDS = Box.of((100, 200, 300))


@given(
    start=st.tuples(*[st.integers(0, 90)] * 3),
    shape=st.tuples(*[st.integers(1, 10)] * 3),
    halo=st.integers(0, 40),
)
def test_a_context_holds_block_and_halo_on_the_coarsest_grid(
    start: tuple[int, int, int], shape: tuple[int, int, int], halo: int
) -> None:
    block = Box.of(shape).shifted(start)
    context = context_of(block, BOUNDS, tuple(Plane), halo)
    wished = block.expanded((halo, halo, halo)).intersection(BOUNDS)
    assert wished is not None
    assert context.contains(wished)
    assert all(side % 32 == 0 for side in (*context.start, *context.stop))
    assert all(a - b < 32 for a, b in zip(wished.start, context.start, strict=True))
    assert all(b - a < 32 for a, b in zip(wished.stop, context.stop, strict=True))


def test_nothing_is_read_along_a_normal_that_lies_in_no_plane() -> None:
    block = Box((40, 64, 64), (41, 96, 96))
    assert context_of(block, BOUNDS, (XY,), 32) == Box((40, 32, 32), (41, 128, 128))
    assert context_of(block, BOUNDS, (XZ,), 32).shape[1] == 32


def test_beyond_the_bounds_voxels_are_mirrored() -> None:
    voxels = np.random.default_rng(0).random((40, 33, 70), np.float32)
    bounds = Box.of(voxels.shape)
    context = context_of(Box((30, 30, 60), (40, 33, 70)), bounds, tuple(Plane), 8)
    expected = np.pad(voxels, ((0, 24), (0, 31), (0, 26)), mode="reflect")[context.slices]
    found = read_context(Levels(lambda box, _: voxels[box.slices]), context, Grid(SAME, bounds))
    np.testing.assert_array_equal(found, expected)


def test_a_block_outside_the_bounds_and_a_wrong_reader_are_refused() -> None:
    with pytest.raises(CallerError, match="lie inside"):
        context_of(Box((0, 0, 0), (101, 1, 1)), BOUNDS, (XY,), 0)
    with pytest.raises(CallerError, match="hold voxels"):
        context_of(Box((5, 0, 0), (5, 1, 1)), BOUNDS, (XY,), 0)
    with pytest.raises(CallerError, match="expected"):
        wrong = Levels(lambda box, level: np.zeros((1, 2, 3), np.float32))
        read_context(wrong, Box.of((4, 4, 4)), Grid(SAME, BOUNDS))
