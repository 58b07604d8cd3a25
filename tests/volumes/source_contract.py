"""The laws every source obeys; each format's tests inherit them."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.volumes import Source

SHAPE = (11, 37, 29)


def truth(dtype="u2", shape=SHAPE):
    """Return voxels of which no two neighbours are equal."""
    values = np.random.default_rng(7).integers(0, 2**16, shape)
    return values.astype(dtype)


class SourceContract:
    @pytest.fixture
    def source(self, tmp_path) -> Source:
        raise NotImplementedError

    @pytest.fixture
    def expected(self):
        return truth()

    def test_it_is_a_source(self, source):
        assert isinstance(source, Source)

    def test_the_whole_reads_as_it_was_written(self, source, expected):
        np.testing.assert_array_equal(source.read(Box.of(source.shapes[0]), 0), expected)

    def test_levels_only_get_coarser(self, source):
        for finer, coarser in zip(source.shapes, source.shapes[1:], strict=False):
            assert all(c <= f for f, c in zip(finer, coarser, strict=True))
        assert len(source.factors) == len(source.shapes)
        assert source.factors[0] == (1, 1, 1)

    def test_a_box_reads_as_cut_from_the_whole(self, source, expected):
        part = Box((1, 0, 2), (8, 35, 29))
        np.testing.assert_array_equal(source.read(part, 0), expected[part.slices])

    def test_one_voxel_and_none_can_be_read(self, source, expected):
        assert source.read(Box((3, 4, 5), (4, 5, 6)), 0).item() == expected[3, 4, 5]
        assert source.read(Box((3, 4, 5), (3, 5, 6)), 0).shape == (0, 1, 1)

    def test_what_is_read_is_native_contiguous_and_ones_own(self, source):
        box = Box((0, 0, 0), (2, 3, 4))
        first = source.read(box, 0)
        assert first.dtype == source.dtype
        assert first.dtype.isnative
        assert first.flags.c_contiguous
        first[...] = 0
        assert source.read(box, 0).any()

    def test_a_box_outside_is_refused(self, source):
        z, y, x = source.shapes[0]
        for box in (Box((0, 0, 0), (z + 1, y, x)), Box((0, 0, -1), (1, 1, 1))):
            with pytest.raises(CallerError, match="outside"):
                source.read(box, 0)

    def test_a_level_that_is_not_there_is_refused(self, source):
        for level in (-1, len(source.shapes)):
            with pytest.raises(CallerError, match="levels 0 to"):
                source.read(Box((0, 0, 0), (1, 1, 1)), level)

    def test_every_level_is_lazy_and_reads_alike(self, source):
        for level, shape in enumerate(source.shapes):
            lazy = source.array(level)
            assert lazy.shape == tuple(shape)
            assert lazy.dtype == source.dtype
            whole = source.read(Box.of(shape), level)
            np.testing.assert_array_equal(lazy.compute(), whole)
            np.testing.assert_array_equal(lazy[-1, ::2, 1:5].compute(), whole[-1, ::2, 1:5])
            np.testing.assert_array_equal(lazy[::-2, [0, 3]].compute(), whole[::-2, [0, 3]])

    def test_lazy_arrays_are_chunked_as_the_file_is(self, source):
        assert source.array(0).chunksize == tuple(source.chunk)

    def test_names_of_lazy_arrays_never_collide(self, source):
        assert source.array(0).name != source.array(0).name

    def test_the_fingerprint_is_repeatable(self, source):
        assert source.fingerprint() == source.fingerprint()
        assert len(source.fingerprint()) == 64

    def test_threads_read_the_same(self, source, expected):
        boxes = list(Box.of(expected.shape).cells((3, 16, 16)))
        with ThreadPoolExecutor(8) as pool:
            for box, voxels in zip(
                boxes, pool.map(lambda b: source.read(b, 0), boxes), strict=True
            ):
                np.testing.assert_array_equal(voxels, expected[box.slices])

    def test_nothing_is_missing(self, source):
        source.read(Box.of(source.shapes[0]), 0)
        assert source.missing_chunks == 0

    def test_its_sizes_are_plain_integers(self, source):
        json.dumps([list(source.shapes), list(source.chunk), source.channels])
        assert all(type(edge) is int for shape in source.shapes for edge in shape)
