from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.errors import CallerError
from napari_vessel.tiling import SliceTiler, TileConfig, tile_starts

SHAPES = [(1, 1), (1, 100), (31, 32), (33, 127), (97, 101), (64, 200)]
SMALL = TileConfig(tile=64, overlap=24)


@pytest.mark.parametrize("length", [1, 31, 32, 33, 100, 511])
def test_tiles_cover_every_voxel_and_overlap_enough(length: int) -> None:
    starts = tile_starts(length, tile=32, overlap=8)
    covered = np.zeros(length, int)
    for start in starts:
        covered[start : start + 32] += 1
    assert covered.min() >= 1
    assert all(b - a <= 32 - 8 for a, b in pairwise(starts))
    assert starts[-1] == max(length - 32, 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_cut_blends_back_exactly(shape: tuple[int, int]) -> None:
    slices = np.random.default_rng(0).random((3, *shape), np.float32)
    tiler = SliceTiler(shape, SMALL)
    np.testing.assert_array_equal(tiler.blend(tiler.cut(slices)), slices)


@given(
    rows=st.integers(1, 200),
    columns=st.integers(1, 200),
    overlap=st.integers(0, 63),
    value=st.floats(0, 1, width=32),
)
def test_a_constant_stays_that_constant(
    rows: int, columns: int, overlap: int, value: float
) -> None:
    tiler = SliceTiler((rows, columns), TileConfig(tile=64, overlap=overlap))
    tiles = np.full((len(tiler.windows), *tiler.tile_shape), value, np.float32)
    assert (tiler.blend(tiles) == np.float32(value)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_tile_is_what_a_network_takes(shape: tuple[int, int]) -> None:
    tiler = SliceTiler(shape, SMALL)
    tiles = tiler.cut(np.zeros(shape, np.float32))
    assert tiles.shape == (len(tiler.windows), *tiler.tile_shape)
    assert all(side % 32 == 0 and side <= 64 for side in tiler.tile_shape)


def test_a_slice_that_fits_a_tile_is_not_cut() -> None:
    tiler = SliceTiler((511, 300), TileConfig())
    assert tiler.windows == [(slice(0, 511), slice(0, 300))]
    assert tiler.tile_shape == (512, 320)


def test_padding_mirrors_the_slice() -> None:
    image = np.random.default_rng(0).random((40, 25), np.float32)
    tile = SliceTiler(image.shape, SMALL).cut(image)[0]
    np.testing.assert_array_equal(tile, np.pad(image, ((0, 24), (0, 7)), mode="reflect"))


def test_seams_are_smooth_between_tiles_that_disagree() -> None:
    tiler = SliceTiler((64, 104), SMALL)
    tiles = np.stack([np.full((64, 64), float(i), np.float32) for i in range(2)])
    row = tiler.blend(tiles)[30]
    assert np.abs(np.diff(row)).max() < 0.2
    assert (row[0], row[-1]) == (0, 1)


def test_an_empty_slice_is_refused() -> None:
    with pytest.raises(CallerError, match="0 × 5"):
        SliceTiler((0, 5), SMALL)


@given(
    length=st.integers(1, 3000),
    tile=st.integers(2, 16).map(lambda n: 32 * n),
    overlap=st.integers(0, 63),
)
def test_tiles_are_as_few_as_the_largest_would_be_and_no_larger_than_they_need(
    length: int, tile: int, overlap: int
) -> None:
    tiler = SliceTiler((length, 1), TileConfig(tile=tile, overlap=overlap))
    side, count = tiler.tile_shape[0], len(tiler.windows)
    fewest = len(tile_starts(length, tile=tile, overlap=overlap))
    assert count <= fewest
    assert side <= tile
    assert count * side < length + (count - 1) * overlap + 32 * count  # what rounding adds
    starts = [row.start for row, _ in tiler.windows]
    assert all(b - a <= side - overlap for a, b in pairwise(starts))
