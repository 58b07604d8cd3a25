"""The labels layer hands over what a brush covered, and shows what it painted."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_vessel.errors import JournalError, LabelsError
from napari_vessel.geometry import Box, Plane
from napari_vessel.widgets._labels import VesselLabels


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(painter, viewer):
    layer = VesselLabels(painter, painter.labels, painter.region, scale=(2, 1, 1), name="Vessels")
    viewer.add_layer(layer)
    viewer.dims.current_step = (6, 10, 12)
    layer.brush_size = 5
    return layer


def brush(shape, scale, centre, size, plane_axis):
    """A disc as napari documents it, in plain numpy."""
    grid = np.indices(shape)
    painted = [axis for axis in range(3) if axis != plane_axis]
    least = min(scale[axis] for axis in painted)
    far = sum(((grid[a] - centre[a]) * scale[a] / least) ** 2 for a in painted)
    disc = far <= (size // 2 + 0.5) ** 2
    return disc & (grid[plane_axis] == centre[plane_axis]) if plane_axis is not None else disc


def seen(layer):
    """What is on screen: the slice that napari uploads, not the data."""
    return layer._slice.image.view


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (2, 1, 0), (0, 2, 1)])
def test_the_brush_covers_a_disc_of_the_displayed_plane(painter, viewer, layer, order):
    viewer.dims.order = order
    layer.paint((6, 9, 11), 1)
    disc = brush(painter.shape, (2, 1, 1), (6, 9, 11), 5, order[0])
    np.testing.assert_array_equal(painter.states, np.where(disc, 2, 0))
    assert painter.strokes == [("paint", Plane.of_normal(order[0]))]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_a_stamp_reads_no_more_than_it_covers(viewer, layer, order, monkeypatch):
    viewer.dims.order = order
    read, array = [], type(layer.data)
    cut = array.__getitem__
    monkeypatch.setattr(array, "__getitem__", lambda a, key: read.append(key) or cut(a, key))
    layer.paint((6, 10, 12), 1)
    assert sum(cut(layer.data, key).size for key in read) <= 5 * 5


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_what_is_painted_is_seen_at_once(painter, viewer, layer, order):
    viewer.dims.order = order
    point = (6, 10, 12)
    layer.paint(point, 1)
    expected = np.take(np.transpose(np.asarray(layer.data), order), point[order[0]], axis=0)
    np.testing.assert_array_equal(layer._slice.image.raw, expected)
    np.testing.assert_array_equal(seen(layer) != seen(layer)[0, 0], expected != 0)
    before = seen(layer).copy()
    layer.refresh()
    np.testing.assert_array_equal(before, seen(layer))


def test_painting_vessel_on_proposed_vessel_confirms_it(painter, layer):
    painter.proposal[...] = 1
    layer.paint((6, 9, 11), 1)
    assert (painter.states == 2).sum() == 21
    layer.fill((3, 1, 1), 1)
    assert (painter.states[3] == 2).all()


def test_one_stamp_touches_only_what_the_brush_covered(painter, layer):
    painter.proposal[6, 9, 11] = 1
    layer.paint((6, 9, 11), 0)
    disc = brush(painter.shape, (2, 1, 1), (6, 9, 11), 5, 0)
    np.testing.assert_array_equal(painter.states, np.where(disc, 1, 0))
    assert painter.strokes == [("erase", Plane.XY)]


def test_an_undo_brings_back_untouched(painter, layer):
    layer.paint((6, 9, 11), 0)
    layer.undo()
    assert not painter.states.any()
    layer.redo()
    assert (painter.states == 1).sum() == 21


def test_undo_and_redo_are_seen_at_once(painter, viewer, layer):
    layer.paint((6, 10, 12), 1)
    layer.undo()
    assert not layer._slice.image.raw.any()
    layer.redo()
    assert layer._slice.image.raw.sum() == 21


def test_a_fill_covers_what_is_connected_and_no_more(painter, layer):
    painter.proposal[6, 4:8, 4:8] = 1
    painter.proposal[6, 12:14, 12:14] = 1
    layer.fill((6, 5, 5), 0)
    expected = np.zeros(painter.shape, np.uint8)
    expected[6, 4:8, 4:8] = 1
    np.testing.assert_array_equal(painter.states, expected)


def test_a_dragged_fill_does_not_spread_into_what_it_joined(painter, layer):
    painter.proposal[6, 4:8, 4:8] = 1
    painter.proposal[6, 5, 5] = 0
    layer.mode = "fill"
    with layer.block_history():
        layer._draw(1, (6, 5, 5), (6, 5, 5))
        layer._draw(1, (6, 5, 5), (6, 6, 6))
    assert np.argwhere(painter.states).tolist() == [[6, 5, 5]]


def test_a_polygon_covers_its_inside(painter, layer):
    layer.mode = "polygon"
    layer.paint_polygon([(6, 2, 2), (6, 2, 8), (6, 8, 8), (6, 8, 2)], 1)
    assert painter.strokes == [("polygon", Plane.XY)]
    assert (painter.states[6, 3:8, 3:8] == 2).all()
    assert not np.delete(painter.states, 6, axis=0).any()


def test_a_ball_brush_paints_in_three_dimensions(painter, layer):
    layer.n_edit_dimensions = 3
    layer.paint((6, 9, 11), 1)
    ball = brush(painter.shape, (2, 1, 1), (6, 9, 11), 5, None)
    np.testing.assert_array_equal(painter.states, np.where(ball, 2, 0))
    assert painter.strokes == [("paint", None)]


def test_a_drag_is_one_stroke(painter, layer):
    layer.mode = "paint"
    with layer.block_history():
        layer._draw(1, (6, 5, 5), (6, 5, 5))
        layer._draw(1, (6, 5, 5), (6, 5, 15))
    assert painter.strokes == [("paint", Plane.XY)]
    assert (painter.states[6, 5, 5:16] == 2).all()
    assert not painter.open


def test_an_encircling_stroke_is_one_step_to_undo(painter, layer):
    layer.mode = "paint"
    layer._begin_stroke()
    layer._draw(1, (6, 5, 5), (6, 5, 5))
    layer.paint_polygon([(6, 2, 2), (6, 2, 8), (6, 8, 8)], 1)
    assert painter.open
    layer._commit_stroke()
    assert len(painter.strokes) == 1
    layer.undo()
    assert not painter.states.any()


def test_an_aborted_stroke_is_taken_back(painter, layer):
    layer.paint((2, 3, 3), 1)
    kept = painter.states.copy()
    layer._begin_stroke()
    layer.paint((6, 9, 11), 1)
    layer._abort_stroke()
    np.testing.assert_array_equal(painter.states, kept)
    layer._begin_stroke()
    layer._abort_stroke()
    np.testing.assert_array_equal(painter.states, kept)


def test_an_exception_in_mid_stroke_keeps_what_was_painted(painter, layer):
    with pytest.raises(ZeroDivisionError), layer.block_history():
        layer.paint((6, 9, 11), 1)
        1 / 0  # noqa: B018
    assert (painter.states == 2).sum() == 21
    assert not painter.open


def test_a_stroke_that_cannot_be_kept_is_told_once_and_not_shown(painter, layer, monkeypatch):
    def full(*_):
        raise JournalError("disk full")

    monkeypatch.setattr(painter, "paint", full)
    with layer.block_history():
        with pytest.raises(JournalError):
            layer.paint((6, 10, 12), 1)
        layer.paint((6, 11, 12), 1)
    assert not layer._slice.image.raw.any()
    assert not painter.open


def test_preserved_labels_are_not_touched(painter, layer):
    painter.proposal[6, 9] = 1
    layer.preserve_labels = True
    layer.paint((6, 9, 11), 1)
    assert not painter.states[6, 9].any()
    assert (painter.states == 2).sum() == 16


def test_every_value_but_zero_is_vessel(painter, layer):
    layer.paint((6, 9, 11), 200)
    layer.data_setitem(([0, 0], [0, 1], [0, 0]), np.array([7, 300]))
    assert np.unique(painter.states).tolist() == [0, 2]


def test_scripted_writes_are_strokes(painter, layer):
    indices = (np.array([6, -1, 6, 6]), np.array([10, 19, 12, 12]), np.array([12, 0, 3, 3]))
    layer.data_setitem(indices, np.array([1, 0, 0, 1]))
    assert painter.strokes == [("script", Plane.XY)]
    assert painter.states[6, 10, 12] == painter.states[6, 12, 3] == 2
    assert painter.states[11, 19, 0] == 1
    assert (painter.states != 0).sum() == 3
    np.testing.assert_array_equal(layer._slice.image.raw, np.asarray(layer.data)[6])


def test_a_scripted_write_outside_is_refused(painter, layer):
    with pytest.raises(LabelsError, match=r"\(12, 20, 24\)"):
        layer.data_setitem((np.array([12]), np.array([0]), np.array([0])), 1)
    assert not painter.strokes


def test_setting_data_of_the_same_shape_imports_it(painter, layer):
    kept, other = layer.data, np.zeros(painter.shape, np.float32)
    other[2:4] = 0.5
    layer.data = other
    assert layer.data is kept
    np.testing.assert_array_equal(painter.states, np.where(other != 0, 2, 1))
    layer.undo()
    assert not painter.states.any()


def test_setting_data_of_another_shape_is_refused_with_both_shapes(painter, layer):
    kept = layer.data
    with pytest.raises(LabelsError, match=r"\(3, 3, 3\).*\(12, 20, 24\)"):
        layer.data = np.zeros((3, 3, 3), np.uint8)
    assert layer.data is kept
    assert not painter.strokes


def test_a_box_is_shown_anew_only_where_it_is_on_screen(painter, viewer, layer):
    painter.proposal[...] = 1
    layer.refresh_box(Box((5, 6, 7), (6, 26, 31)))
    assert not layer._slice.image.raw.any()
    layer.refresh_box(Box((11, 8, 9), (12, 10, 40)))
    shown = np.zeros(painter.shape[1:], np.uint8)
    shown[2:4, 2:] = 1
    np.testing.assert_array_equal(layer._slice.image.raw, shown)
    layer.refresh_box(None)
    assert layer._slice.image.raw.all()


def test_a_box_is_shown_anew_in_a_transposed_view(painter, viewer, layer):
    viewer.dims.order = (0, 2, 1)
    painter.proposal[6, 2:4, 5:9] = 1
    layer.refresh_box(Box((11, 6, 7), (12, 12, 20)))
    np.testing.assert_array_equal(layer._slice.image.raw, painter.proposal[6].T)


def test_contours_follow_the_brush(painter, viewer, layer):
    layer.contour = 1
    layer.paint((6, 10, 12), 1)
    before = seen(layer).copy()
    layer.refresh()
    np.testing.assert_array_equal(before, seen(layer))
    assert before.any()


def test_a_stroke_painted_while_a_slice_loads_is_shown_when_it_has_loaded(painter, layer):
    layer._slicing_state._set_unloaded_slice_id(12345)
    layer.paint((6, 10, 12), 1)
    assert not layer._slice.image.raw.any()
    layer._slicing_state._update_loaded_slice_id(12345)
    assert layer._slice.image.raw.any()


def test_a_retired_layer_shows_and_takes_nothing(painter, layer):
    layer.paint((6, 10, 12), 1)
    layer.retire()
    with pytest.raises(LabelsError):
        layer.paint((6, 10, 12), 0)
    assert layer._slice.image.raw.any()
    assert not layer.editable


def test_a_copy_of_the_layer_owns_its_voxels(painter, layer):
    layer.paint((6, 10, 12), 1)
    data, _, kind = layer.as_layer_data_tuple()
    assert kind == "labels"
    data[...] = 1
    assert (painter.states != 0).sum() == 21


def test_napari_keeps_no_history(painter, layer):
    layer.paint((6, 10, 12), 1)
    layer.data_setitem((np.array([6]), np.array([0]), np.array([0])), 1)
    assert not layer._undo_history
    assert not layer._staged_history


def test_strokes_on_a_plain_layer_and_ours_look_the_same(painter, viewer, layer):
    plain = Labels(np.zeros(painter.shape, np.uint8), scale=(2, 1, 1))
    viewer.add_layer(plain)
    plain.brush_size = 5
    rng = np.random.default_rng(0)
    for size in (1, 4, 5, 9):
        layer.brush_size = plain.brush_size = size
        for value in (1, 0, 1):
            point = tuple(rng.integers(0, painter.shape))
            layer.paint(point, value)
            plain.paint(point, value)
    np.testing.assert_array_equal(np.asarray(layer.data), plain.data)
