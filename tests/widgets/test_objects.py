"""The Objects dock in a real window: marked with the mouse, labelled with keys, kept."""

import csv
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QWidget

from napari_vessel.session import ObjectClass, Session
from napari_vessel.workflows import ClassEpoch, Classified, ClassifyTrained, Progress

pytestmark = pytest.mark.gui

FINE, SICK = "not sclerotic", "globally sclerotic"


class Workflows:
    """A runner whose workflows answer at once: what lies left of x = 24 is fine."""

    alive = True

    def start(self): ...

    def close(self): ...

    def run(self, workflow, request, *, priority=0):
        yield from getattr(self, workflow.replace("-", "_"))(request)

    def classify(self, request):
        for epoch in (1, 2):
            yield ClassEpoch(epoch, 1 / epoch, 0.6, 1 / epoch, 0.5, 0.5, 1e-3, best=True)
        request.out.mkdir()
        classes = request.config.network.classes
        yield ClassifyTrained(request.out, classes, 0.6, 0.5, {}, 2, 2, 4, "epochs", 1.0)

    def classify_samples(self, request):
        with Path(request.data.table).open(newline="") as file:
            rows = list(csv.DictReader(file))
        chances = 1 / (1 + np.exp([(float(row["x"]) - 24) / 4 for row in rows]))
        yield Progress(1, 1, "samples", "Classifying")
        found = np.stack([chances, 1 - chances], 1).astype(np.float32)
        names = tuple(row["name"] for row in rows)
        yield Classified(None, names, (FINE, SICK), found, (None,) * len(rows), {}, 0.1)


@pytest.fixture
def make_dock(make_napari_viewer, qtbot):
    from napari_vessel.widgets import ObjectsDock

    docks = []

    def make():
        viewer = make_napari_viewer(show=True)
        viewer.window._qt_window.resize(1380, 960)
        dock = ObjectsDock(viewer, Session(Workflows()))
        widget = viewer.window.add_dock_widget(dock, name="Objects", area="right")
        viewer.window._qt_window.resizeDocks([widget], [340], Qt.Orientation.Horizontal)
        docks.append(dock)
        return viewer, dock

    yield make
    for dock in docks:
        dock.shut()


def open_objects(dock, qtbot, path):
    dock.image.address.setText(str(path))
    QTest.mouseClick(dock.image.open, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.layer.layer is not None)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("objects"))


@pytest.fixture
def opened(make_dock, volume_path, qtbot):
    viewer, dock = make_dock()
    open_objects(dock, qtbot, volume_path)
    return viewer, dock


def on_canvas(viewer, layer, voxel):
    canvas, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    middle = np.array([canvas.height(), canvas.width()]) / 2
    world = np.asarray(layer.data_to_world(voxel))[-2:]
    row, column = np.round(middle + (world - np.asarray(camera.center)[-2:]) * camera.zoom)
    return canvas, QPoint(int(column), int(row))


def click(viewer, layer, voxel):
    canvas, at = on_canvas(viewer, layer, voxel)
    QTest.mouseMove(canvas, at)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.qWait(30)


def press(viewer, key, modifier=Qt.KeyboardModifier.NoModifier):
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.keyClick(canvas, key, modifier)
    QTest.qWait(20)


PLACES = [(5, y, x) for y in (6, 20, 34) for x in (6, 16, 30, 42)]


def mark(viewer, dock):
    """Mark twelve objects with the mouse, each labelled by its key at once."""
    for place in PLACES:
        click(viewer, dock.layer.layer, place)
        press(viewer, Qt.Key.Key_1 if place[2] < 24 else Qt.Key.Key_2)


def wait_for(dock, qtbot, name):
    qtbot.waitUntil(lambda: dock.session.activities[name].state not in ("idle", "running"))
    qtbot.waitUntil(lambda: not dock.desk.jobs.running(name))
    assert dock.session.activities[name].state == "done", dock.session.activities[name].sentence


def test_clicks_mark_keys_label_and_all_is_there_after_reopening(
    opened, make_dock, qtbot, volume_path
):
    viewer, dock = opened
    mark(viewer, dock)
    book = dock.session.objects.book
    np.testing.assert_allclose(book.points, PLACES, atol=0.6)
    assert [v.name for v in book.verdicts] == [FINE if p[2] < 24 else SICK for p in PLACES]
    assert dock.mark.classes.counts[0].text() == "6"
    click(viewer, dock.layer.layer, (5, 13, 22))  # the one labelled last is selected still
    assert book.verdicts[-1] is None
    np.testing.assert_allclose(dock.layer.layer.face_color[-1], 0)
    assert str(dock.layer.layer.symbol[-1].value) == "disc"
    assert dock.session.objects.flush()
    qtbot.waitUntil(lambda: "saved" in dock.image.saved.said)
    dock.shut()
    viewer.close()
    _, dock = make_dock()
    open_objects(dock, qtbot, volume_path)
    again = dock.session.objects.book
    assert again.verdicts == book.verdicts
    np.testing.assert_array_equal(dock.layer.layer.data, book.points)


