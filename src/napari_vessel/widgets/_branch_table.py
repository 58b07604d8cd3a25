"""The branches of a graph as a table that sorts at once, however many there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from napari_vessel.session import GraphView

__all__ = ["BranchTable"]

_ROOT = QModelIndex()
_FORMS = {"r, µm": "{:,.1f}", "L, µm": "{:,.0f}", "Tort.": "{:.2f}"}
_TIPS = {
    "#": "Number of the branch, as in the tables that are written.",
    "r, µm": "Mean radius.",
    "L, µm": "Length along the course.",
    "Tort.": "Tortuosity: length over the distance of the ends.",
    "Order": "Strahler's order: 1 for twigs; 0 where a ring was cut.",
    "Piece": "Connected piece.",
}


class BranchTable(QAbstractTableModel):
    """One row a branch; a click on a title sorts by it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._columns: list[NDArray[Any]] = []
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._row_of: NDArray[np.int64] = np.zeros(0, np.int64)

    def show(self, view: GraphView | None) -> None:
        """List the branches of ``view``, the longest first."""
        self.beginResetModel()
        columns = view.columns if view is not None else {}
        self._names, self._columns = list(columns), list(columns.values())
        count = len(self._columns[0]) if self._columns else 0
        self._set_order(np.arange(count))
        if count:
            self._set_order(np.argsort(-self._columns[2], kind="stable"))
        self.endResetModel()

    def branch_at(self, row: int) -> int | None:
        """Return the branch of a row."""
        return int(self._order[row]) if 0 <= row < len(self._order) else None

    def row_of(self, branch: int) -> int:
        """Return the row of a branch."""
        return int(self._row_of[branch])

    def _set_order(self, order: NDArray[np.int64]) -> None:
        self._order = order
        self._row_of = np.empty_like(order)
        self._row_of[order] = np.arange(len(order))

    # -- what Qt asks ----------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:  # noqa: N802  Qt's name
        """Return how many branches there are."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:  # noqa: N802  Qt's name
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self._names)

    def headerData(  # noqa: N802  Qt's name
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:  # noqa: ANN401  as Qt has it
        """Return a column's title."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._names[section]
        if role == Qt.ItemDataRole.ToolTipRole and orientation == Qt.Orientation.Horizontal:
            return _TIPS.get(self._names[section])
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Return a cell."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        name = self._names[index.column()]
        value = self._columns[index.column()][self._order[index.row()]]
        if name == "Tort." and np.isnan(value):
            return "loop"
        return _FORMS.get(name, "{:d}").format(value.item())

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; who is chosen stays chosen."""
        if not 0 <= column < len(self._columns):
            return
        self.layoutAboutToBeChanged.emit()  # now who holds a selection says which rows it has
        before = self.persistentIndexList()
        branches = [self.branch_at(index.row()) for index in before]
        rows = np.argsort(self._columns[column], kind="stable")
        self._set_order(rows if order == Qt.SortOrder.AscendingOrder else rows[::-1].copy())
        moved = [
            self.index(self.row_of(branch), index.column()) if branch is not None else index
            for branch, index in zip(branches, before, strict=True)
        ]
        self.changePersistentIndexList(before, moved)
        self.layoutChanged.emit()
