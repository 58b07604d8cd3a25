"""What benchmarks/skipping.py counts as lost, on masks of known truth."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig

CONFIG = InferenceConfig(planes=(Plane.XY, Plane.XZ))
SHAPE = (2, 4, 5)


@pytest.fixture
def skipping(script):
    return script("skipping")


def found(skipping, probability, predicted=True):
    made = skipping.Found.nothing(SHAPE, CONFIG)
    made.probability[:] = probability
    made.planes[Plane.XZ][:] = probability  # and XY sees nothing
    made.predicted[:] = predicted
    return made


def test_lost_is_the_share_of_the_full_run_s_mask_that_the_other_lacks(skipping):
    full = found(skipping, np.full(SHAPE, 200))
    half = np.full(SHAPE, 200)
    half[:, :2] = 0
    quick = found(skipping, half)
    assert skipping.lost(full, quick, 153) == 0.5
    truth = np.zeros(SHAPE, bool)
    truth[:, 1:] = True
    assert skipping.lost(full, quick, 153, truth) == pytest.approx(1 / 3)
    assert skipping.lost(full, full, 153) == 0
    assert skipping.lost(found(skipping, 0), quick, 153) == 0  # of no mask nothing is lost


def test_other_fuses_lose_what_any_plane_shows_in_what_was_left_out(skipping):
    full = found(skipping, np.full(SHAPE, 200))
    predicted = np.ones(SHAPE, bool)
    predicted[0] = False
    quick = found(skipping, 200, predicted)
    assert dict(skipping.fused(full, quick, 153)) == {"max": 0.5, "vote": 0}
