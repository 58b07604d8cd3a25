"""The section Measure: the graph of the vessels, its table, and what is written of it."""

import sys

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.volumes import VolumeOptions, read_swc
from napari_vessel.workflows import WORKFLOWS

pytestmark = pytest.mark.gui

SIZE = VoxelSize(20, 10, 10)


def course():
    """A vessel that parts in two, of a known shape, in a box of 12 × 40 × 48."""
    z, y, x = np.indices((12, 40, 48))
    trunk = (abs(y - 20) <= 3) & (x < 24)
    up = (abs(y - 20 - (x - 24) * 0.7) <= 2) & (x >= 22)
    down = (abs(y - 20 + (x - 24) * 0.7) <= 2) & (x >= 22)
    return (trunk | up | down) & (abs(z - 6) <= 2)


@pytest.fixture
def measuring(make_dock, volume_path, qtbot, monkeypatch):
    """A dock with a forked vessel painted, and its section Measure."""
    model = sys.modules["widgets_model"]
    names = ("measure", "evaluate")
    real = {**model.FAKES, **{name: WORKFLOWS[name] for name in names}}
    monkeypatch.setattr(model, "MEASURING", real, raising=False)
    viewer, dock = make_dock("MEASURING")
    session = dock.session
    dock.desk.jobs.start("open", lambda: session.open(volume_path, VolumeOptions(voxel_size=SIZE)))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))
    session.begin_stroke("paint", Plane.XY)
    session.paint(Box.of((12, 40, 48)), course(), 1)
    session.end_stroke()
    return viewer, dock, dock.measure


def run(section, qtbot, ask):
    ask()
    qtbot.waitUntil(lambda: not section.running)
    assert section.desk.session.activities["measure"].state == "done", section.outcome.said


def test_measuring_shows_a_graph_a_table_and_histograms(measuring, qtbot, request, tmp_path):
    viewer, dock, section = measuring
    run(section, qtbot, section.start)
    assert "3 branches, 1 junctions" in section.outcome.said
    assert section.layer.layer in viewer.layers
    assert section.rows.rowCount() == 3
    assert [h.counts.sum() for h in section.histograms.shown] == [3, 3, 3]
    # The graph lies on the vessels: the middle of each branch is vessel.
    view = dock.session.measured
    for branch in range(3):
        assert course()[tuple(np.round(view.middle(branch)).astype(int))]
    np.testing.assert_allclose(section.layer.layer.scale, SIZE.zyx)
    section.branches.switch.setChecked(True)
    section.table.selectRow(0)
    qtbot.waitUntil(lambda: section.branches.height() >= 180)
    dock.area.ensureWidgetVisible(section.table)
    folder = request.config.getoption("--screenshots", None)
    if folder:
        viewer.window.screenshot(f"{folder}/measure.png", canvas_only=False)


def test_a_row_shows_its_branch_and_a_click_chooses_its_row(measuring, qtbot):
    viewer, dock, section = measuring
    run(section, qtbot, section.start)
    view = dock.session.measured
    section.table.selectRow(0)
    longest = section.rows.branch_at(0)
    assert longest == int(view.graph.lengths_um.argmax())
    np.testing.assert_allclose(section.layer.highlight.data, view.segments[view.owner == longest])
    at = np.round(view.middle(longest))
    np.testing.assert_allclose(viewer.dims.point, at * SIZE.zyx, atol=10)
    for branch in range(3):
        found = view.nearest(view.middle(branch))
        section.layer.chosen.emit(found[0])
        assert found[0] == branch
        assert section.rows.branch_at(section.table.currentIndex().row()) == branch


def test_sorting_keeps_the_branch_that_is_chosen(measuring, qtbot):
    _, dock, section = measuring
    run(section, qtbot, section.start)
    section.table.selectRow(1)
    branch = section.rows.branch_at(1)
    from qtpy.QtCore import Qt

    for column in range(section.rows.columnCount()):
        section.rows.sort(column, Qt.SortOrder.DescendingOrder)
        assert section.rows.branch_at(section.table.currentIndex().row()) == branch
    section.rows.sort(1, Qt.SortOrder.AscendingOrder)
    radii = [dock.session.measured.graph.radii_um[section.rows.branch_at(i)] for i in range(3)]
    assert radii == sorted(radii)


def test_what_was_measured_is_written_and_not_over_anything(measuring, qtbot, tmp_path):
    _, _, section = measuring
    assert not section.write.isEnabled()
    run(section, qtbot, section.start)
    section.format.setCurrentText("SWC")
    out = tmp_path / "graph.swc"
    run(section, qtbot, lambda: section.write_to(out))
    assert (read_swc(out)[:, 6] == -1).sum() == 1
    section.write_to(out)
    qtbot.waitUntil(lambda: not section.running)
    assert "exists already" in section.outcome.said
    section.overwrite.setChecked(True)
    section.format.setCurrentText("Surface as STL")
    run(section, qtbot, lambda: section.write_to(tmp_path / "s.stl"))
    assert (tmp_path / "s.stl").stat().st_size > 84


def test_a_truth_shows_where_the_mask_errs(measuring, qtbot, tmp_path):
    viewer, _, section = measuring
    truth = course().astype(np.uint8)
    truth[:, :, 30:] = 0
    np.save(tmp_path / "truth.npy", truth)
    run(section, qtbot, lambda: section.compare_with(str(tmp_path / "truth.npy")))
    assert "clDice" in section.outcome.said
    errors = viewer.layers["Centreline errors"]
    assert errors.data.shape == (1, 1, 1)
    assert 0 < errors.data[0, 0, 0] < 1
    np.testing.assert_allclose(errors.scale, np.multiply(SIZE.zyx, (12, 40, 48)))


def test_another_volume_takes_the_graph_away(measuring, qtbot, volume_path):
    viewer, dock, section = measuring
    run(section, qtbot, section.start)
    dock.desk.jobs.start("open", lambda: dock.session.open(volume_path))
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))
    assert section.layer.layer is None
    assert not [layer for layer in viewer.layers if "graph" in layer.name]
    assert section.rows.rowCount() == 0
