"""The networks of a project as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_vessel.project import KeptCheckpoint

__all__ = ["NetworkTable", "spoken"]

_COLUMNS = ("", "Made", "Dice", "State", "MB")
_MOST_ROWS = 7  # that are seen without scrolling
_ROW, _HEADER = 22, 34  # px
_ID = int(Qt.ItemDataRole.UserRole)


class NetworkTable(QTableWidget):
    """A row for each network, the one in use marked; a row's tooltip says all that is known."""

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("Networks")
        self.setHorizontalHeaderLabels(list(_COLUMNS))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and columns is not None:
            rows.setVisible(False)
            rows.setDefaultSectionSize(_ROW)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setStretchLastSection(True)

    def show_networks(self, kept: Sequence[KeptCheckpoint]) -> None:
        """List them; the one that was chosen stays chosen."""
        before = self.chosen()
        self.setRowCount(len(kept))
        for number, one in enumerate(kept):
            for column, text in enumerate(_cells(one)):
                item = QTableWidgetItem(text)
                item.setData(_ID, one.id)
                item.setToolTip(spoken(one))
                self.setItem(number, column, item)
            if one.id == before:
                self.selectRow(number)
        self.setFixedHeight(_ROW * min(len(kept), _MOST_ROWS) + _HEADER)

    def chosen(self) -> str | None:
        """Return the id of the network that is chosen."""
        item = self.item(self.currentRow(), 0)
        return None if item is None or not item.isSelected() else str(item.data(_ID))

    def choose(self, name: str) -> None:
        """Choose a network by its id."""
        for number in range(self.rowCount()):
            item = self.item(number, 0)
            if item is not None and item.data(_ID) == name:
                self.selectRow(number)


def spoken(one: KeptCheckpoint) -> str:
    """Say all that is known of a network."""
    lines = [f"{one.id}: {one.state}{', in use' if one.in_use else ''}"]
    if one.problem:
        lines.append(one.problem)
    if one.parent:
        lines.append(f"Trained from {one.parent}.")
    verdict = one.verdict
    if verdict is not None:
        lines.append(verdict.reason)
        if verdict.interval is not None:
            low, high = verdict.interval
            lines.append(f"Gain in Dice {low:+.3f} to {high:+.3f} (95 %, {verdict.blocks} blocks).")
        if verdict.cldice is not None and verdict.cldice_of_parent is not None:
            lines.append(f"clDice {verdict.cldice:.3f}, before {verdict.cldice_of_parent:.3f}.")
        lines.append(f"{verdict.reviewed:,} reviewed voxels, {verdict.seconds:.0f} s of training.")
    return "\n".join(lines)


def _cells(one: KeptCheckpoint) -> tuple[str, ...]:
    score = "–" if one.score is None else f"{one.score:.3f}"
    state = f"{one.state}, provisional" if one.provisional else one.state
    return "●" if one.in_use else "", _time(one), score, state, f"{one.bytes / 1e6:.1f}"


def _time(one: KeptCheckpoint) -> str:
    """Say when it was made, in the person's own time."""
    if one.state == "starter" or not one.created:
        return "bundled" if one.state == "starter" else one.id[:16]
    try:
        return f"{datetime.fromisoformat(one.created).astimezone():%d %b %H:%M}"
    except ValueError:
        return one.created
