"""What optics, scanners and files do to a picture: never to the truth."""

import numpy as np
import pytest

from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.phantoms._light import add_light, add_scanner

QUIET = {
    "organ": 4.0,
    "cysts": 0,
    "veins": False,
    "texture": 0.0,
    "shading": 0.0,
    "capillaries": 0.0,
    "rings": 0.0,
    "streaks": 0.0,
    "blur": 0.0,
    "noise": 0.0,
}
BASE = PhantomConfig(shape=(20, 40, 44), generations=4, trunk_radius=0.2, **QUIET)
# Every feature of appearance, alone: none of them may move the truth.
SHOWN = {
    "negative": True,
    "cysts": 4,
    "blobs": 9,
    "wall_least": 1.0,
    "contrast_spread": 0.7,
    "hollow": 0.8,
    "mottle": 0.5,
    "clouds": 0.2,
    "lines": 0.2,
    "stripes": 0.5,
    "haze": 0.5,
    "attenuation": 1.5,
    "seams": 0.2,
    "misalignment": 2.0,
    "axial_blur": 1.0,
    "noise": 0.2,
    "photons": 30.0,
    "black": 0.2,
    "exposure": 3.0,
    "bits": 8,
    "polarity": "bright",
}


def with_(**changes):
    return BASE.model_copy(update=changes)


@pytest.mark.parametrize("name", SHOWN)
def test_an_appearance_changes_the_image_and_not_the_truth(name):
    plain, shown = make_phantom(BASE), make_phantom(with_(**{name: SHOWN[name]}))
    np.testing.assert_array_equal(plain.vessels, shown.vessels)
    assert shown.image.dtype != plain.image.dtype or (plain.image != shown.image).any()


def test_a_sheath_is_bright_around_arteries_and_leaves_the_lumen():
    plain, shown = make_phantom(BASE), make_phantom(with_(sheath=1.5))
    brighter = shown.image.astype(int) - plain.image
    np.testing.assert_array_equal(plain.vessels, shown.vessels)
    assert brighter[~plain.vessels].mean() > 100
    deep = plain.image <= np.percentile(plain.image[plain.vessels], 20)
    assert abs(brighter[deep]).max() < 100


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 30), (5, 1, 3), (3, 3, 3)])
def test_every_appearance_at_once_suits_every_shape(shape):
    config = BASE.model_copy(update=SHOWN | {"shape": shape, "sheath": 1.0, "sinus": 0.3})
    image = make_phantom(config).image
    assert image.shape == shape
    assert image.dtype == np.uint8


def test_eight_bits_are_the_upper_byte_of_sixteen():
    full, byte = make_phantom(BASE).image, make_phantom(with_(bits=8)).image
    assert byte.dtype == np.uint8
    np.testing.assert_array_equal(byte, full >> 8)
    assert byte.min() >= BASE.grey_low >> 8
    assert byte.max() <= BASE.grey_high >> 8


def test_a_negative_is_the_scan_of_the_other_polarity_turned_round():
    bright = make_phantom(with_(polarity="bright", noise=0.02)).image.astype(int)
    shown_dark = make_phantom(with_(polarity="dark", negative=True, noise=0.02)).image
    assert np.abs(BASE.grey_low + BASE.grey_high - bright - shown_dark).max() <= 1


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("polarity", ["dark", "bright"])
def test_polarity_is_what_the_image_shows(polarity, negative):
    phantom = make_phantom(with_(polarity=polarity, negative=negative))
    inside, outside = (phantom.image[m].mean() for m in (phantom.vessels, ~phantom.vessels))
    assert (inside < outside) == (polarity == "dark")


def flat(**changes):
    return np.full(BASE.shape, 0.5, np.float32), with_(**changes), np.random.default_rng(0)


def test_deeper_slices_are_darker_by_the_attenuation():
    grey, config, rng = flat(attenuation=2.0)
    add_light(grey, config, rng)
    assert (np.diff(grey[:, 0, 0]) < 0).all()
    assert grey[-1, 0, 0] / grey[0, 0, 0] == pytest.approx(np.exp(-2), rel=1e-4)


def test_fewer_photons_are_noisier_and_brighter_light_is_too():
    spread = []
    for photons, level in ((1000.0, 0.5), (50.0, 0.5), (50.0, 1.0)):
        grey, config, rng = flat(photons=photons)
        grey[:] = level
        add_light(grey, config, rng)
        spread.append(grey.std())
        assert grey.std() == pytest.approx(np.sqrt(level / photons), rel=0.1)
    assert spread == sorted(spread)


def test_seams_are_steps_between_flat_slabs():
    grey, config, rng = flat(seams=0.1)
    add_scanner(grey, config, rng)
    stepped = [axis for axis in range(3) if np.abs(np.diff(grey, axis=axis)).max() > 0]
    assert 1 <= len(stepped) <= 2
    for axis in stepped:
        steps = (np.abs(np.diff(grey, axis=axis)) > 1e-6).any(
            axis=tuple(a for a in range(3) if a != axis)
        )
        assert 1 <= steps.sum() <= 3


def test_a_row_keeps_its_gain_and_stripes_only_darken():
    grey, config, rng = flat(lines=0.1)
    add_light(grey, config, rng)
    assert np.ptp(grey, axis=2).max() < 1e-6
    assert np.ptp(grey, axis=1).max() > 0.05
    grey, config, rng = flat(stripes=0.5)
    add_light(grey, config, rng)
    assert 0.2 < grey.min() < 0.45
    assert grey.max() <= 0.5


def test_haze_brings_light_to_where_none_was():
    grey, config, rng = flat(haze=0.4)
    grey[:] = 0
    grey[8:12, 16:28, 16:28] = 1
    add_light(grey, config, rng)
    assert grey[10, 13, 20] > 0.01
    assert grey[10, 22, 22] < 1.1


def test_below_black_all_is_black_and_exposure_saturates():
    image = make_phantom(with_(black=BASE.lumen + 0.05, exposure=3.0, wall_least=1.0)).image
    assert (image == BASE.grey_low).sum() > 100
    assert (image == BASE.grey_high).sum() > 100