def test_every_control_has_a_name_and_a_tooltip_and_fits_a_narrow_dock(opened, qtbot):
    _viewer, dock = opened
    kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox)
    inner = {child for spin in dock.findChildren(QAbstractSpinBox) for child in spin.children()}
    inner |= {child for box in dock.findChildren(QComboBox) for child in box.children()}
    controls = [c for c in dock.findChildren(QWidget) if isinstance(c, kinds) and c not in inner]
    found = [c for c in controls if not c.objectName().startswith("qt_")]
    assert len(found) > 25
    assert [c for c in found if not (c.accessibleName() or getattr(c, "text", str)())] == []
    named = [c for c in found if c.parent() is not dock.mark.list]  # Qt's own corner of a table
    assert [c for c in named if not c.toolTip()] == []
    dock.learn.settings.more.switch.setChecked(True)
    dock.why.settings.more.switch.setChecked(True)
    dock.mark.listed.switch.setChecked(True)
    dock.setFixedWidth(320)
    qtbot.waitUntil(lambda: dock.width() == 320)
    qtbot.wait(50)
    room = dock.area.viewport().width()
    for child in dock.area.widget().findChildren(QWidget):
        if child.isVisible() and not dock.mark.list.isAncestorOf(child):
            right = child.mapTo(dock.area.widget(), child.rect().topRight()).x()
            assert right <= room, child


