import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.tiling import BlockGrid, nearest_first

edges = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
corners = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))


@given(start=corners, shape=edges, block=edges)
def test_blocks_cover_the_region_once(
    start: tuple[int, int, int], shape: tuple[int, int, int], block: tuple[int, int, int]
) -> None:
    region = Box.of(shape).shifted(start)
    grid = BlockGrid(region, block)
    count = np.zeros(region.stop, int)
    for box in grid.blocks:
        assert region.contains(box)
        count[box.slices] += 1
    assert (count[region.slices] == 1).all()
    assert count.sum() == region.size
    assert len(grid) == len(grid.blocks)


@given(start=corners, shape=edges, block=edges)
def test_no_two_blocks_share_a_cell_of_the_grid(
    start: tuple[int, int, int], shape: tuple[int, int, int], block: tuple[int, int, int]
) -> None:
    boxes = BlockGrid(Box.of(shape).shifted(start), block).blocks
    cells = [tuple(a // e for a, e in zip(b.start, block, strict=True)) for b in boxes]
    lasts = [tuple((a - 1) // e for a, e in zip(b.stop, block, strict=True)) for b in boxes]
    assert cells == lasts
    assert len(set(cells)) == len(cells)


def test_an_empty_region_has_no_blocks() -> None:
    grid = BlockGrid(Box((3, 0, 0), (3, 5, 5)), (4, 4, 4))
    assert grid.blocks == []
    assert len(grid) == 0


def test_a_block_without_voxels_is_refused() -> None:
    with pytest.raises(CallerError, match="at least 1"):
        BlockGrid(Box.of((4, 4, 4)), (0, 4, 4))


def test_the_block_in_view_comes_first_and_distance_is_physical() -> None:
    blocks = BlockGrid(Box.of((8, 8, 8)), (4, 4, 4)).blocks
    ordered = nearest_first(blocks, (5, 3, 1), VoxelSize(10, 1, 1))
    assert ordered[0] == Box((4, 0, 0), (8, 4, 4))
    assert [b.start[0] for b in ordered] == [4] * 4 + [0] * 4
    assert sorted(map(str, ordered)) == sorted(map(str, blocks))


def test_equally_near_blocks_keep_the_order_given() -> None:
    blocks = BlockGrid(Box.of((8, 8, 8)), (4, 4, 4)).blocks
    assert nearest_first(blocks, (4, 4, 4), VoxelSize(1, 1, 1)) == blocks
