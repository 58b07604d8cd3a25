"""The loop on a real HiP-CT patch, as ``benchmarks/real_loop.py`` runs it on five."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.volumes import open_volume


@pytest.fixture
def real_loop(script) -> ModuleType:
    module = script("real_loop")
    if not (module.data_folder() / "manifest.json").exists():
        pytest.skip(f"no real volumes in {module.data_folder()}: set NAPARI_VESSEL_DATA")
    return module


@pytest.mark.slow  # a minute
@pytest.mark.real_data
def test_correcting_three_real_slices_leaves_them_true_and_the_rest_no_worse(real_loop, tmp_path):
    item = real_loop.data_folder() / "hipct3d_02_kidney1"
    looped = real_loop.loop_on(item, tmp_path, minutes=0.3, seed=0)
    mask = open_volume(tmp_path / f"{item.name}.ome.zarr")
    for index in looped.corrected:
        box = Box.of(mask.shape).slice_at(Plane.XY, index)
        np.testing.assert_array_equal(mask.read(box)[0] != 0, looped.truth[index])
    # A provisional network may lose a little where nobody looked, but not fall apart.
    assert looped.before.dice > 0.3
    assert looped.after.dice > looped.before.dice - 0.1
    if not looped.retrained.adopted:
        np.testing.assert_array_equal(looped.first, looped.second)
