from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_vessel.phantoms import PhantomConfig, make_phantom, random_config

SMALL = PhantomConfig(shape=(32, 48, 56), generations=5)
BARE = PhantomConfig(
    shape=(40, 48, 56),
    organ=4.0,
    generations=4,
    trunk_radius=0.2,
    least_radius=2.5,
    unevenness=0.0,
    fading=0.0,
    veins=False,
    cysts=0,
    texture=0.0,
    shading=0.0,
    capillaries=0.0,
    rings=0.0,
    streaks=0.0,
    blur=0.0,
    noise=0.0,
)


def pieces(mask):
    return ndimage.label(mask, np.ones((3, 3, 3)))[1]


def grey(phantom):
    low, high = phantom.config.grey_low, phantom.config.grey_high
    return (phantom.image.astype(float) - low) / (high - low)


def surface_um(phantom):
    """Distance of every voxel's centre to the arteries, from many points on their centrelines."""
    centres = (np.stack(np.indices(phantom.image.shape), -1) + 0.5) * phantom.voxel_size.zyx
    distance = np.full(phantom.image.shape, np.inf)
    for branch in phantom.tree.branches:
        for start, stop in pairwise(branch.points_um):
            along = stop - start
            t = np.clip((centres - start) @ along / max(along @ along, 1e-9), 0, 1)
            here = np.linalg.norm(centres - start - t[..., None] * along, axis=-1)
            np.minimum(distance, here - branch.radius_um, out=distance)
    return distance


def test_equal_configurations_give_equal_phantoms():
    first, second = make_phantom(SMALL), make_phantom(SMALL.model_copy())
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.vessels, second.vessels)


def test_another_seed_gives_another_phantom():
    other = make_phantom(SMALL.model_copy(update={"seed": 1}))
    assert (make_phantom(SMALL).vessels != other.vessels).any()


def test_showing_it_differently_leaves_the_truth_alone():
    noisier = SMALL.model_copy(update={"noise": 0.2, "wall_contrast": 0.05})
    np.testing.assert_array_equal(make_phantom(SMALL).vessels, make_phantom(noisier).vessels)


def test_the_default_needs_no_configuration():
    phantom = make_phantom()
    assert phantom.image.shape == PhantomConfig().shape
    assert phantom.voxel_size.zyx == PhantomConfig().voxel_size_um
    assert 0.002 < phantom.vessels.mean() < 0.1


@given(
    shape=st.tuples(*[st.sampled_from([1, 2, 3, 7, 13, 31, 32])] * 3),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=25)
def test_any_shape_has_one_connected_truth(shape, seed):
    phantom = make_phantom(PhantomConfig(shape=shape, seed=seed, generations=5))
    assert phantom.image.shape == phantom.vessels.shape == phantom.veins.shape == shape
    assert phantom.image.dtype == np.uint16
    assert pieces(phantom.vessels) == 1


def inner_pieces(mask):
    """Count the pieces that touch no face of the volume."""
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    inside = labels[1:-1, 1:-1, 1:-1]
    faces = np.concatenate([np.take(labels, [0, -1], axis).ravel() for axis in range(3)])
    return len(np.setdiff1d(np.unique(inside), faces))


@given(seed=st.integers(0, 10_000), family=st.sampled_from(["ct", "two-photon", "light-sheet"]))
@settings(deadline=None, max_examples=20)
def test_random_phantoms_have_truth_in_one_piece_or_from_outside(seed, family):
    config = random_config(np.random.default_rng(seed), (32, 40, 48), family=family)
    unmeshed = config.model_copy(update={"mesh_spacing": 0.0, "trees": 1})
    truth = make_phantom(unmeshed).vessels
    if config.beyond == 0:
        assert pieces(truth) == 1
    else:
        assert inner_pieces(truth) == 0


