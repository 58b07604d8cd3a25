"""The section Networks: listed, compared on the slice in view, gone back to."""

import numpy as np
import pytest
import torch
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent

from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import (
    CheckpointCard,
    NetworkConfig,
    build_network,
    save_checkpoint,
)
from napari_vessel.project import Verdict, write_verdict
from napari_vessel.workflows import Compared, Side
from napari_vessel.workflows._compare_sides import side_of

pytestmark = pytest.mark.gui

BOX = Box((3, 5, 6), (4, 15, 16))
CONFIG = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))


@pytest.fixture
def section(opened, qtbot):
    """The section with its list open, of a project with two networks beside the starter."""
    _, dock = opened
    session = dock.session
    session.begin_stroke("paint", Plane.XY)
    session.paint(BOX, np.ones(BOX.shape, bool), 1)
    session.end_stroke()
    torch.manual_seed(0)
    network = build_network(CONFIG).eval()
    for name, adopted, second in (("a", True, 1), ("b", False, 2)):
        card = CheckpointCard(
            network=CONFIG,
            voxel_size_um=(50, 50, 50),
            parent="starter",
            threshold=0.25,
            created=f"2026-01-01T00:00:{second:02}+00:00",
        )
        folder = session.project.checkpoints / name
        save_checkpoint(folder, network, card)
        write_verdict(folder, Verdict(adopted=adopted, score=0.5, reason="Because."))
    dock.networks.past.switch.setChecked(True)
    qtbot.waitUntil(lambda: dock.networks.table.rowCount() == 3)
    idle(dock, qtbot)
    return dock.networks, dock


def idle(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("networks"))


def column(section, number):
    rows = range(section.table.rowCount())
    return [section.table.item(row, number).text() for row in rows]


def test_every_network_is_listed_with_its_score_state_and_room(section):
    section, _ = section
    assert column(section, 0) == ["", "", "●"]
    assert column(section, 2)[:2] == ["0.500", "0.500"]
    assert column(section, 3) == ["rejected", "adopted", "starter"]
    assert all(float(size) > 0 for size in column(section, 4))
    assert "Because." in section.table.item(0, 0).toolTip()
    assert "at most 500 MB" in section.room.said
    assert "provisionally" in section.judged.said


def test_listing_moves_nothing_in_the_dock(section, qtbot):
    section, dock = section
    seen = []
    dock._reveal = seen.append
    section.refresh()
    idle(dock, qtbot)
    assert not section.running
    assert section._moving.isHidden()


def test_a_network_is_used_and_gone_back_from(section, qtbot):
    section, dock = section
    section.table.choose("a")
    section.use.click()
    qtbot.waitUntil(lambda: dock.session.checkpoint == "a")
    qtbot.waitUntil(lambda: column(section, 0) == ["", "●", ""])
    idle(dock, qtbot)
    assert not section.use.isEnabled()
    assert not section.delete.isEnabled()
    assert "a is in use" in section.outcome.said
    dock.retrain.back.click()
    qtbot.waitUntil(lambda: column(section, 0) == ["", "", "●"])


def test_one_that_was_not_taken_is_deleted(section, qtbot):
    section, _ = section
    section.table.choose("b")
    section.delete.click()
    qtbot.waitUntil(lambda: column(section, 3) == ["adopted", "starter"])


def test_one_that_was_in_use_is_deleted_only_where_a_person_is_sure(section, qtbot):
    section, dock = section
    section.table.choose("a")
    section.sure = lambda chosen: False
    section.delete.click()
    idle(dock, qtbot)
    assert "adopted" in column(section, 3)


def test_a_comparison_is_a_layer_that_cannot_be_painted(section, opened, qtbot):
    section, dock = section
    viewer, _ = opened
    active = viewer.layers.selection.active
    first, second = np.zeros((1, 40, 48), np.uint8), np.zeros((1, 40, 48), np.uint8)
    first[0, :20], second[0, 10:30] = 1, 1
    box = Box((3, 0, 0), (4, 40, 48))
    dock.session.events.compared.emit(Compared(("a", "b"), box, Plane.XY, first, second))
    qtbot.waitUntil(lambda: section.compared.layer is not None)
    layer = section.compared.layer
    assert not layer.editable
    assert viewer.layers.selection.active is active
    np.testing.assert_array_equal(np.unique(layer.data), [0, 1, 2, 3])
    image = dock.desk.link.image
    np.testing.assert_allclose(
        layer.data_to_world((0, 0, 0)), image.data_to_world((3, 0, 0)), atol=1e-6
    )
    viewer.layers.remove(layer)
    assert section.compared.layer is None


