import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_fill_holes, gaussian_filter

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.metrics import betti_numbers, centreline
from napari_vessel.morphology import MeasureConfig, graph_of, skeleton_of, thinned
from napari_vessel.phantoms import Branch, Tree
from napari_vessel.phantoms._tubes import rasterise
from napari_vessel.volumes import VesselGraph

CUBE = VoxelSize(10, 10, 10)


def measured(mask, size=CUBE, box=None, **config) -> VesselGraph:
    config = MeasureConfig(**config)
    box = box or Box.of(mask.shape)
    *_, skeleton = skeleton_of(lambda b: mask[b.slices], box, size, config)
    return graph_of(skeleton, config)


def tubes(points, radii, size, shape):
    branches = [
        Branch(np.array(course, float), radius, -1, 0)
        for course, radius in zip(points, radii, strict=True)
    ]
    return rasterise(Tree(tuple(branches)), shape, size, reach=0.5).inside


def arc(radius, centre, first, last):
    t = np.linspace(first, last, 40)
    z = np.full_like(t, centre[0])
    return np.stack([z, centre[1] + radius * np.sin(t), centre[2] + radius * np.cos(t)], axis=1)


@pytest.fixture(scope="module")
def fork():
    """A trunk of 60 µm and daughters of 50 and 40 µm, in voxels of 10 µm; lengths in µm."""
    joint = [500.0, 480, 500]
    course = [
        [[510.0, 100, 480], joint],
        [joint, [700.0, 800, 330]],
        [joint, [380.0, 790, 720]],
    ]
    radii = [60.0, 50.0, 40.0]
    lengths = [float(np.linalg.norm(np.subtract(*ends))) for ends in course]
    return tubes(course, radii, CUBE, (96, 96, 96)), radii, lengths


def test_lengths_and_radii_of_tubes_are_known_within_5_percent(fork) -> None:
    mask, radii, lengths = fork
    graph = measured(mask)
    assert len(graph) == 3
    assert graph.summary["junctions"] == 1
    order = np.argsort(-graph.radii_um)
    assert graph.radii_um[order] == pytest.approx(radii, rel=0.05)
    # A free end is where thinning ends: a part of the radius before the tube's own.
    assert graph.lengths_um[order].sum() == pytest.approx(sum(lengths), rel=0.05)


@pytest.mark.parametrize("radius_um", [30.0, 45.0, 80.0])
@pytest.mark.parametrize(
    ("direction", "within"),
    [((2, 5, -3), 0.05), ((1, 2, 4), 0.05), ((0, 0, 1), 0.1), ((3, 1, 0), 0.1)],
)
def test_a_straight_tube_is_as_thick_and_as_straight_as_it_is(radius_um, direction, within) -> None:
    along = np.array(direction) / np.linalg.norm(direction)
    middle = np.array([353.0, 348, 351])
    ends = [middle - 260 * along, middle + 260 * along]
    graph = measured(tubes([ends], [radius_um], CUBE, (70, 70, 70)))
    (length,), (radius,), (bent,) = graph.lengths_um, graph.radii_um, graph.tortuosity
    assert radius == pytest.approx(radius_um, rel=within)
    # A free end lies up to a radius before or behind the middle of the tube's rounded end.
    assert length == pytest.approx(520, abs=1.01 * radius_um)
    assert bent < 1.03


def test_a_bent_tube_has_its_arcs_length_and_tortuosity() -> None:
    course = arc(250.0, (150.0, 300.0, 300.0), 0.0, np.pi)
    graph = measured(tubes([course], [30.0], CUBE, (30, 60, 62)))
    assert len(graph) == 1
    assert graph.lengths_um[0] == pytest.approx(np.pi * 250, rel=0.05)
    assert graph.tortuosity[0] == pytest.approx(np.pi / 2, rel=0.05)


def test_voxels_that_are_no_cubes_are_measured_in_um() -> None:
    size = VoxelSize(15, 10, 10)
    ends = [[200.0, 100, 100], [250.0, 500, 520]]
    graph = measured(tubes([ends], [50.0], size, (30, 64, 64)), size)
    assert graph.lengths_um.sum() == pytest.approx(np.linalg.norm(np.subtract(*ends)), rel=0.1)
    assert graph.radii_um[0] == pytest.approx(50, rel=0.05)


def test_a_ring_is_one_loop_of_its_circumference() -> None:
    course = arc(200.0, (100.0, 300.0, 300.0), 0.0, 2 * np.pi)
    graph = measured(tubes([course], [30.0], CUBE, (20, 60, 60)))
    assert graph.summary["loops"] == 1
    assert graph.lengths_um.sum() == pytest.approx(2 * np.pi * 200, rel=0.05)