def test_truth_is_what_lies_inside_the_tree():
    phantom = make_phantom(BARE)
    distance = surface_um(phantom)
    clear = np.abs(distance) > 0.01
    np.testing.assert_array_equal(phantom.vessels[clear], distance[clear] < 0)


def test_truth_of_anisotropic_voxels_is_what_lies_inside_the_tree():
    phantom = make_phantom(BARE.model_copy(update={"voxel_size_um": (100.0, 50.0, 40.0)}))
    distance = surface_um(phantom)
    clear = (np.abs(distance) > 0.01) & (np.abs(distance) < 1000)
    np.testing.assert_array_equal(phantom.vessels[clear], distance[clear] < 0)


def test_lumen_is_darker_than_wall_by_the_contrast_asked_for():
    phantom = make_phantom(BARE)
    distance = surface_um(phantom) / 50
    lumen, wall = distance < -1, (distance > 0.5) & (distance < 0.6)
    found = np.median(grey(phantom)[wall]) - np.median(grey(phantom)[lumen])
    assert found == pytest.approx(BARE.lumen_contrast + BARE.wall_contrast, abs=0.01)


def test_in_bright_polarity_the_lumen_is_brighter_by_the_contrast_asked_for():
    config = BARE.model_copy(update={"polarity": "bright"})
    phantom = make_phantom(config)
    distance = surface_um(phantom) / 50
    far = distance > 8
    found = np.median(grey(phantom)[distance < -1]) - np.median(grey(phantom)[far])
    assert found == pytest.approx(config.lumen_contrast, abs=0.01)


def test_walls_are_only_around_arteries():
    config = BARE.model_copy(update={"veins": True, "vein_wall": 0.0})
    phantom = make_phantom(config)
    bright = grey(phantom) > config.tissue + 0.05
    widest = max(phantom.radii_um)
    assert phantom.veins.any()
    assert bright.any()
    assert (surface_um(phantom)[bright] < config.wall_ratio * widest + 50).all()


def test_veins_are_no_part_of_the_truth():
    phantom = make_phantom(SMALL)
    assert phantom.veins.any()
    assert not (phantom.veins & phantom.vessels).any()


def test_without_veins_there_are_none():
    phantom = make_phantom(SMALL.model_copy(update={"veins": False}))
    assert phantom.vein_tree is None
    assert not phantom.veins.any()


def test_the_image_keeps_to_its_range():
    loud = SMALL.model_copy(update={"noise": 0.8, "rings": 0.5})
    image = make_phantom(loud).image
    assert image.min() == loud.grey_low
    assert image.max() == loud.grey_high


def test_uneven_vessels_hold_about_the_same_volume():
    even = make_phantom(BARE).vessels.sum()
    uneven = make_phantom(BARE.model_copy(update={"unevenness": 0.3})).vessels.sum()
    assert uneven == pytest.approx(even, rel=0.3)
    assert uneven != even


def test_what_is_outlined_is_the_truth_of_x_rays_and_reaches_as_far_as_a_microscopes_focus():
    dark = make_phantom(PhantomConfig(shape=(16, 40, 40)))
    fields = {"polarity": "bright", "tissue": 0.1, "wall_contrast": 0.0, "blur": 0.0}
    sharp = make_phantom(PhantomConfig(shape=(16, 40, 40), **fields))
    deep = make_phantom(PhantomConfig(shape=(16, 40, 40), axial_blur=2.0, **fields))

    np.testing.assert_array_equal(dark.outlined(), dark.vessels)
    np.testing.assert_array_equal(sharp.outlined(), sharp.vessels)
    assert deep.outlined().sum() > deep.vessels.sum()
    # A thin vessel is nowhere left with that share of its contrast, and still outlined.
    assert deep.outlined()[deep.vessels].all()
    assert not deep.outlined(share=0.99)[~deep.vessels].any()
    sections = [(m.any(axis=0)) for m in (deep.outlined(), deep.vessels)]
    assert not (sections[0] & ~sections[1]).any()  # along z alone
