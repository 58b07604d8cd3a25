"""History: every stroke, to go to, mute, or go back to; and the strokes of other hands."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QListWidget,
    QTableView,
    QVBoxLayout,
)

from napari_vessel.annotation import Overlap, StrokeEntry
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Plane
from napari_vessel.session import ActivityName
from napari_vessel.widgets._looking import go_to
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, row
from napari_vessel.widgets._stroke_list import THUMBNAIL, StrokeList, both_versions

__all__ = ["HistorySection"]

_SOON_MS = 300


class HistorySection(Section):
    """Lists what was painted, across restarts, and puts the work of several hands together."""

    title = "History"
    activity: ActivityName | None = "history"

    def build(self) -> None:
        """Add the private journal's offer, the strokes, and the other hands."""
        self.paused = Sentence()
        self.body.addWidget(self.paused)
        self.private = button(
            "Paint into a private journal",
            "The project cannot be written: paint on into a journal in your own data folder. It "
            "is taken into the project when that is opened and can be written.",
            self._paint_privately,
        )
        self.body.addWidget(self.private)
        self.news = Sentence()
        self.body.addWidget(self.news)
        self.past = Collapsed("Strokes", "Everything that was painted, the newest first.")
        self._add_strokes(self.past.inside)
        self.body.addWidget(self.past)
        self.hands = Collapsed("Other hands", "Journals of colleagues, and where you disagree.")
        self._add_hands(self.hands.inside)
        self.body.addWidget(self.hands)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self._taking = False
        self._listed: list[str] = []
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.corrections, self._later)
        follow(events.saved, lambda *_: self._show_pause())
        follow(events.opened, self._on_opened)
        self.past.switch.toggled.connect(lambda _on: self.refresh())
        self.desk.link.closing.append(self.list.close)

    def _add_strokes(self, inside: QVBoxLayout) -> None:
        self.list = StrokeList(self)
        self.table = QTableView()
        self.table.setModel(self.list)
        self.table.setAccessibleName("Strokes")
        self.table.setToolTip("Double-click a stroke to go to it.")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.table.setMinimumHeight(6 * THUMBNAIL)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows, columns = self.table.verticalHeader(), self.table.horizontalHeader()
        if rows is not None and columns is not None:
            rows.setVisible(False)
            rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            rows.setDefaultSectionSize(THUMBNAIL + 4)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            columns.setMinimumSectionSize(24)
            columns.setStretchLastSection(True)
            columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            columns.setStyleSheet("QHeaderView::section { font-weight: normal; padding: 2px; }")
            for column, width in enumerate((114, 42, 40, 46)):
                columns.resizeSection(column, width)
        self.table.doubleClicked.connect(lambda _index: self._go())
        chosen = self.table.selectionModel()
        if chosen is not None:
            chosen.selectionChanged.connect(lambda *_: self.update_state())
        inside.addWidget(self.table)
        self.go = button("Go to", "Show the stroke in the middle of the view.", self._go)
        self.mute = button(
            "Mute",
            "Show everything as if this stroke had never been painted; it can be unmuted. What "
            "lies over and under it stays.",
            self._mute,
        )
        self.back = button(
            "Restore this moment",
            "Bring back what everything was right after this stroke, as one step that undo takes "
            "back. What came later stays in the journals.",
            self._restore,
        )
        inside.addLayout(row(self.go, self.mute, self.back))

    def _add_hands(self, inside: QVBoxLayout) -> None:
        self.take = button(
            "Take in a journal …",
            "Copy a colleague's journal (*.sqlite) into this project and show their strokes with "
            "yours, in the order of time.",
            self._choose_journal,
        )
        self.give = button(
            "Give the journals …",
            "Copy this project's journals into a folder, to hand to a colleague.",
            self._choose_folder,
        )
        inside.addLayout(row(self.take, self.give))
        self.look = button(
            "Look for overlaps",
            "Find where two hands painted different things without having seen each other's.",
            self._look,
        )
        inside.addWidget(self.look)
        self.overlaps = QListWidget()
        self.overlaps.setAccessibleName("Overlaps")
        self.overlaps.setMaximumHeight(120)
        self.overlaps.currentRowChanged.connect(lambda _row: self._show_overlap())
        inside.addWidget(self.overlaps)
        self.versions = Sentence()
        inside.addWidget(self.versions)
        self.earlier = button(
            "Take the earlier", "Decide for the stroke painted first.", lambda: self._settle(False)
        )
        self.later = button(
            "Keep the later", "Decide for the one that is shown now.", lambda: self._settle(True)
        )
        inside.addLayout(row(self.earlier, self.later))

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Enable what is possible for the stroke that is chosen."""
        session, entry = self.desk.session, self.chosen()
        self.setVisible(session.opened is not None)
        busy = self.running or self.desk.jobs.running("open")
        self.go.setEnabled(entry is not None)
        self.mute.setText("Unmute" if entry and entry.state == "muted" else "Mute")
        self.mute.setEnabled(entry is not None and entry.state != "undone" and not busy)
        self.back.setEnabled(entry is not None and not busy)
        for control in (self.take, self.give, self.look):
            control.setEnabled(not busy and session.project is not None)
        self._show_pause()
        if not self.running:
            self._list_overlaps()
            self._open_again()

    def refresh(self) -> None:
        """List the strokes as they are now, while the list is open."""
        strokes = self.desk.session.strokes
        self.past.switch.setText(
            f"Strokes ({len(strokes):,})" if strokes is not None else "Strokes"
        )
        if self.past.switch.isChecked():
            entry = self.chosen()
            self.list.show(strokes)
            if entry is not None and (at := self.list.row_of(entry.stroke)) >= 0:
                self.table.selectRow(at)
        self.update_state()

    def chosen(self) -> StrokeEntry | None:
        """Return the stroke that is chosen in the list."""
        index = self.table.currentIndex()
        return self.list.stroke_at(index.row()) if index.isValid() else None

    def _later(self) -> None:
        if not self._soon.isActive():
            self._soon.start(_SOON_MS)

    def _on_opened(self) -> None:
        self.desk.session.overlaps = ()
        self.news.say(" ".join(self.desk.session.news))
        self.list.show(None)
        self.refresh()

    def _show_pause(self) -> None:
        reason, view_only = self.desk.session.paused, self.desk.session.view_only
        self.paused.say(view_only or (f"Painting is paused: {reason}" if reason else ""))
        self.private.setVisible(bool(reason) and not view_only)

    def _list_overlaps(self) -> None:
        found = self.desk.session.overlaps
        texts = [f"{overlap.voxels:,} voxels at {overlap.box}" for overlap in found]
        if texts != self._listed:
            self._listed = texts
            self.overlaps.clear()
            self.overlaps.addItems(texts)
        self.overlaps.setVisible(bool(texts))
        for control in (self.earlier, self.later):
            control.setEnabled(self._overlap() is not None)

    def _overlap(self) -> Overlap | None:
        found, at = self.desk.session.overlaps, self.overlaps.currentRow()
        return found[at] if 0 <= at < len(found) else None

    def _show_overlap(self) -> None:
        overlap = self._overlap()
        for control in (self.earlier, self.later):
            control.setEnabled(overlap is not None)
        self.versions.say(
            "" if overlap is None else both_versions(overlap, self.desk.session.strokes)
        )
        if overlap is not None:
            self._go_to(overlap.box.centre, None)

    # -- asking ----------------------------------------------------------------

    def _start(self, make: Callable[[], Generator[Any, None, None]]) -> None:
        self.desk.jobs.start("history", make)

    def _go(self) -> None:
        entry = self.chosen()
        if entry is not None:
            self._go_to(entry.box.centre, entry.plane)

    def _go_to(self, centre: tuple[float, float, float], plane: Plane | None) -> None:
        link = self.desk.link
        if link.image is None:
            return
        if plane is not None and link.viewer.dims.ndim == 3:
            link.viewer.dims.order = (plane.normal, plane.rows, plane.columns)
        go_to(link.viewer, link.image, np.array(centre) - 0.5)

    def _mute(self) -> None:
        entry, session = self.chosen(), self.desk.session
        if entry is not None:
            stroke, muted = entry.stroke, entry.state != "muted"
            self._start(lambda: session.mute(stroke, muted=muted))

    def _restore(self) -> None:
        entry, session = self.chosen(), self.desk.session
        if entry is not None:
            stroke = entry.stroke
            self._start(lambda: session.restore(stroke))

    def _look(self) -> None:
        self._start(self.desk.session.look_for_overlaps)

    def _settle(self, later: bool) -> None:
        overlap = self._overlap()
        if overlap is not None:
            self._try(lambda: self.desk.session.settle(overlap, later=later))
            self._list_overlaps()

    def _choose_journal(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "A colleague's journal", "", "*.sqlite")
        if name:
            self.take_journal(Path(name))

    def take_journal(self, path: Path) -> None:
        """Take in the journal at ``path``, then open the project again, in the order of time."""
        session = self.desk.session
        self._taking = True
        self._start(lambda: session.take_journal(path))

    def _open_again(self) -> None:
        project = self.desk.session.project
        taking, self._taking = self._taking, False
        if (
            taking
            and project is not None
            and self.desk.session.activities["history"].state == "done"
        ):
            self.desk.jobs.start("open", lambda: self.desk.session.open(project.path))

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "A folder for copies of the journals")
        if name:
            session = self.desk.session
            self._start(lambda: session.give_journals(Path(name)))

    def _paint_privately(self) -> None:
        self._try(self.desk.session.paint_privately)
        self._show_pause()

    def _try(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except VesselError as error:
            self.complain(error)