@pytest.fixture(scope="module")
def network():
    """Blurred noise above a threshold: a sponge of branches of all widths."""
    field = gaussian_filter(np.random.default_rng(5).normal(size=(64, 72, 80)), 3.0)
    return field > 1.0 * field.std()


@pytest.mark.parametrize("block", [(32, 40, 24), (20, 72, 80), (100, 100, 100)])
def test_blocks_stitched_are_the_whole_within_a_hundredth(network, block) -> None:
    whole = measured(network, block=network.shape)
    stitched = measured(network, block=block, halo=16)
    for name in ("length_mm", "mean_radius_um", "vessel_mm3"):
        assert stitched.summary[name] == pytest.approx(whole.summary[name], rel=0.01)
    assert stitched.summary["pieces"] == whole.summary["pieces"]
    for name in ("branches", "junctions", "ends"):
        assert stitched.summary[name] == pytest.approx(whole.summary[name], abs=2, rel=0.03)


def test_blocks_of_tubes_stitched_are_the_whole_exactly(fork) -> None:
    mask, _, _ = fork
    whole, stitched = measured(mask), measured(mask, block=(24, 32, 40), halo=8)
    assert stitched.summary == pytest.approx(whole.summary)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 12)] * 3),
    sigma=st.sampled_from([0.0, 0.7, 1.5]),
    share=st.sampled_from([0.2, 0.5]),
    seed=st.integers(0, 2**16),
)
def test_thinning_keeps_pieces_and_loops_and_thins(shape, sigma, share, seed) -> None:
    field = gaussian_filter(np.random.default_rng(seed).random(shape), sigma)
    mask = binary_fill_holes(field > np.quantile(field, 1 - share))
    thin = thinned(mask)
    assert betti_numbers(thin) == betti_numbers(mask)
    assert not (thin & ~mask).any()
    np.testing.assert_array_equal(thinned(thin), thin)


def test_thinning_does_not_depend_on_where_an_array_begins(network) -> None:
    whole = thinned(network)
    cut = thinned(network[3:, 10:, 5:], (3, 10, 5))
    np.testing.assert_array_equal(cut[12:, 12:, 12:], whole[15:, 22:, 17:])


def test_a_tube_that_scikit_image_unravels_keeps_its_length() -> None:
    along = np.array([2.0, 5, -3]) / np.sqrt(38)
    ends = [np.array([353.0, 348, 351]) + side * 260 * along for side in (-1, 1)]
    mask = tubes([ends], [80.0], CUBE, (70, 70, 70))
    assert not centreline(mask).any()  # where it does no more, _thinning can go
    assert measured(mask).lengths_um.sum() == pytest.approx(520, rel=0.05)


def test_a_box_of_a_volume_is_measured_where_it_lies(fork) -> None:
    mask, _, _ = fork
    box = Box((40, 30, 20), (90, 90, 90))
    graph = measured(mask, box=box, block=(32, 32, 32))
    cut = measured(mask[box.slices])
    assert graph.summary == pytest.approx(cut.summary)
    shift = np.array(box.start) * 10
    np.testing.assert_allclose(np.sort(graph.nodes_um, 0), np.sort(cut.nodes_um + shift, 0))


def test_spurs_of_an_uneven_wall_go_and_branches_stay(fork) -> None:
    mask, _, lengths = fork
    rough = mask.copy()
    rng = np.random.default_rng(0)
    shell = np.argwhere(mask & (gaussian_filter(mask.astype(float), 1) < 0.75))
    for z, y, x in shell[rng.choice(len(shell), 60, replace=False)]:
        away = np.array(rng.choice([-1, 1], 3))
        for step in range(2):
            rough[tuple(np.array([z, y, x]) + step * away)] = True
    assert len(measured(rough, prune=0)) > 3
    pruned = measured(rough)
    assert len(pruned) == 3
    # Every free end may reach into a bump there.
    assert pruned.lengths_um.sum() == pytest.approx(sum(lengths), abs=60 + 50 + 40)


def test_nothing_and_a_lone_voxel_are_defined() -> None:
    mask = np.zeros((5, 5, 5), bool)
    assert set(measured(mask).summary.values()) >= {0}
    assert len(measured(mask)) == 0
    mask[2, 2, 2] = True
    graph = measured(mask)
    assert (len(graph), len(graph.nodes_um), graph.summary["pieces"]) == (0, 1, 1)
    assert np.isfinite(measured(np.ones((4, 4, 4), bool)).node_radius_um).all()
