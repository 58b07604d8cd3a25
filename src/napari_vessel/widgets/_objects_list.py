"""All objects as a list that stays quick with thousands: rows are made when they are seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_vessel.session import Objects

__all__ = ["ObjectsList"]

_COLUMNS = ("class", "by", "sure", "z", "y", "x")
_NO_INDEX = QModelIndex()


class _Model(QAbstractTableModel):
    """Rows of a book, the unlabelled and least certain first."""

    def __init__(self) -> None:
        super().__init__()
        self._objects: Objects | None = None
        self._order = np.empty(0, np.int64)
        self._shown = self._sure = np.empty(0)

    def show(self, objects: Objects) -> None:
        """Show the objects as they are now."""
        self.beginResetModel()
        book = objects.book
        said, self._sure = book.said(), book.certainty()
        self._shown = np.where(said >= 0, said, book.predicted())
        self._order = np.lexsort((np.nan_to_num(self._sure, nan=-1), said >= 0))
        self._objects = objects
        self.endResetModel()

    def id_of(self, row: int) -> str | None:
        """Return the object of a row."""
        ids = self._objects.book.ids if self._objects else []
        there = row < len(self._order) and self._order[row] < len(ids)
        return ids[self._order[row]] if there else None

    def rowCount(self, parent: QModelIndex = _NO_INDEX) -> int:  # noqa: N802  Qt's name
        """Return the number of objects."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = _NO_INDEX) -> int:  # noqa: N802  Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(  # noqa: N802  Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # noqa: ANN401
        """Return the name of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Return what a cell shows."""
        if self._objects is None or self.id_of(index.row()) is None:
            return None
        at = int(self._order[index.row()])
        book, shown = self._objects.book, int(self._shown[at])
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0 and shown >= 0:
            return QColor(book.classes[shown].colour)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        verdict = book.verdicts[at]
        cells = (
            book.classes[shown].name if 0 <= shown < len(book.classes) else "?",
            verdict.by if verdict else ("classifier" if shown >= 0 else ""),
            "" if np.isnan(self._sure[at]) else f"{self._sure[at]:.2f}",
            *(f"{c:.0f}" for c in book.points[at]),
        )
        return cells[index.column()]


class ObjectsList(QTableView):
    """Shows all objects; a double click goes to one.

    Parameters
    ----------
    go
        Called with an object's id.
    """

    def __init__(self, go: Callable[[str], None]) -> None:
        super().__init__()
        self._model, self._go = _Model(), go
        self.setModel(self._model)
        self.setAccessibleName("List of objects")
        self.setToolTip(
            "All objects, the unlabelled and least certain first. Double-click to go to one."
        )
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMinimumHeight(160)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and columns is not None:
            rows.setVisible(False)
            rows.setDefaultSectionSize(20)
            columns.setDefaultSectionSize(46)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(self._on_double_click)

    def show_objects(self, objects: Objects) -> None:
        """Show the objects as they are now."""
        self._model.show(objects)

    def _on_double_click(self, index: QModelIndex) -> None:
        id_ = self._model.id_of(index.row())
        if id_ is not None:
            self._go(id_)
