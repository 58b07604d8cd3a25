"""The link shows what is open where it lies, and tells where the person looks."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.volumes import VolumeOptions
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._viewer import ViewerLink

pytestmark = pytest.mark.gui


@pytest.fixture
def link(make_session, qtbot):
    session, follower = make_session(), Follower()
    link = ViewerLink(ViewerModel(), session, follower)
    yield link
    link.close()
    follower.close()
    session.close()


def open_now(link, path, **options):
    session = link._session
    for event in session.open(str(path), VolumeOptions(**options)):
        session.deliver(event)


def open_region(link, path, region, monkeypatch):
    """Open ``region`` of a volume, as a large volume is opened."""
    import napari_vessel.session._opening as opening

    monkeypatch.setattr(opening, "_region", lambda *_: region)
    open_now(link, path)


def test_layers_lie_at_their_place_in_micrometres(link, volume_path):
    open_now(link, volume_path, voxel_size=VoxelSize(5, 2, 2))
    for layer in link.viewer.layers:
        assert tuple(layer.scale) == (5, 2, 2)
        assert tuple(layer.translate) == (0, 0, 0)
        assert {str(unit) for unit in layer.units} == {"micrometer"}


def test_an_unknown_voxel_size_is_not_called_micrometres(link, volume_path):
    open_now(link, volume_path)
    assert {str(u) for layer in link.viewer.layers for u in layer.units} == {"pixel"}


def test_a_region_lies_where_it_was_cut(link, volume_path, monkeypatch):
    open_region(link, volume_path, Box((2, 8, 10), (9, 30, 40)), monkeypatch)
    assert link.labels.data.shape == (7, 22, 30)
    assert tuple(link.labels.data_to_world((0, 0, 0))) == (2, 8, 10)
    assert round(link.focus().point[0]) == 5 or round(link.focus().point[0]) == 6


def test_the_mask_lies_on_the_image_however_that_is_placed(link, volume_path, monkeypatch):
    import napari_vessel.session._opening as opening

    moved = np.eye(4)
    moved[:3, 3] = 7, 8, 9
    mine = link.viewer.add_image(
        np.load(volume_path), scale=(3, 2, 1), translate=(4, 5, 6), rotate=10, affine=moved
    )
    link.adopt(mine)
    region = Box((2, 8, 10), (9, 30, 40))
    monkeypatch.setattr(opening, "_region", lambda *_: region)
    open_now(link, volume_path)
    assert link.image is mine
    for voxel in ((0, 0, 0), (3, 4, 5)):
        there = mine.data_to_world(np.add(voxel, region.start))
        np.testing.assert_allclose(link.labels.data_to_world(voxel), there)


def test_a_layer_of_another_shape_does_not_stand_for_the_volume(link, volume_path):
    other = link.viewer.add_image(np.zeros((3, 4, 5)))
    link.adopt(other)
    open_now(link, volume_path)
    assert link.image is not other
    assert other in link.viewer.layers


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_focus_follows_plane_slice_and_camera(link, volume_path, axis):
    open_now(link, volume_path, voxel_size=VoxelSize(5, 2, 2))
    rest = [a for a in range(3) if a != axis]
    link.viewer.dims.order = (axis, *rest)
    link.viewer.dims.set_current_step(axis, 4)
    at = np.array([3.0, 20.0, 30.0])
    link.viewer.scene.camera.center = (0, *(at * (5, 2, 2))[rest])
    focus = link.focus()
    at[axis] = 4
    np.testing.assert_allclose(focus.point, at)
    assert focus.plane is Plane.of_normal(axis)
    assert link.slice_in_view() == (Plane.of_normal(axis), 4)


def test_the_focus_stays_inside_the_volume(link, volume_path):
    open_now(link, volume_path)
    link.viewer.scene.camera.center = (0, 900, -50)
    assert link.focus().point[1:] == (39, 0)


def test_no_slice_is_accepted_in_three_dimensions(link, volume_path):
    open_now(link, volume_path)
    link.viewer.dims.ndisplay = 3
    with pytest.raises(CallerError, match="Three dimensions"):
        link.slice_in_view()


def test_what_is_visible_is_a_slab_about_the_slice(link, volume_path):
    open_now(link, volume_path)
    box = link.visible_box()
    assert Box.of(link._session.volume.shape).contains(box)
    link.image.corner_pixels = np.array([[0, 5, 6], [0, 14, 20]])
    assert link.visible_box() == Box((0, 5, 6), (12, 15, 21))


def test_opening_another_volume_replaces_the_image_and_keeps_the_mask_layer(
    link, volume_path, tmp_path
):
    open_now(link, volume_path)
    labels = link.labels
    labels.brush_size = 3
    np.save(tmp_path / "other.npy", np.zeros((5, 10, 10), np.uint8))
    open_now(link, tmp_path / "other.npy")
    assert [layer.name for layer in link.viewer.layers] == ["other.npy", "Vessels"]
    assert link.labels is labels
    assert labels.brush_size == 3
    assert labels.data.shape == (5, 10, 10)


def test_opening_anew_ends_the_stroke_that_is_under_way(link, volume_path):
    open_now(link, volume_path)
    link.labels._begin_stroke()
    link.labels.paint((6, 20, 20), 1)
    painted = np.asarray(link.labels.data)
    open_now(link, volume_path)
    np.testing.assert_array_equal(np.asarray(link.labels.data), painted)
    link.labels._commit_stroke()
    link.labels.paint((6, 30, 20), 1)
    assert np.asarray(link.labels.data).sum() > painted.sum()


def test_a_mask_left_by_an_earlier_dock_makes_room(link, volume_path, painter):
    from napari_vessel.widgets import VesselLabels

    left = VesselLabels(painter, painter.labels, painter.region, name="Vessels")
    link.viewer.add_layer(left)
    left.retire()
    open_now(link, volume_path)
    assert left not in link.viewer.layers


def test_a_key_that_was_bound_before_is_bound_again(link):
    def before(_viewer):
        pass

    link.viewer.bind_key("Shift-P", before)
    link.bind("Shift-P", lambda: None)
    link.bind("Shift-A", lambda: None)
    link.close()
    assert [*link.viewer.keymap.values()] == [before]


def test_many_changed_boxes_become_one_refresh(link, volume_path, qtbot, monkeypatch):
    open_now(link, volume_path)
    asked = []
    qtbot.wait(100)
    monkeypatch.setattr(link.labels, "refresh_box", asked.append)
    for y in range(40):
        link._session.events.shown.emit(Box((0, y, 0), (1, y + 1, 1)))
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [None]
