"""The section Explain: a voxel is picked, the answer lies over the image, and is written."""

import sys
from time import sleep

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from scipy.ndimage import distance_transform_edt, label

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import Explained, Progress, load_run

pytestmark = [pytest.mark.gui, pytest.mark.timeout(1500)]

SIZE = VoxelSize(20, 10, 10)
_LONG_MS = 400_000  # it ends at all, on a very busy machine too


def answer(request):
    """Say that the ten rows around the voxel speak for vessel, and those above against it."""
    yield Progress(1, 4, "images", "Asking the network", 3.0)
    z, y, _ = request.at
    box = Box((z, 0, 0), (z + 1, 40, 48))
    values = np.zeros(box.shape, np.float32)
    values[:, y : y + 5], values[:, max(y - 5, 0) : y] = 2, -1
    target = np.zeros(box.shape, bool)
    target[:, y, 10:20] = True
    yield Explained(
        question=request,
        values=values,
        image=np.zeros_like(values),
        target=target,
        box=box,
        plane=request.plane,
        voxel_size=SIZE,
        origin_um=(z * 20.0, 0.0, 0.0),
        on_volume=True,
        output=2.0,
        baseline=-3.0,
        sentence="The network says 88.1% vessel.",
        title="Why vessel here?",
        seconds=0.1,
        facts={"checkpoint": "starter"},
    )


def endless(request):
    while True:
        sleep(0.01)
        yield Progress(1, 100, "images", "Asking the network", 1000.0)


@pytest.fixture
def explaining(make_dock, volume_path, qtbot, monkeypatch):
    """A viewer, its dock with a volume open, and the section Explain; its workflow is ours."""
    model = sys.modules["widgets_model"]
    fakes = {**model.FAKES, "explain": answer}
    monkeypatch.setattr(model, "EXPLAINING", fakes, raising=False)
    viewer, dock = make_dock("EXPLAINING")
    session = dock.session
    dock.desk.jobs.start("open", lambda: session.open(volume_path, VolumeOptions(voxel_size=SIZE)))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))
    return viewer, dock, dock.explain, fakes


def run(section, qtbot, ask, state="done"):
    ask()
    qtbot.waitUntil(lambda: not section.running)
    assert section.desk.session.activities["explain"].state == state, section.outcome.said


def click_canvas(viewer, qtbot, world, *, by=(0, 0)):
    """Press the mouse where ``world`` is on the canvas, and release it ``by`` pixels beside."""
    canvas = viewer.window._qt_viewer.canvas
    centre, zoom = np.asarray(viewer.scene.camera.center)[-2:], viewer.scene.camera.zoom
    ratio = canvas.native.devicePixelRatioF()
    middle = np.array([canvas.native.height(), canvas.native.width()]) / 2
    down, right = middle + (np.asarray(world)[-2:] - centre) * zoom / ratio
    at = QPoint(round(right), round(down))
    qtbot.mousePress(canvas.native, Qt.MouseButton.LeftButton, pos=at)
    if any(by):
        qtbot.mouseMove(canvas.native, at + QPoint(*by))
    qtbot.mouseRelease(canvas.native, Qt.MouseButton.LeftButton, pos=at + QPoint(*by))


