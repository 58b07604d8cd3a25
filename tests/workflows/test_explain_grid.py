"""What pixels have is brought back to the voxels that they were made of."""

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, Levels, read_ahead
from napari_vessel.workflows._explain_grid import Shown

SHAPE = (9, 20, 26)
ZOOMS = [(1.0, 1.0, 1.0), (0.5, 0.7, 0.7), (1.6, 1.3, 1.3), (0.4, 1.0, 1.25)]
AT = (4, 11, 13)


def shown_of(voxels, plane, zoom):
    config = InferenceConfig(planes=(plane,), zoom=zoom, halo=4, views="none")
    block = Box(AT, tuple(i + 1 for i in AT))
    levels = Levels(lambda box, _level: voxels[box.slices])
    read = read_ahead(levels, block, Box.of(SHAPE), config)
    return Shown.of(read, plane, AT[plane.normal])


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("plane", list(Plane))
def test_what_adds_up_keeps_its_sum(plane, zoom):
    voxels = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    shown, image = shown_of(voxels, plane, zoom)
    values = np.random.default_rng(1).normal(size=image.shape).astype(np.float32)
    found = shown.share_out(values)
    assert found.shape == shown.box.shape
    assert Box.of(SHAPE).contains(shown.box)
    assert found.sum(dtype=float) == pytest.approx(values.sum(dtype=float), abs=1e-3)


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("plane", list(Plane))
def test_shared_out_slopes_are_those_of_the_voxels_mirrored_ones_too(plane, zoom):
    draws = np.random.default_rng(2)
    voxels = draws.random(SHAPE).astype(np.float32)
    shown, image = shown_of(voxels, plane, zoom)
    slopes = draws.normal(size=image.shape)
    found = shown.share_out(slopes.astype(np.float32))
    for place in [(0, 0, 0), tuple(n - 1 for n in found.shape), tuple(n // 2 for n in found.shape)]:
        moved = voxels.copy()
        moved[tuple(np.add(place, shown.box.start))] += 1
        _, other = shown_of(moved, plane, zoom)
        by_hand = float((slopes * (other - image)).sum())
        assert found[place] == pytest.approx(by_hand, abs=1e-4)
    outside = voxels.copy()
    outside += 1
    outside[shown.box.slices] -= 1
    np.testing.assert_allclose(shown_of(outside, plane, zoom)[1], image, atol=1e-6)


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_scaled_constant_stays_that_constant(zoom):
    shown, image = shown_of(np.zeros(SHAPE, np.float32), Plane.XZ, zoom)
    np.testing.assert_allclose(shown.scale(np.full_like(image, 0.3)), 0.3, atol=1e-6)


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("plane", list(Plane))
def test_a_mask_of_voxels_covers_the_pixels_that_show_it(plane, zoom):
    shown, image = shown_of(np.zeros(SHAPE, np.float32), plane, zoom)
    point = Box(AT, tuple(i + 1 for i in AT))
    one = shown.mask_of(point, np.ones((1, 1, 1), bool), 0)
    assert one.any()  # however coarse the pixels
    voxels = np.zeros(SHAPE, np.float32)
    voxels[AT] = 1
    assert shown_of(voxels, plane, zoom)[1][one].max() > 0
    whole = Box.of(SHAPE).slice_at(plane, AT[plane.normal])
    everywhere = shown.mask_of(whole, np.ones(whole.shape, bool), 0)
    inside = np.zeros(image.shape, bool)
    part = shown.inside.relative_to(shown.context).slices
    inside[part[plane.rows], part[plane.columns]] = True
    np.testing.assert_array_equal(everywhere, inside)
