"""Measure: lengths, radii and branches of the vessels that are shown."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDoubleSpinBox,
    QFileDialog,
    QHeaderView,
    QTableView,
    QVBoxLayout,
)

from napari_vessel.geometry import Box
from napari_vessel.morphology import MeasureConfig
from napari_vessel.session import ActivityName, ErrorMap, GraphView
from napari_vessel.widgets._branch_table import BranchTable
from napari_vessel.widgets._graph_layer import GraphLayer
from napari_vessel.widgets._histograms import Histograms
from napari_vessel.widgets._section import Collapsed, Section, button, combo, row

__all__ = ["MeasureSection"]

_WHERE: dict[str, object] = {"The region": "region", "The whole mask": "whole"}
_FORMATS: dict[str, object] = {
    "CSV: nodes, branches, points (folder)": ("csv", ""),
    "CSV for VesselVio (folder)": ("vesselvio", ""),
    "SWC": ("swc", ".swc"),
    "Amira SpatialGraph": ("amira", ".am"),
    "Surface as STL": ("stl", ".stl"),
    "Surface as PLY": ("ply", ".ply"),
}
_SURFACES = ("stl", "ply")
_ROWS_HEIGHT = 180


class MeasureSection(Section):
    """Measures, shows the graph and its table, writes it, and compares with a truth."""

    title = "Measure"
    activity: ActivityName | None = "measure"

    def build(self) -> None:
        """Add what to measure, the histograms, the table, and where to write."""
        self.where = combo("Measure", "What is measured.", _WHERE)
        self.smallest = QDoubleSpinBox()
        self.smallest.setRange(0, 1e12)
        self.smallest.setDecimals(0)
        self.smallest.setSuffix(" µm³")
        self.smallest.setSpecialValueText("all pieces")
        self.smallest.setToolTip("Leave out connected pieces below this volume.")
        self.measure = button(
            "Measure",
            "Thin the vessels that are shown to their centrelines, in the compute process, and "
            "measure length, radius, tortuosity and Strahler order of every branch.",
            self.start,
        )
        self.body.addLayout(row("In", self.where))
        self.body.addLayout(row("Leave out below", self.smallest))
        self.body.addWidget(self.measure)
        self.histograms = Histograms()
        self.histograms.hide()
        self.body.addWidget(self.histograms)
        self.branches = Collapsed("Branches", "Every branch; click one to go to it.")
        self._add_table(self.branches.inside)
        self.body.addWidget(self.branches)
        self.writing = Collapsed("Write …", "Write the graph, or the surface of the vessels.")
        self._add_writing(self.writing.inside)
        self.body.addWidget(self.writing)
        self.compare = button(
            "Compare with a truth …",
            "Score what is shown against labels of the whole volume, and show where it errs, block "
            "by block.",
            self._choose_truth,
        )
        self.body.addWidget(self.compare)
        self.layer = GraphLayer(self.desk.link, self.desk.session, self)
        self.layer.chosen.connect(self._choose)
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.measured, self._show)
        follow(events.errors_found, self._show_errors)

    def _add_table(self, inside: QVBoxLayout) -> None:
        self.rows = BranchTable(self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.setAccessibleName("Branches")
        self.table.setToolTip(
            "Click a branch to see it. With the layer of the graph active, a click on a vessel "
            "chooses its row."
        )
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.setMinimumHeight(_ROWS_HEIGHT)
        down, across = self.table.verticalHeader(), self.table.horizontalHeader()
        if down is not None and across is not None:
            down.setVisible(False)
            across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        chosen = self.table.selectionModel()
        if chosen is not None:
            chosen.currentRowChanged.connect(lambda now, _before: self._look_at(now.row()))
        inside.addWidget(self.table)

    def _add_writing(self, inside: QVBoxLayout) -> None:
        self.format = combo("Format", "What others read.", _FORMATS)
        self.overwrite = QCheckBox("Replace an earlier one")
        self.overwrite.setToolTip("Only once the new one is whole.")
        self.write = button(
            "Write to …", "Choose a place, and write what was measured there.", self._choose_place
        )
        inside.addLayout(row("Format", self.format))
        inside.addWidget(self.overwrite)
        inside.addWidget(self.write)
        self.format.currentIndexChanged.connect(lambda _: self.update_state())

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        session = self.desk.session
        opened, busy = session.opened is not None, self.running
        measured = session.measured is not None
        self.measure.setEnabled(opened and not busy)
        self.compare.setEnabled(opened and not busy)
        surface = self.format.currentData()[0] in _SURFACES
        self.write.setEnabled(opened and not busy and (measured or surface))
        self.branches.setVisible(measured)
        if not opened:
            self.hint.say("Open a volume first.")
        elif not measured:
            self.hint.say("Measures the vessels that are shown: length, radius, branches.")
        else:
            self.hint.say("Coloured by radius: blue is thin, red is wide.")

    def _show(self, view: GraphView | None) -> None:
        self.rows.show(view)
        self.histograms.show_all(view.histograms if view is not None else ())
        self.branches.switch.setText(
            f"Branches ({len(view.graph):,})" if view is not None else "Branches"
        )
        self.layer.show(view)
        self.update_state()

    def _show_errors(self, maps: tuple[ErrorMap, ...]) -> None:
        self.layer.show_errors(maps)

    def _look_at(self, row_number: int) -> None:
        branch = self.rows.branch_at(row_number)
        if branch is not None:
            self.layer.choose(branch, look=not self._clicked)

    _clicked = False  # the viewer was: it shows the branch already

    def _choose(self, branch: int) -> None:
        """Choose the row of a branch that was clicked in the viewer."""
        self.branches.switch.setChecked(True)
        index, selection = self.rows.index(self.rows.row_of(branch), 0), self.table.selectionModel()
        self._clicked = True
        try:
            if selection is not None:
                flag = QItemSelectionModel.SelectionFlag
                selection.setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
            self.table.scrollTo(index)
        finally:
            self._clicked = False

    # -- asking ----------------------------------------------------------------

    def start(self) -> None:
        """Ask for a measurement."""
        session, box, config = self.desk.session, self._box(), self._config()
        if session.opened is not None:
            self._ask(lambda: session.measure(box, config))

    def write_to(self, out: Path) -> None:
        """Write the graph, or the surface of the vessels, at ``out``."""
        session, (kind, _) = self.desk.session, self.format.currentData()
        overwrite, box, config = self.overwrite.isChecked(), self._box(), self._config()
        if kind in _SURFACES:
            self._ask(lambda: session.write_surface(out, kind, box, config, overwrite=overwrite))
        else:
            self._ask(lambda: session.write_graph(out, kind, overwrite=overwrite))

    def compare_with(self, truth: str) -> None:
        """Compare what is shown with labels of the whole volume."""
        session = self.desk.session
        self._ask(lambda: session.compare_with(truth))

    def _ask(self, make: Callable[[], Generator[Any, None, None]]) -> None:
        if not self.running:
            self.desk.jobs.start("measure", make)

    def _box(self) -> Box | None:
        session = self.desk.session
        if self.where.currentData() == "whole" or session.opened is None:
            return None
        return session.region

    def _config(self) -> MeasureConfig:
        return MeasureConfig(smallest_um3=self.smallest.value())

    def _choose_place(self) -> None:
        opened = self.desk.session.opened
        if opened is None:
            return
        name = opened.place.name.removesuffix(".vessel").removesuffix(".ome") + "-graph"
        suggested = opened.place.parent / (name + self.format.currentData()[1])
        # Qt asks about replacing; ours says so itself, and replaces nothing but earlier results.
        option = QFileDialog.Option.DontConfirmOverwrite
        path, _ = QFileDialog.getSaveFileName(self, "Write to", str(suggested), options=option)
        if path:
            self.write_to(Path(path).absolute())

    def _choose_truth(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Labels of the whole volume", "")
        if path:
            self.compare_with(str(Path(path).absolute()))
