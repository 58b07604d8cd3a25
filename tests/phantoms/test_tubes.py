from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from napari_vessel.geometry import VoxelSize
from napari_vessel.phantoms._tree import Branch, Tree
from napari_vessel.phantoms._tubes import FAR, rasterise


def tube(*points, radius: float) -> Tree:
    return Tree((Branch(np.array(points, float), radius, -1, 0),))


@pytest.mark.parametrize("radius", [3.0, 4.6, 7.3])
@pytest.mark.parametrize("tilt", [0.0, 9.0])
def test_a_straight_tube_holds_pi_r_squared_l(radius, tilt):
    # The ends lie outside, so that no round cap counts; the axis on no corner, where voxels'
    # centres would enter a thin tube in rings of eight at once.
    tree = tube((-40, 20.3, 19.6 - tilt), (100, 20.3, 19.6 + tilt), radius=radius)
    inside = rasterise(tree, (60, 40, 40), VoxelSize(1, 1, 1), reach=0.5).inside
    length = 60 * np.hypot(140, 2 * tilt) / 140
    assert inside.sum() == pytest.approx(np.pi * radius**2 * length, rel=0.05)


def test_anisotropic_voxels_hold_the_same_volume():
    tree = tube((-40, 20, 20), (100, 20, 20), radius=5.0)
    size = VoxelSize(3.0, 1.0, 0.5)
    inside = rasterise(tree, (20, 40, 80), size, reach=0.5).inside
    assert inside.sum() * size.volume_um3 == pytest.approx(np.pi * 25 * 60, rel=0.05)


def test_a_ball_is_a_tube_of_no_length():
    inside = rasterise(
        tube((20, 20, 20), (20, 20, 20), radius=8.0), (40, 40, 40), VoxelSize(1, 1, 1), reach=0
    ).inside
    assert inside.sum() == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.05)


def test_distances_agree_with_those_from_every_voxel_to_every_piece():
    points = [(5, 5, 5), (20, 12, 9), (28, 30, 31)]
    tubes = rasterise(tube(*points, radius=3.0), (32, 33, 35), VoxelSize(1, 1, 1), reach=1.0)
    centres = np.stack(np.indices((32, 33, 35)), axis=-1) + 0.5
    fine = np.concatenate([np.linspace(a, b, 400) for a, b in pairwise(points)])
    near = np.nonzero(tubes.surface_um < 3.0)
    some = tuple(index[::37] for index in near)
    expected = np.linalg.norm(centres[some][:, None] - fine, axis=-1).min(axis=1) - 3.0
    np.testing.assert_allclose(tubes.surface_um[some], expected, atol=0.02)
    assert len(some[0]) > 50


def test_far_voxels_are_left_alone():
    tubes = rasterise(
        tube((5, 5, 5), (5, 5, 20), radius=2.0), (60, 60, 60), VoxelSize(1, 1, 1), reach=0.5
    )
    assert tubes.surface_um[40, 40, 40] == FAR
    assert tubes.radius_um[40, 40, 40] == 0


def test_a_tube_thinner_than_a_voxel_is_in_one_piece():
    tree = tube((1, 1, 1), (17, 25, 38), (39, 30, 2), radius=0.05)
    inside = rasterise(tree, (40, 40, 40), VoxelSize(1, 1, 1), reach=0.5).inside
    assert ndimage.label(inside, np.ones((3, 3, 3)))[1] == 1
    assert inside.sum() >= 60


def test_a_tube_outside_the_volume_touches_nothing():
    tubes = rasterise(
        tube((50, 50, 50), (60, 60, 60), radius=2.0), (8, 8, 8), VoxelSize(1, 1, 1), reach=0.5
    )
    assert (tubes.surface_um == FAR).all()


def test_a_centreline_beyond_the_volume_marks_none_of_its_faces():
    tree = tube((4.5, 4.5, 2.5), (4.5, 4.5, 20.5), (4.5, 20.5, 20.5), radius=0.05)
    inside = rasterise(tree, (8, 8, 8), VoxelSize(1, 1, 1), reach=0).inside
    assert np.argwhere(inside).tolist() == [[4, 4, x] for x in range(2, 8)]
