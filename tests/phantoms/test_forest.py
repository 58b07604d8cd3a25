"""Collapsed vessels, bundles, meshes, and parts of organs."""

import numpy as np
import pytest
from scipy import ndimage

from napari_vessel.geometry import VoxelSize
from napari_vessel.phantoms import Branch, PhantomConfig, Tree, make_phantom
from napari_vessel.phantoms._tubes import rasterise

SHAPE = (40, 48, 52)
ONE = PhantomConfig(
    shape=SHAPE,
    organ=4.0,
    generations=1,
    trunk_radius=0.25,
    length=1.0,
    unevenness=0.0,
    tortuosity=0.0,
    veins=False,
    cysts=0,
)


def with_(**changes):
    return ONE.model_copy(update=changes)


def tube(squash=1.0, along=(0.0, 1.0, 0.0), radius=8.0, size=(1.0, 1.0, 1.0)):
    points = np.array([[-50.0, 24.3, 25.6], [100.0, 24.3, 25.6]])
    tree = Tree((Branch(points, radius, -1, 0, squash, along),))
    shape = tuple(round(n / s) for n, s in zip(SHAPE, size, strict=True))
    return rasterise(tree, shape, VoxelSize(*size), reach=0.5)


def test_the_more_collapsed_the_smaller_the_lumen_but_never_nothing():
    areas = [tube(squash).inside[20].sum() for squash in (1.0, 0.7, 0.4, 0.1, 0.05)]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > 2 * areas[3]
    assert areas[-1] > 0


def test_a_collapsed_vessel_is_an_ellipse_of_the_axes_asked_for():
    # Its middle piece: 0.4 of the radius across, sqrt(2 - 0.16) of it along.
    section = tube(0.4).inside[20]
    rows, columns = section.any(axis=1).sum(), section.any(axis=0).sum()
    assert rows == pytest.approx(2 * 8 * 0.4, abs=1.1)
    assert columns == pytest.approx(2 * 8 * np.sqrt(2 - 0.4**2), abs=1.1)


def test_squashing_by_one_is_round_and_distances_stay_distances():
    np.testing.assert_array_equal(tube(1.0).inside, tube(0.9999).inside)
    squashed = tube(0.5)
    near = (np.abs(squashed.surface_um) < 3) & (squashed.branch >= 0)
    slope = np.sqrt(sum(np.square(g) for g in np.gradient(squashed.surface_um)))
    assert np.median(slope[near]) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("size", [(5.0, 1.0, 1.0), (1.0, 2.0, 1.0)])
def test_a_tube_of_anisotropic_voxels_is_round_in_micrometres(size):
    points = np.array([[20.0, 24.0, -50.0], [20.0, 24.0, 100.0]])
    tree = Tree((Branch(points, 12.0, -1, 0),))
    shape = tuple(round(n / s) for n, s in zip(SHAPE, size, strict=True))
    section = rasterise(tree, shape, VoxelSize(*size), reach=0).inside[:, :, 10]
    high, wide = section.any(axis=1).sum() * size[0], section.any(axis=0).sum() * size[1]
    assert high == pytest.approx(24, abs=size[0])
    assert wide == pytest.approx(24, abs=size[1])


def test_collapse_takes_volume_from_the_truth_and_leaves_it_in_one_piece():
    branching = with_(generations=5, trunk_radius=0.2)
    full, flat = (make_phantom(branching.model_copy(update=u)).vessels for u in ({}, ALL_FLAT))
    assert 0 < flat.sum() < 0.9 * full.sum()
    assert ndimage.label(flat, np.ones((3, 3, 3)))[1] == 1


ALL_FLAT = {"collapse": 1.0, "squash": 0.15}


def test_veins_collapse_without_their_arteries():
    config = with_(generations=4, veins=True)
    plain, flat = (
        make_phantom(config),
        make_phantom(config.model_copy(update={"vein_collapse": 1.0, "squash": 0.15})),
    )
    np.testing.assert_array_equal(plain.vessels, flat.vessels)
    assert flat.veins.sum() < plain.veins.sum()


def least_distance(phantom):
    return ndimage.distance_transform_edt(~phantom.vessels)[phantom.veins].min()


def test_bundled_vessels_touch_at_no_gap_and_part_with_one():
    touching = make_phantom(with_(bundling=1.0, bundle_gap=0.0))
    apart = make_phantom(with_(bundling=1.0, bundle_gap=1.5))
    assert touching.veins.any()
    assert least_distance(touching) <= np.sqrt(3)
    gap_voxels = 1.5 * touching.tree.branches[0].radius_um / 50
    assert least_distance(apart) == pytest.approx(gap_voxels, abs=1.5)


def test_bundles_have_as_many_veins_as_asked_for():
    phantom = make_phantom(with_(bundling=2.0, generations=3))
    assert len(phantom.vein_tree.branches) == 2 * len(phantom.tree.branches)


def test_bundling_leaves_the_arteries_alone():
    np.testing.assert_array_equal(
        make_phantom(ONE).vessels, make_phantom(with_(bundling=2.0)).vessels
    )


def test_a_mesh_adds_vessels_of_like_calibre_that_meet_again():
    plain, meshed = make_phantom(ONE), make_phantom(with_(mesh_spacing=12.0, mesh_radius=1.2))
    assert meshed.vessels[plain.vessels].all()
    capillaries = meshed.tree.branches[len(plain.tree.branches) :]
    radii = [branch.radius_um / 50 for branch in capillaries]
    assert np.median(radii) == pytest.approx(1.2, rel=0.2)
    ends = {tuple(b.points_um[i].round(3)) for b in capillaries for i in (0, -1)}
    assert len(capillaries) > len(ends)  # more edges than a tree over as many places has


def test_a_finer_mesh_fills_more():
    shares = [
        make_phantom(with_(mesh_spacing=s, mesh_radius=1.5)).vessels.mean() for s in (40, 20, 10)
    ]
    assert shares == sorted(shares)


@pytest.mark.parametrize("seed", range(4))
def test_vessels_of_a_part_come_from_outside(seed):
    phantom = make_phantom(
        with_(beyond=0.6, generations=7, trunk_radius=0.06, seed=seed, tortuosity=0.4)
    )
    points = np.concatenate([b.points_um for b in phantom.tree.branches])
    extent = np.multiply(SHAPE, 50.0)
    assert ((points < 0) | (points > extent)).any()
    labels, _ = ndimage.label(phantom.vessels, np.ones((3, 3, 3)))
    faces = np.concatenate([labels.take([0, -1], axis).ravel() for axis in range(3)])
    assert set(np.unique(labels)) - {0} <= set(faces)


def test_more_trees_hold_more():
    config = with_(beyond=0.3, generations=4, trunk_radius=0.08)
    one, five = (make_phantom(config.model_copy(update={"trees": n})) for n in (1, 5))
    assert five.vessels[one.vessels].all()
    assert sum(b.parent < 0 for b in five.tree.branches) == 5


def test_no_tree_has_more_branches_than_allowed():
    phantom = make_phantom(with_(generations=9, least_radius=0.2, most_branches=20))
    assert 10 < len(phantom.tree.branches) <= 20
