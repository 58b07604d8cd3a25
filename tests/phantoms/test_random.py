"""What is drawn at random, family by family."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.phantoms import make_phantom, random_config

FAMILIES = ["ct", "two-photon", "light-sheet"]
OWN = {"ct": "dark", "two-photon": "bright", "light-sheet": "bright"}
SHAPE = (24, 56, 56)


def drawn(seed, **keywords):
    return random_config(np.random.default_rng(seed), SHAPE, **keywords)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("polarity", ["dark", "bright", None])
def test_polarity_is_kept_by_showing_a_negative(family, polarity):
    config = drawn(3, family=family, polarity=polarity)
    assert config.polarity == (polarity or OWN[family])
    assert config.negative == (config.polarity != OWN[family])


@pytest.mark.parametrize("family", FAMILIES)
def test_another_polarity_is_the_same_phantom_turned_round(family):
    dark, bright = (drawn(5, family=family, polarity=p) for p in ("dark", "bright"))
    same = {"polarity": "dark", "negative": dark.negative}
    assert bright.model_copy(update=same) == dark
    one, other = make_phantom(dark), make_phantom(bright)
    np.testing.assert_array_equal(one.vessels, other.vessels)
    whole = one.image.astype(int) + other.image
    assert np.ptp(whole) <= 2  # halves are rounded to even


def test_without_a_family_x_rays_are_drawn_as_often_as_microscopes():
    polarities = [drawn(seed, polarity=None).polarity for seed in range(200)]
    assert 72 < polarities.count("dark") < 128  # four standard deviations


@given(
    seed=st.integers(0, 2**32),
    family=st.sampled_from(FAMILIES),
    polarity=st.sampled_from(["dark", "bright", None]),
)
def test_every_draw_of_every_family_is_valid_and_repeatable(seed, family, polarity):
    assert drawn(seed, family=family, polarity=polarity) == drawn(
        seed, family=family, polarity=polarity
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_vessels_are_on_the_mean_on_their_side_of_their_surroundings(family):
    sides = []
    for seed in range(12):
        phantom = make_phantom(drawn(seed, family=family, polarity="bright"))
        near = ~phantom.vessels & ~phantom.veins
        if phantom.vessels.any():
            inside, outside = (np.median(phantom.image[m]) for m in (phantom.vessels, near))
            sides.append(inside > outside)
    assert np.mean(sides) > 0.7


def test_two_photon_volumes_are_as_full_of_vessels_as_real_ones():
    shares = [make_phantom(drawn(s, family="two-photon")).vessels.mean() for s in range(12)]
    assert np.percentile(shares, 80) > 0.1
    assert np.median(shares) > 0.015


def test_all_sizes_of_bits_voxels_and_parts_are_drawn():
    configs = [drawn(seed) for seed in range(120)]
    assert {c.bits for c in configs} == {8, 16}
    ratio = [c.voxel_size_um[0] / c.voxel_size_um[2] for c in configs]
    assert np.mean(np.isclose(ratio, 1)) > 0.4
    assert max(ratio) > 4
    assert {c.beyond > 0 for c in configs} == {True, False}
    assert max(c.fading for c in configs) > 0.9


@given(seed=st.integers(0, 10_000), family=st.sampled_from(FAMILIES))
@settings(deadline=None, max_examples=12)
def test_any_draw_makes_a_phantom(seed, family):
    phantom = make_phantom(drawn(seed, family=family))
    assert phantom.image.shape == phantom.vessels.shape == SHAPE
    assert not (phantom.veins & phantom.vessels).any()
