"""The region moves by a key or a drawn box; elsewhere the mask is shown, made behind the view."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import Project
from napari_vessel.session import _opening
from napari_vessel.volumes import open_volume
from napari_vessel.widgets._box_drawing import box_of_rectangle

pytestmark = pytest.mark.gui

LEFT = Box((0, 0, 0), (12, 40, 20))
STROKE = Box((5, 10, 5), (6, 20, 15))


@pytest.fixture
def partial(make_dock, volume_path, qtbot):
    """A viewer and its dock with the left part of a volume open, as (viewer, dock)."""
    viewer, dock = make_dock()
    place = volume_path.with_suffix(".vessel")
    Project.create(place, open_volume(str(volume_path)), region=LEFT)
    dock.volume.open_path(str(place))
    settled(dock, qtbot)
    return viewer, dock


def settled(dock, qtbot):
    jobs = dock.desk.jobs
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
    qtbot.waitUntil(lambda: not any(map(jobs.running, ("open", "region", "overview"))))


def paint(session, box, value=1):
    session.begin_stroke("paint", Plane.XY)
    session.paint(box, np.ones(box.shape, bool), value)
    session.end_stroke()


def draw(viewer, corners):
    """Draw a rectangle as a mouse would end it."""
    layer = viewer.layers["Draw the region"]
    layer.add_rectangles(np.asarray(corners, float))
    return layer


def test_one_key_moves_the_region_to_the_view(partial, qtbot, monkeypatch):
    viewer, dock = partial
    monkeypatch.setattr(_opening, "REGION_VOXELS", 10**3 + 1)
    viewer.dims.set_point(0, 8)
    viewer.scene.camera.center = (0, 30, 40)
    dock.region.work_here()
    settled(dock, qtbot)
    assert dock.session.region == Box((2, 25, 35), (12, 35, 45))
    assert dock.desk.link.labels.data.shape == (10, 10, 10)
    assert tuple(dock.desk.link.labels.data_to_world((0, 0, 0))) == (2, 25, 35)
    assert tuple(viewer.scene.camera.center)[1:] == pytest.approx((30, 40))


def test_a_drawn_box_becomes_the_region_and_the_brush_comes_back(partial, qtbot):
    viewer, dock = partial
    dock.region.slices.setValue(4)
    viewer.dims.set_point(0, 8)
    dock.region.draw.click()
    draw(viewer, [[8, 10, 25], [8, 10, 45], [8, 30, 45], [8, 30, 25]])
    dock.region.drawing._take()
    settled(dock, qtbot)
    assert dock.session.region == Box((6, 10, 25), (10, 31, 46))
    assert "Draw the region" not in viewer.layers
    assert viewer.layers.selection.active is dock.desk.link.labels


def test_a_box_dragged_with_the_mouse_becomes_the_region(partial, qtbot):
    viewer, dock = partial
    native = viewer.window._qt_viewer.canvas.native
    qtbot.waitUntil(lambda: native.width() > 200)
    qtbot.wait(100)
    viewer.dims.set_point(0, 8)
    dock.region.slices.setValue(4)
    dock.region.draw.click()
    drag(viewer, native, viewer.layers["Draw the region"], [(8, 10, 25), (8, 20, 35), (8, 30, 45)])
    qtbot.waitUntil(lambda: dock.session.region != LEFT)
    settled(dock, qtbot)
    region = dock.session.region
    assert (region.start[0], region.stop[0]) == (6, 10)
    corners = np.array([region.start[1:], region.stop[1:]])
    np.testing.assert_allclose(corners, [[10, 25], [31, 46]], atol=1)  # a pixel is under a voxel
    assert "Draw the region" not in viewer.layers
    assert viewer.layers.selection.active is dock.desk.link.labels


def drag(viewer, canvas, layer, voxels):
    """Press at the first voxel, move over the others, release at the last."""
    camera, points = viewer.scene.camera, []
    for voxel in voxels:
        offset = (np.asarray(layer.data_to_world(voxel))[1:] - camera.center[-2:]) * camera.zoom
        row, column = np.round(np.array([canvas.height(), canvas.width()]) / 2 + offset).astype(int)
        points.append(QPoint(int(column), int(row)))
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseMove(canvas, points[0])
    QTest.mousePress(canvas, left, plain, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        QTest.qWait(20)
    QTest.mouseRelease(canvas, left, plain, points[-1])


def test_drawing_can_be_given_up(partial):
    viewer, dock = partial
    dock.region.draw.click()
    dock.region.draw.click()
    assert "Draw the region" not in viewer.layers
    assert not dock.region.draw.isChecked()
    dock.region.draw.click()
    viewer.layers.remove("Draw the region")
    assert not dock.region.draw.isChecked()


def test_what_was_painted_is_shown_elsewhere_once_the_region_has_moved(partial, qtbot):
    viewer, dock = partial
    paint(dock.session, STROKE)
    dock.region.move_to(Box((0, 0, 25), (12, 40, 48)))
    settled(dock, qtbot)
    viewer.dims.set_point(0, STROKE.start[0])
    layer = dock.region.overview.layer
    expected = np.zeros((40, 48), bool)
    expected[STROKE.slices[1:]] = True
    qtbot.waitUntil(lambda: np.array_equal(layer._slice.image.raw != 0, expected))
    assert not layer.editable
    dock.region.rest.setChecked(False)
    assert layer not in viewer.layers


def test_an_undo_outside_of_the_region_says_where_and_goes_there(partial, qtbot, monkeypatch):
    viewer, dock = partial
    monkeypatch.setattr(_opening, "REGION_VOXELS", 12**3 + 1)
    paint(dock.session, STROKE)
    dock.region.move_to(Box((0, 0, 25), (12, 40, 48)))
    settled(dock, qtbot)
    assert dock.region.go.isHidden()
    dock.session.undo()
    assert "outside of the region" in dock.region.elsewhere.said
    assert not dock.region.go.isHidden()
    dock.region.go.click()
    settled(dock, qtbot)
    assert dock.session.region.contains(STROKE)
    assert dock.region.go.isHidden()
    assert round(viewer.dims.point[0]) in (5, 6)


def test_a_volume_that_is_open_as_a_whole_has_no_region_to_move(opened):
    _, dock = opened
    assert dock.region.isHidden()
    assert dock.region.overview.layer is None


def test_a_click_is_no_box_and_a_box_beside_the_volume_is_none():
    point = np.array([[5.0, 2, 3], [5, 2, 3]])
    with pytest.raises(CallerError, match="click"):
        box_of_rectangle(point, 0, 4, (20, 20, 20))
    aside = np.array([[5.0, 30, 3], [5, 40, 13]])
    with pytest.raises(CallerError, match="beside"):
        box_of_rectangle(aside, 0, 4, (20, 20, 20))
