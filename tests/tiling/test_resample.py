import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.geometry import Box
from napari_vessel.tiling import (
    SAME,
    Zoom,
    grid_of,
    inverse,
    read_resampled,
    resample,
    source_of,
)
from napari_vessel.tiling import _resample as module

FACTORS = st.one_of(st.sampled_from([1.0, 0.5, 2.0, 0.25, 4.0]), st.floats(0.2, 5))
ZOOMS = st.tuples(FACTORS, FACTORS, FACTORS)
SHAPES = st.tuples(*[st.integers(1, 12)] * 3)


def whole(voxels: np.ndarray, zoom: Zoom) -> np.ndarray:
    bounds = Box.of(voxels.shape)
    return resample(voxels, bounds, grid_of(bounds, zoom), zoom, bounds)


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).random(shape, np.float32)


@settings(max_examples=60)
@given(shape=SHAPES, zoom=ZOOMS, start=st.tuples(*[st.integers(0, 9)] * 3), data=st.data())
def test_a_box_resampled_is_cut_from_the_whole_resampled(shape, zoom, start, data) -> None:
    stop = [s + n for s, n in zip(start, shape, strict=True)]
    voxels, bounds = noise(tuple(stop)), Box(start, tuple(stop))
    grid = grid_of(bounds, zoom)
    cut = [sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in grid.shape]
    if any(a == b for a, b in cut):
        return
    box = Box(*zip(*cut, strict=True)).shifted(grid.start)
    source = source_of(box, zoom, bounds)
    assert bounds.contains(source)
    found = resample(voxels[source.slices], source, box, zoom, bounds)
    expected = resample(voxels[bounds.slices], bounds, grid, zoom, bounds)
    np.testing.assert_array_equal(found, expected[box.relative_to(grid).slices])


@given(shape=SHAPES, zoom=ZOOMS)
def test_a_constant_stays_constant(shape, zoom) -> None:
    np.testing.assert_allclose(whole(np.full(shape, 0.3, np.float32), zoom), 0.3, rtol=1e-5)


def test_at_the_same_size_voxels_are_what_they_were() -> None:
    voxels = noise((3, 4, 5))
    found = whole(voxels, SAME)
    assert np.shares_memory(found, voxels)
    np.testing.assert_array_equal(found, voxels)


@pytest.mark.parametrize("factor", [0.3, 0.5, 1.26, 2.0, 3.7])
def test_pixels_lie_where_they_say(factor: float) -> None:
    # A ramp has the value of its place, except within a pixel of the ends.
    ramp = np.arange(60, dtype=np.float32)[:, None, None] + 0.5
    found = whole(ramp, (factor, 1.0, 1.0))[:, 0, 0]
    expected = (np.arange(len(found)) + 0.5) / factor
    inside = (expected > 1 / factor + 1) & (expected < 60 - 1 / factor - 1)
    np.testing.assert_allclose(found[inside], expected[inside], atol=0.1)


def test_coarse_pixels_are_the_means_of_their_voxels() -> None:
    voxels = noise((6, 8, 12))
    binned = voxels.reshape(3, 2, 8, 3, 4).mean(axis=(1, 4))
    np.testing.assert_allclose(whole(voxels, (0.5, 1.0, 0.25)), binned, rtol=1e-5)
    one = whole(np.array([[[0, 1, 0, 0]]], np.float32), (1.0, 1.0, 1 / 1.6))
    np.testing.assert_allclose(one[0, 0], [0.6 / 1.6, 0.4 / 1.6, 0], atol=1e-6)


def test_a_smooth_image_comes_back() -> None:
    z, y, x = np.indices((24, 24, 24)) / 8
    voxels = (np.sin(z) + np.cos(y) * np.sin(x)).astype(np.float32)
    for zoom in ((2.0, 2.0, 2.0), (1.0, 1.5, 0.7)):
        bounds = Box.of(voxels.shape)
        grid = grid_of(bounds, zoom)
        back = resample(whole(voxels, zoom), grid, bounds, inverse(zoom), grid)
        assert np.abs(back - voxels)[2:-2, 2:-2, 2:-2].max() < 0.03


def test_every_voxel_lies_in_a_pixel_and_every_pixel_reaches_one() -> None:
    for length in range(1, 40):
        for factor in (0.1, 0.3, 0.5, 0.7, 1.1, 1.26, 2.0, 3.3):
            (stop, _, _) = grid_of(Box.of((length, 1, 1)), (factor, 1, 1)).stop
            assert stop >= length * factor - 1e-6
            assert stop - 1 < max(length * factor, 1e-6)


def test_what_is_read_at_a_time_is_bounded_and_changes_nothing(monkeypatch) -> None:
    voxels = noise((40, 16, 16))
    bounds, zoom = Box.of(voxels.shape), (0.5, 0.5, 0.5)
    read: list[Box] = []

    def reader(box: Box) -> np.ndarray:
        read.append(box)
        return voxels[box.slices]

    monkeypatch.setattr(module, "_MOST_VOXELS", 3000)
    found = read_resampled(reader, grid_of(bounds, zoom), zoom, bounds)
    np.testing.assert_array_equal(found, whole(voxels, zoom))
    assert len(read) > 1
    assert max(box.size for box in read) < 2 * 3000