def test_the_answer_lies_on_the_voxels_it_speaks_of(explaining, qtbot):
    viewer, dock, section, _ = explaining
    before = viewer.layers.selection.active
    section.voxel = (4, 20, 12)
    run(section, qtbot, lambda: section.ask("here"))
    layer = section.layer.layer
    assert layer in viewer.layers and section.layer.outline in viewer.layers
    np.testing.assert_allclose(layer.scale, SIZE.zyx)
    np.testing.assert_allclose(layer.translate, (80, 0, 0))
    low, high = layer.contrast_limits
    assert low == -high
    # 0 is transparent; red is above it, blue below.
    blue, nothing, red = layer.colormap.map(np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(nothing, 0, atol=0.02)
    assert red[0] > 0.9 > red[2] and blue[2] > 0.9 > blue[0]
    # The outline runs half a voxel around the target.
    (line,) = section.layer.outline.data
    np.testing.assert_allclose(line.min(0), (0, 19.5, 9.5))
    np.testing.assert_allclose(line.max(0), (0, 20.5, 19.5))
    assert viewer.layers.selection.active is before
    assert "88.1% vessel" in section.outcome.said
    assert dock.session.explained.question.at == (4, 20, 12)


def test_another_answer_replaces_the_first_and_another_volume_takes_it_away(
    explaining, qtbot, tmp_path
):
    viewer, dock, section, _ = explaining
    run(section, qtbot, lambda: section.ask("here"))
    count, first = len(viewer.layers), section.layer.layer
    run(section, qtbot, lambda: section.ask("not_here"))
    assert len(viewer.layers) == count
    assert first not in viewer.layers
    assert "not" in section.layer.layer.name
    other = tmp_path / "other.npy"
    np.save(other, np.random.default_rng(1).integers(0, 99, (6, 32, 32)).astype(np.uint8))
    dock.volume.open_path(str(other))
    qtbot.waitUntil(lambda: dock.session.explained is None)
    assert section.layer.layer is None
    assert not any(layer.name == "Explained" for layer in viewer.layers)


def test_a_click_picks_a_voxel_and_paints_nothing_and_a_drag_does_not(explaining, qtbot):
    viewer, dock, section, _ = explaining
    dock.desk.link.set_mode("paint")
    section.picking.click()
    assert section.pick.armed
    assert str(dock.desk.link.labels.mode) == "pan_zoom"
    qtbot.wait(200)
    world = viewer.layers[0].data_to_world((6, 30, 20))
    click_canvas(viewer, qtbot, world, by=(40, 0))
    assert section.voxel is None
    qtbot.wait(300)
    click_canvas(viewer, qtbot, world)
    qtbot.waitUntil(lambda: section.voxel is not None)
    assert section.voxel[0] == round(viewer.dims.point[0] / SIZE.z_um)
    assert "Voxel z" in section.where.said
    assert dock.session.reviewed == 0
    dock.desk.link.set_mode("paint")  # another tool in the hand ends it
    assert not section.pick.armed and not section.picking.isChecked()


def test_a_key_asks_at_the_cursor_in_the_plane_on_screen(explaining, qtbot):
    viewer, dock, section, _ = explaining
    viewer.dims.order = (1, 0, 2)
    viewer.cursor.position = tuple(viewer.layers[0].data_to_world((6, 21, 13)))
    run(section, qtbot, lambda: section.ask_at_cursor("not_here"))
    asked = dock.session.explained.question
    assert (asked.at, asked.plane, asked.question) == ((6, 21, 13), Plane.XZ, "not_here")
    viewer.cursor.position = (0, -500, 0)
    section.ask_at_cursor("here")
    assert "not over a slice" in section.outcome.said
    keys = {str(key) for key in viewer.keymap}
    assert {"Shift+Y", "Shift+X"} <= keys


def test_what_a_method_does_not_follow_is_hidden_and_what_it_does_is_asked(explaining, qtbot):
    _, dock, section, _ = explaining
    settings = section.settings
    for index in range(settings.method.count()):
        settings.method.setCurrentIndex(index)
        config = settings.config()
        assert config.method == settings.method.currentData()
        shown = {name for name, held in settings._rows.items() if not held.isHidden()}
        assert shown == type(config).followed_by(config.method) & settings._rows.keys()
    settings.method.setCurrentIndex(settings.method.findData("occlusion"))
    settings.numbers["patch"].setValue(6)
    settings.numbers["stride"].setValue(99)  # no pixels between patches
    assert settings.config().stride == 6
    run(section, qtbot, lambda: section.ask("here"))
    assert dock.session.explained.question.config.patch == 6


def test_it_can_be_cancelled(explaining, qtbot):
    _, dock, section, fakes = explaining
    fakes["explain"] = endless
    section.ask("here")
    qtbot.waitUntil(lambda: section.bar.value() > 0)
    qtbot.mouseClick(section.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not section.running)
    assert dock.session.activities["explain"].state == "cancelled"


def test_what_was_explained_is_written_with_a_picture_and_as_a_file_to_run(
    explaining, qtbot, tmp_path
):
    _, dock, section, _ = explaining
    assert not section.writing.isVisible()
    run(section, qtbot, lambda: section.ask("here"))
    out = tmp_path / "why.ome.zarr"
    run(section, qtbot, lambda: section.write_to(out))
    assert (tmp_path / "why.png").is_file()
    run(section, qtbot, lambda: section.write_to(out), "failed")
    assert "exists already" in section.outcome.said
    section.overwrite.setChecked(True)
    run(section, qtbot, lambda: section.write_to(out))
    run(
        section,
        qtbot,
        lambda: section._start(lambda: dock.session.write_explain_run(tmp_path / "why.json")),
    )
    file = load_run(tmp_path / "why.json")
    assert file.at == dock.session.explained.question.at


@pytest.mark.slow
def test_a_real_vessel_of_a_phantom_is_explained_in_a_real_window(
    make_napari_viewer, qtbot, tmp_path, request
):
    """The compute process does it; nothing of torch or captum is in the viewer's."""
    phantom = make_phantom(PhantomConfig(shape=(16, 128, 128), seed=4))
    path = tmp_path / "phantom.npy"
    np.save(path, phantom.image)
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1380, 960)
    widget, dock = viewer.window.add_plugin_dock_widget("napari-vessel", "Vessels")
    viewer.window._qt_window.resizeDocks([widget], [400], Qt.Orientation.Horizontal)
    session, size = dock.session, VoxelSize(50, 50, 50)
    dock.desk.jobs.start("open", lambda: session.open(path, VolumeOptions(voxel_size=size)))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))
    settings = InferenceConfig(planes=(Plane.XY,), views="none")
    focus = dock.desk.link.focus()
    dock.desk.jobs.start("predict", lambda: session.predict(focus, settings=settings))
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("predict"), timeout=_LONG_MS)
    y, x = vessel_of(np.asarray(session.labels[8]) != 0, phantom.vessels[8])
    viewer.dims.set_point(0, 8 * 50)
    section = dock.explain
    section.voxel = (8, y, x)
    section.settings.numbers["steps"].setValue(24)
    section.ask("here")
    qtbot.waitUntil(lambda: not section.running, timeout=_LONG_MS)
    found = session.explained
    assert found is not None, section.outcome.said
    assert found.output > 0
    folder = request.config.getoption("--screenshots", None)
    if folder:
        dock.desk.link.labels.visible = False
        viewer.scene.camera.zoom *= 2.2
        viewer.scene.camera.center = (0, y * 50, x * 50)
        section.settings.more.switch.setChecked(True)
        qtbot.wait(500)
        dock.area.ensureWidgetVisible(section.why_not, 0, 300)
        qtbot.wait(1000)
        viewer.window.screenshot(f"{folder}/explain.png", canvas_only=False)
    near = distance_transform_edt(~found.target) <= 16
    assert np.abs(found.values[near]).sum() > 0.5 * np.abs(found.values).sum()


def vessel_of(proposed, truth):
    """Return a voxel (y, x) inside a piece of a slice of about 90 voxels that is truly vessel."""
    pieces, _ = label(proposed & truth)
    sizes = np.bincount(pieces.ravel())[1:]
    place = np.argwhere(pieces == np.argsort(np.abs(sizes - 90))[0] + 1)
    return place[len(place) // 2].tolist()