def test_compare_asks_for_the_slice_in_view_and_the_network_in_use(section, qtbot):
    section, dock = section
    asked = []

    def compare(first, second, focus):
        asked.append((first, second, focus.plane))
        yield from ()

    dock.session.compare_networks = compare
    section.table.choose("b")
    section.compare.click()
    qtbot.waitUntil(lambda: asked == [("b", "starter", Plane.XY)])
    idle(dock, qtbot)


def sides():
    """Two networks' pictures of a slice: a thick tube, and the same with a branch."""
    rows, columns = np.indices((40, 48))
    tube = abs(rows - 20 - 6 * np.sin(columns / 8)) < 4
    branch = (abs(columns - 24) < 2) & (rows > 20)
    grey = (0.75 - 0.5 * (tube | branch)).astype(np.float32)
    grey += np.random.default_rng(0).normal(0, 0.05, grey.shape).astype(np.float32)
    reviewed = np.where(tube | branch, 2, 1).astype(np.uint8)
    found = [mask.astype(np.uint8) for mask in (tube, tube | branch)]
    first, second = (side_of(grey.clip(0, 1), mask, reviewed) for mask in found)
    return found[0][None], found[1][None], (first, second)


def compare(dock, **more):
    box = Box((3, 0, 0), (4, 40, 48))
    first, second, pictures = sides()
    found = Compared(("a", "starter"), box, Plane.XY, first, second, **({"sides": pictures} | more))
    dock.session.events.compared.emit(found)


def test_two_networks_are_seen_side_by_side(section, qtbot, shoot, request):
    section, dock = section
    beside = section.beside
    assert beside.button.isHidden()  # nothing is compared yet
    compare(dock)
    qtbot.waitUntil(lambda: not beside.button.isHidden())
    assert section.compared.layer is not None  # the overlay stays
    beside.button.click()
    window = beside.window
    qtbot.waitUntil(window.isVisible)
    assert window.windowTitle() == "XY 3: a beside starter"
    texts = [title.text() for title in window.titles]
    assert texts[0].startswith("a: Dice 0.9")
    assert texts[1] == "starter: Dice 1.000 where you reviewed this slice"
    names = [picture.accessibleName() for picture in window.pictures]
    assert names == ["XY 3 as a sees it", "XY 3 as starter sees it"]
    assert all(picture.toolTip() for picture in window.pictures)
    shots = [picture.grab().toImage() for picture in window.pictures]
    assert shots[0] != shots[1]
    if shoot.wanted:
        qtbot.wait(200)
        window.grab().save(f"{request.config.getoption('--screenshots')}/side-by-side.png")
        shoot(dock.desk.link.viewer, "side-by-side-dock")
    window.close()


def test_both_pictures_are_zoomed_and_moved_together(section, qtbot):
    section, dock = section
    compare(dock)
    qtbot.waitUntil(lambda: not section.beside.button.isHidden())
    section.beside.open()
    window = section.beside.window
    qtbot.waitUntil(window.isVisible)
    for one, other in (window.pictures, window.pictures[::-1]):
        before = other.transform().m11()
        turn_wheel(one)
        assert one.transform().m11() > before
        assert other.transform().m11() == one.transform().m11()
        bar = one.horizontalScrollBar()
        bar.setValue(bar.value() + 7)
        assert other.horizontalScrollBar().value() == bar.value()
    window.pictures[0].show_all()
    assert window.pictures[1].transform().m11() == window.pictures[0].transform().m11()
    window.close()


def test_an_open_window_follows_the_next_comparison_and_closes_with_the_volume(section, qtbot):
    section, dock = section
    compare(dock)
    qtbot.waitUntil(lambda: not section.beside.button.isHidden())
    section.beside.open()
    window = section.beside.window
    compare(dock, sides=tuple(Side(side.picture, None) for side in sides()[2]))
    qtbot.waitUntil(lambda: "nothing to score" in window.titles[0].text())
    dock.session.events.opened.emit()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert section.beside.button.isHidden()
    section.beside.open()
    assert not window.isVisible()


def turn_wheel(view):
    point = QPointF(view.viewport().rect().center())
    event = QWheelEvent(
        point,
        QPointF(view.viewport().mapToGlobal(point.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)
