import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_vessel.phantoms import PhantomConfig, random_config


def test_contrast_beyond_the_range_is_refused():
    with pytest.raises(ValidationError, match="ask for less lumen_contrast"):
        PhantomConfig(tissue=0.2, lumen_contrast=0.5)


def test_an_empty_range_is_refused():
    with pytest.raises(ValidationError, match="must lie below"):
        PhantomConfig(grey_low=5, grey_high=5)


@pytest.mark.parametrize("wrong", [{"shape": (0, 1, 1)}, {"voxel_size_um": (0, 1, 1)}, {"x": 1}])
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValidationError):
        PhantomConfig(**wrong)


def test_every_parameter_has_help():
    assert all(field.description for field in PhantomConfig.model_fields.values())


def test_polarity_turns_lumen_and_wall_round():
    dark, bright = PhantomConfig(polarity="dark"), PhantomConfig(polarity="bright")
    assert dark.lumen < dark.tissue < dark.wall
    assert bright.lumen > bright.tissue > bright.wall


@given(seed=st.integers(0, 2**32), polarity=st.sampled_from(["dark", "bright"]))
def test_every_drawn_configuration_is_valid_and_repeatable(seed, polarity):
    first, second = (
        random_config(np.random.default_rng(seed), (8, 9, 10), polarity=polarity) for _ in "ab"
    )
    assert first == second
    assert first.polarity == polarity
    assert first.shape == (8, 9, 10)
