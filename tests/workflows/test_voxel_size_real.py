"""Voxel sizes of a real HiP-CT patch, as ``benchmarks/voxel_size.py`` tries them on five."""

from __future__ import annotations

from types import ModuleType

import pytest

from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import starter


@pytest.fixture
def voxel_size(script) -> ModuleType:
    module = script("voxel_size")
    if not (module.data_folder() / "manifest.json").exists():
        pytest.skip(f"no real volumes in {module.data_folder()}: set NAPARI_VESSEL_DATA")
    return module


@pytest.mark.real_data
@pytest.mark.parametrize(
    "times",
    [
        pytest.param(
            2.0,
            marks=pytest.mark.xfail(
                reason="the starter did not learn from volumes rescaled and back: measured 0.91 "
                "(benchmarks/voxel_size.py --views none); the law is 0.95"
            ),
        ),
        0.5,
    ],
)
def test_a_resampled_volume_is_predicted_as_the_prediction_resampled(voxel_size, times):
    item = voxel_size.data_folder() / "hipct3d_02_kidney1"
    inference = InferenceConfig(views="none")
    (found,) = voxel_size.agreements(item, starter(), times, [inference])
    assert found >= 0.95
