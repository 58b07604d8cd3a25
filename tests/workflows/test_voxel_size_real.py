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
                strict=True,
                reason="the starter did not learn from volumes rescaled and back: measured 0.91 "
                "(benchmarks/voxel_size.py --views none); the law is 0.95",
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


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("times", [2.0, 0.5])
@pytest.mark.parametrize(
    ("item", "measured"),  # docs/starter.md, twice and half the voxel size
    [
        ("hipct3d_01_kidney1", {2.0: 0.748, 0.5: 0.769}),
        ("hipct3d_02_kidney1", {2.0: 0.906, 0.5: 0.975}),
        ("hipct3d_04_kidney1", {2.0: 0.860, 0.5: 0.934}),
        ("hipct3d_05_kidney1", {2.0: 0.600, 0.5: 0.648}),
        ("hipct3d_17_kidney3", {2.0: 0.857, 0.5: 0.913}),
    ],
)
def test_where_the_law_is_missed_agreement_is_no_worse_than_was_measured(
    voxel_size, item, measured, times
):
    inference = InferenceConfig(views="none")
    (found,) = voxel_size.agreements(voxel_size.data_folder() / item, starter(), times, [inference])
    assert found >= measured[times] - 0.02
