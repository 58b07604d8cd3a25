"""Three planes show one voxel, and a stroke in any of them is a stroke of the session."""

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane

pytestmark = pytest.mark.gui


@pytest.fixture
def planes(opened, qtbot):
    """A viewer, its dock and the side views, as (viewer, dock, views)."""
    viewer, dock = opened
    dock.planes.switch.click()
    yield viewer, dock, dock.planes.views
    dock.planes.close_views()
    qtbot.wait(50)  # Qt deletes later; a QtViewer that stays is a leak to napari's fixture


def shown(layer):
    return np.asarray(layer._slice.image.raw) != 0


def through(layer, voxel):
    """Return the slice through a voxel as the layer's view should show it."""
    _, row, column = layer._slice_input.order
    hidden = ({0, 1, 2} - {row, column}).pop()
    slice_ = np.take(np.asarray(layer.data), voxel[hidden], axis=hidden) != 0
    return slice_ if row < column else slice_.T


def test_the_side_views_stand_beside_the_dock_and_squeeze_it_not(opened, qtbot):
    viewer, dock = opened
    viewer.window.resize(1300, 900)
    qtbot.wait(100)
    before = dock.size()
    dock.planes.switch.click()
    qtbot.wait(200)
    after, views = dock.size(), dock.planes.views
    assert after.height() >= before.height() - 2
    assert after.width() >= min(before.width(), 300)
    assert all(view.height() >= 120 and view.width() >= 160 for view in views.views)
    canvas = viewer.window._qt_viewer.canvas.native
    assert canvas.width() >= 200
    left = views.mapToGlobal(views.rect().topLeft()).x()
    assert left + views.width() <= dock.mapToGlobal(dock.rect().topLeft()).x()
    dock.planes.close_views()
    qtbot.wait(50)


def test_the_same_voxel_is_shown_in_all_planes(planes):
    viewer, _, views = planes
    hidden = {model.dims.order[0] for model in (viewer, *(v.model for v in views.views))}
    assert hidden == {0, 1, 2}
    views.go((4, 11, 23))
    for view in views.views:
        assert tuple(view.model.dims.point) == (4, 11, 23)
    views.views[1].model.dims.set_point(1, 30)
    assert tuple(viewer.dims.point) == (4, 30, 23)
    assert tuple(views.views[0].model.dims.point) == (4, 30, 23)


def test_a_stroke_in_a_side_view_is_journalled_and_seen_in_every_view(planes, qtbot):
    _, dock, views = planes
    below = views.views[1]
    views.go((6, 20, 24))
    below.labels.brush_size = 3
    with below.labels.block_history():
        below.labels.paint((6, 20, 24), 1)
    assert dock.session.reviewed > 1
    assert dock.session.corrections.can_undo
    labels = (dock.desk.link.labels, *(v.labels for v in views.views))
    qtbot.waitUntil(lambda: all(shown(layer).any() for layer in labels))
    for layer in labels:
        np.testing.assert_array_equal(shown(layer), through(layer, (6, 20, 24)))
    below.labels.undo()
    qtbot.waitUntil(lambda: not any(shown(layer).any() for layer in labels))
    assert dock.session.reviewed == 0


def test_a_stroke_is_noted_in_the_plane_it_was_painted_in(planes, monkeypatch):
    _, dock, views = planes
    begun = []
    keep = dock.session.begin_stroke
    monkeypatch.setattr(
        dock.session, "begin_stroke", lambda tool, plane: (begun.append(plane), keep(tool, plane))
    )
    for view in views.views:
        with view.labels.block_history():
            view.labels.paint((5, 5, 5), 1)
    assert begun == [Plane.YZ, Plane.XZ]


def test_tools_and_contrast_are_the_same_in_all_views(planes):
    _, dock, views = planes
    link = dock.desk.link
    link.labels.mode = "erase"
    views.views[0].labels.brush_size = 7
    link.image.contrast_limits = (20_000, 30_000)
    for view in views.views:
        assert str(view.labels.mode) == "erase"
        assert view.labels.brush_size == link.labels.brush_size == 7
        assert tuple(view.image.contrast_limits) == (20_000, 30_000)
    link.labels.mode = "pick"  # a quick tool, which the main view's layer alone has
    assert str(views.views[0].labels.mode) == "erase"


def test_the_views_close_and_open_again(planes):
    _, dock, views = planes
    dock.planes.switch.click()
    assert dock.planes.views is None
    assert not dock.planes.switch.isChecked()
    dock.planes.switch.click()
    assert dock.planes.views is not None and dock.planes.views is not views


def test_the_views_follow_the_region(planes, qtbot):
    _, dock, views = planes
    box = Box((0, 0, 10), (12, 40, 30))
    dock.desk.jobs.start("region", lambda: dock.session.move_region(box))
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("region"))
    for view in views.views:
        assert view.labels.region == box
        assert view.labels.data is dock.session.labels


def test_closing_their_dock_closes_the_views(planes):
    viewer, dock, views = planes
    viewer.window.remove_dock_widget(views)  # as the cross of the dock does
    assert dock.planes.views is None
    assert not dock.planes.switch.isChecked()


def test_the_views_end_with_the_dock(planes):
    _, dock, views = planes
    dock.shut()
    assert dock.planes.views is None
    assert not any(view.model.layers for view in views.views)
