import subprocess
import sys

import pytest
from pydantic import ValidationError

from napari_vessel.training import TrainingConfig


def test_a_combination_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(ValidationError, match="keep_statistics"):
        TrainingConfig(keep_encoder=True, keep_statistics=False)


def test_a_plane_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="once"):
        TrainingConfig(planes=("xy", "xy"))


def test_every_field_says_what_it_is() -> None:
    assert all(field.description for field in TrainingConfig.model_fields.values())


def test_config_split_and_decision_start_without_torch() -> None:
    names = "TrainingConfig, split_blocks, ReviewedIndex, PatchSampler, decide, BlockScore, fit"
    code = (
        f"import sys; from napari_vessel.training import {names}; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