def test_undo_redo_delete_and_drag_go_through_the_log(opened, qtbot):
    viewer, dock = opened
    book, layer = dock.session.objects.book, dock.layer.layer
    click(viewer, layer, (5, 20, 10))
    click(viewer, layer, (5, 20, 30))
    press(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(book) == len(layer.data) == 1
    press(
        viewer,
        Qt.Key.Key_Z,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert len(book) == len(layer.data) == 2
    dock.layer.set_mode("select")
    canvas, start = on_canvas(viewer, layer, (5, 20, 30))
    _, end = on_canvas(viewer, layer, (5, 30, 36))
    QTest.mouseMove(canvas, start)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(canvas, start + (end - start) * step / 5)
        QTest.qWait(10)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: abs(book.points[1] - [5, 30, 36]).max() < 1.5)
    dock.session.objects.undo()  # all of the drag is one step
    np.testing.assert_allclose(book.points[1], [5, 20, 30], atol=0.6)
    np.testing.assert_array_equal(layer.data, book.points)
    layer.selected_data = {0}
    press(viewer, Qt.Key.Key_Delete)
    assert len(book) == len(layer.data) == 1
    dock.session.objects.undo()
    assert len(book) == len(layer.data) == 2


def test_learn_classify_and_step_on_to_the_least_certain_object(opened, qtbot):
    viewer, dock = opened
    mark(viewer, dock)
    dock.layer.set_mode("select")
    session = dock.session
    session.objects.configure(crop={"edge": 6})
    unlabelled = session.objects.add([(3.0, 10.0, x) for x in (4.0, 22.0, 44.0)])
    QTest.mouseClick(dock.learn.learn, Qt.MouseButton.LeftButton)
    wait_for(dock, qtbot, "teach")
    assert len(dock.learn.curves.epochs) == 2
    assert session.objects.config.in_use
    wait_for(dock, qtbot, "classify")  # what was learned is shown at once
    layer, book = dock.layer.layer, session.objects.book
    faces, borders = layer.face_color, layer.border_color
    said = [at for at, v in enumerate(book.verdicts) if v]
    left, unsure, right = (book.index(id_) for id_ in unlabelled)
    assert (borders[said] == 1).all()  # a person's: white edge, filled
    assert faces[said, 3].min() > faces[left, 3] > faces[unsure, 3]
    np.testing.assert_allclose(faces[left, :3], faces[said[0], :3])
    assert layer.symbol[left] != layer.symbol[right]
    assert layer.size[unsure] < layer.size[left]

    layer.selected_data = set()
    press(viewer, Qt.Key.Key_N)
    assert session.objects.current == unlabelled[1]
    assert layer.selected_data == {unsure}
    assert viewer.dims.current_step[0] == 3
    press(viewer, Qt.Key.Key_2)
    assert book.verdicts[unsure].name == SICK
    assert session.objects.current in (unlabelled[0], unlabelled[2])
    before = list(book.verdicts)
    QTest.mouseClick(dock.classify.classify, Qt.MouseButton.LeftButton)
    wait_for(dock, qtbot, "classify")
    assert book.verdicts == before


def test_without_a_selection_a_key_labels_the_object_under_the_mouse(opened):
    viewer, dock = opened
    session, layer = dock.session, dock.layer.layer
    ids = session.objects.add([(5.0, 20.0, 12.0), (5.0, 20.0, 36.0)])
    session.objects.configure(step_on=False)
    dock.layer.set_mode("select")
    session.objects.choose(None)
    canvas, at = on_canvas(viewer, layer, (5, 20, 36))
    QTest.mouseMove(canvas, at)
    QTest.qWait(50)
    press(viewer, Qt.Key.Key_2)
    assert [v and v.name for v in session.objects.book.verdicts] == [None, SICK]
    layer.selected_data = {0, 1}
    press(viewer, Qt.Key.Key_1)
    assert [v.name for v in session.objects.book.verdicts] == [FINE, FINE]
    press(viewer, Qt.Key.Key_0)
    assert session.objects.book.verdicts == [None, None]
    assert len(ids) == 2


def test_classes_are_renamed_recoloured_added_and_used_ones_stay(opened):
    _, dock = opened
    objects, table = dock.session.objects, dock.mark.classes
    (one,) = objects.add([(1.0, 2.0, 3.0)])
    objects.label([one], SICK)
    table.names[1].setText("GS")
    table.names[1].editingFinished.emit()
    assert objects.book.verdicts[0].name == "GS"
    QTest.mouseClick(table.add, Qt.MouseButton.LeftButton)
    assert len(objects.book.classes) == 3
    fine, sick, third = objects.book.classes
    assert len({c.colour for c in objects.book.classes}) == 3
    table._remove(1)
    assert objects.book.classes == (fine, sick, third)
    assert "labelled 'GS'" in dock.mark.outcome.said
    objects.set_classes((fine, ObjectClass("GS", "#0000ff", "star"), third))
    np.testing.assert_allclose(dock.layer.layer.face_color[0, :3], [0, 0, 1])
    assert str(dock.layer.layer.symbol[0].value) == "star"


def test_a_layer_that_was_deleted_loses_no_object(opened):
    viewer, dock = opened
    click(viewer, dock.layer.layer, (5, 20, 10))
    viewer.layers.remove(dock.layer.layer)
    assert dock.layer.layer is None
    assert len(dock.session.objects.book) == 1


def test_objects_stay_on_their_voxels_when_the_voxel_size_is_told(opened):
    viewer, dock = opened
    click(viewer, dock.layer.layer, (5, 20, 10))
    dock.layer.image.scale = (20, 10, 10)
    np.testing.assert_array_equal(dock.layer.layer.scale, (20, 10, 10))
    assert dock.session.objects.book.points[0].round().tolist() == [5, 20, 10]


def test_another_image_shows_its_own_objects(opened, qtbot, tmp_path):
    viewer, dock = opened
    click(viewer, dock.layer.layer, (5, 20, 10))
    other = tmp_path / "other.npy"
    np.save(other, np.random.default_rng(1).integers(0, 255, (8, 20, 30)).astype(np.uint8))
    dock.image.address.setText(str(other))
    QTest.mouseClick(dock.image.open, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.session.objects.opened.volume.shape == (8, 20, 30))
    assert len(dock.layer.layer.data) == 0
    assert dock.layer.image.data.shape == (8, 20, 30)
    dock.layer.layer.add([[1, 2, 3]])
    assert dock.session.objects.book.points.tolist() == [[1, 2, 3]]


def test_points_that_a_script_puts_in_are_taken(opened):
    _, dock = opened
    layer, book = dock.layer.layer, dock.session.objects.book
    layer.add([[1, 2, 3], [4, 5, 6]])
    assert book.points.tolist() == [[1, 2, 3], [4, 5, 6]]
    layer.data = np.array([[7.0, 8, 9]])
    assert book.points.tolist() == [[7, 8, 9]]
    dock.session.objects.undo()
    dock.session.objects.undo()
    assert sorted(book.points.tolist()) == [[1, 2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(layer.data, book.points)


def test_thousands_of_objects_are_listed_and_labelled(opened):
    viewer, dock = opened
    rng = np.random.default_rng(0)
    objects = dock.session.objects
    ids = objects.add([tuple(p) for p in (rng.random((3000, 3)) * [11, 39, 47]).tolist()])
    dock.mark.listed.switch.setChecked(True)
    objects.label(ids[:1500], FINE)
    model = dock.mark.list.model()
    assert model.rowCount() == 3000
    assert model.data(model.index(0, 0)) == "?"
    assert model.data(model.index(2999, 0)) == FINE
    assert (dock.layer.layer.border_color[:1500] == 1).all()
    dock.mark.list.doubleClicked.emit(model.index(0, 0))
    assert objects.current == ids[1500]
    assert viewer.dims.current_step[0] == round(objects.book.points[1500][0])
