"""What of a training is tuned: names to tick, with their ranges."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

__all__ = ["TuneSettings"]

_ROW, _HEADER, _MOST_ROWS = 22, 28, 9  # px, px, rows that are seen without scrolling


class TuneSettings(QTableWidget):
    """A row for each setting; an unticked one stays as the training has it."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(0, 2)
        self.setAccessibleName("What is tuned")
        self.setToolTip(
            "Untick what is to stay as the configuration has it. Ranges and choices are set in the "
            "configuration's file."
        )
        self.setHorizontalHeaderLabels(["Tune", "From … to"])
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and columns is not None:
            rows.setVisible(False)
            rows.setDefaultSectionSize(_ROW)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setStretchLastSection(True)
        self.itemChanged.connect(lambda _item: self.changed.emit())
        self.show_settings(())

    def show_settings(self, settings: Sequence[tuple[str, str]]) -> None:
        """List settings (names, and ranges as texts), all ticked."""
        self.blockSignals(True)
        self.setRowCount(len(settings))
        for at, (name, text) in enumerate(settings):
            item = QTableWidgetItem(name.replace("_", " "))
            item.setData(int(Qt.ItemDataRole.UserRole), name)
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
            item.setCheckState(Qt.CheckState.Checked)
            values = QTableWidgetItem(text)
            values.setToolTip(text)
            self.setItem(at, 0, item)
            self.setItem(at, 1, values)
        self.blockSignals(False)
        self.setFixedHeight(_ROW * min(len(settings), _MOST_ROWS) + _HEADER)
        self.setVisible(bool(settings))

    def ticked(self) -> tuple[str, ...]:
        """Return the names that are ticked."""
        items = [self.item(row, 0) for row in range(self.rowCount())]
        role, on = int(Qt.ItemDataRole.UserRole), Qt.CheckState.Checked
        return tuple(str(one.data(role)) for one in items if one and one.checkState() == on)

    def tick(self, name: str, *, on: bool) -> None:
        """Tick a setting, or untick it."""
        for row in range(self.rowCount()):
            item = self.item(row, 0)
            if item is not None and item.data(int(Qt.ItemDataRole.UserRole)) == name:
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
