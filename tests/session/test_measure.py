import numpy as np
import pytest

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.metrics import BlockScores
from napari_vessel.morphology import MeasureConfig, graph_of, skeleton_of
from napari_vessel.session import _graph_view as graph_view
from napari_vessel.session._graph_view import error_maps, view_of

SIZE = VoxelSize(20, 10, 10)


@pytest.fixture(scope="module")
def graph():
    z, y, x = np.indices((12, 40, 48))
    up, down = (abs(y - 20 - side * (x - 24) * 0.7) <= 2 for side in (1, -1))
    mask = (((abs(y - 20) <= 3) & (x < 24)) | ((up | down) & (x >= 22))) & (abs(z - 6) <= 2)
    *_, skeleton = skeleton_of(lambda b: mask[b.slices], Box.of(mask.shape), SIZE, MeasureConfig())
    return graph_of(skeleton)


def test_segments_follow_the_branches_in_voxels(graph) -> None:
    view = view_of(graph)
    for branch in range(len(graph)):
        course = graph.points_um[graph.branch(branch)] / SIZE.zyx
        own = view.segments[view.owner == branch]
        np.testing.assert_allclose(own[:, 0], course[:-1], rtol=1e-5)
        np.testing.assert_allclose(own.sum(axis=1), course[1:], rtol=1e-5, atol=1e-5)


def test_of_many_points_as_many_segments_are_drawn_as_are_allowed(graph, monkeypatch) -> None:
    monkeypatch.setattr(graph_view, "_MOST", 12)
    view = view_of(graph)
    assert len(view.segments) <= 12 + 2 * len(graph)
    for branch in range(len(graph)):  # whole still: from node to node
        own, nodes = view.segments[view.owner == branch], graph.nodes_um[graph.ends[branch]]
        np.testing.assert_allclose(own[0, 0] * SIZE.zyx, nodes[0], rtol=1e-4)
        np.testing.assert_allclose(own[-1].sum(axis=0) * SIZE.zyx, nodes[1], rtol=1e-4)


def test_the_nearest_branch_is_found_beside_a_voxel_and_along_a_ray(graph) -> None:
    view = view_of(graph)
    for branch in range(len(graph)):
        middle = view.middle(branch)
        found, apart = view.nearest(middle)
        assert found == branch
        assert apart < 20
        above = middle - np.array([50, 0, 0])
        assert view.nearest(above, np.array([1.0, 0, 0])) == pytest.approx((branch, apart), abs=15)
        assert view.nearest(above)[1] > 900


def test_histograms_hold_every_branch_and_the_table_a_row_for_each(graph) -> None:
    view = view_of(graph)
    assert [h.counts.sum() for h in view.histograms] == [len(graph)] * 3
    assert {len(column) for column in view.columns.values()} == {len(graph)}


def test_maps_of_errors_lay_blocks_where_they_are_and_leave_empty_ones_out() -> None:
    boxes = list(Box.of((5, 9, 8)).cells((4, 5, 8)))
    values = [(0.9, 3), (0.2, 0), (1.0, 0), (0.5, 7)]
    blocks = tuple(
        BlockScores(box, 1.0, score, score, 0, 0, vessel)
        for box, (score, vessel) in zip(boxes, values, strict=True)
    )
    surface, centre = error_maps(blocks)
    assert surface.block == (4, 5, 8)
    expected = np.array([[[0.1], [np.nan]], [[np.nan], [0.5]]])
    np.testing.assert_allclose(surface.values, expected, rtol=1e-5)
    assert centre.name == "Centreline errors"
    assert error_maps(()) == ()
