from itertools import permutations

import numpy as np
import pytest

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.geometry import Box
from napari_vessel.volumes._axes import plan_axes, unnamed_axes


@pytest.mark.parametrize("axes", ["".join(p) for p in permutations("zyx")])
@pytest.mark.parametrize("outer", ["", "c", "tc"])
def test_every_order_of_axes_reads_as_zyx(axes, outer):
    data = np.arange(2 * 3 * 4).reshape(2, 3, 4)  # z, y, x
    stored = data.transpose(["zyx".index(axis) for axis in axes])
    for axis in reversed(outer):
        stored = np.stack([stored * 0, stored]) if axis == "c" else stored[None]
    plan = plan_axes(outer + axes, stored.shape, 1 if "c" in outer else None, "a")
    box = Box((0, 1, 1), (2, 3, 4))
    assert plan.shape(stored.shape) == data.shape
    np.testing.assert_array_equal(plan.oriented(stored[plan.index(box)]), data[box.slices])


def test_axes_this_program_does_not_know_are_refused():
    with pytest.raises(UnsupportedVolumeError, match="5 steps along the axis 'phase'"):
        plan_axes(["phase", "z", "y", "x"], (5, 2, 3, 4), None, "a")


@pytest.mark.parametrize("axes", ["yx", "cyx", "zx", "tyx"])
def test_volumes_need_three_axes_of_space(axes):
    with pytest.raises(UnsupportedVolumeError, match="expected z, y and x"):
        plan_axes(axes, (3,) * len(axes), None, "a")


def test_three_axes_are_zyx_whatever_their_length():
    assert unnamed_axes((3, 5, 3), None, "a") == ("z", "y", "x")
