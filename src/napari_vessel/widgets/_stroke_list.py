"""The strokes of all journals as a list that napari's dock can show, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import numpy as np
from qtpy.QtCore import (  # type: ignore[attr-defined]  # qtpy renames Signal
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)
from qtpy.QtGui import QFont, QImage, QPixmap

from napari_vessel.annotation import Overlap, StrokeEntry, StrokePicture, Strokes
from napari_vessel.errors import VesselError

__all__ = ["THUMBNAIL", "StrokeList", "both_versions", "thumbnail"]

THUMBNAIL = 40
_COLUMNS = ("When", "Tool", "Plane", "Voxels", "State")
_COLOURS = np.array([[0, 0, 0, 0], [120, 120, 130, 255], [214, 96, 60, 255]], np.uint8)
_KEPT = 2000  # entries and pictures that are remembered

_ROOT = QModelIndex()


class StrokeList(QAbstractTableModel):
    """Strokes, the newest first. Pictures are made on a thread, of what is in view only."""

    _made = Signal(int, int, object)  # the list's age, stroke, StrokePicture or None

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strokes: Strokes | None = None
        self._numbers: list[int] = []
        self._entries: dict[int, StrokeEntry] = {}
        self._pictures: dict[int, StrokePicture | None] = {}
        self._asked: set[int] = set()
        self._age = 0
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="thumbnails")
        self._made.connect(self._take)

    def show(self, strokes: Strokes | None) -> None:
        """List ``strokes`` as they are now; what was made of the same ones before is kept."""
        self.beginResetModel()
        if strokes is not self._strokes:
            self._pictures.clear()
            self._asked.clear()
            self._age += 1
        self._strokes = strokes
        self._entries.clear()
        self._numbers = strokes.numbers()[::-1] if strokes is not None else []
        self.endResetModel()

    def stroke_at(self, row: int) -> StrokeEntry | None:
        """Return the stroke of a row of the list."""
        if self._strokes is None or not 0 <= row < len(self._numbers):
            return None
        number = self._numbers[row]
        if number not in self._entries:
            _bound(self._entries)
            self._entries[number] = self._strokes[number]
        return self._entries[number]

    def row_of(self, stroke: int) -> int:
        """Return the row of a stroke, -1 where it is not listed."""
        return self._numbers.index(stroke) if stroke in self._numbers else -1

    def close(self) -> None:
        """Make no more pictures."""
        self._strokes = None
        self._hand.shutdown(wait=True, cancel_futures=True)

    # -- what Qt asks ----------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:  # noqa: N802  Qt's name
        """Return the number of strokes."""
        return 0 if parent.isValid() else len(self._numbers)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:  # noqa: N802  Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(  # noqa: N802  Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # noqa: ANN401
        """Name the columns."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Return a cell's text, its picture, or what is said when the mouse rests on it."""
        entry = self.stroke_at(index.row())
        if entry is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            who = f" by {entry.person}" if entry.person else ""
            state = "" if entry.state == "shown" else f", {entry.state}"
            return f"Stroke {entry.stroke + 1}{who}{state}, {entry.box}"
        if role == Qt.ItemDataRole.FontRole and entry.state != "shown" and index.column() < 4:
            return _struck_out()  # seen also where a narrow dock has no room for the word
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            picture = self._picture(entry.stroke)
            return thumbnail(picture) if picture else None
        return None

    def _text(self, entry: StrokeEntry, column: int) -> str:
        if column == 0:
            when = datetime.fromtimestamp(entry.milliseconds / 1000).astimezone()
            today = when.date() == datetime.now().astimezone().date()
            return when.strftime("%H:%M:%S" if today else "%d %b %H:%M")
        if column == 3:
            picture = self._picture(entry.stroke)
            return f"{picture.voxels:,}" if picture else "…"
        plane = entry.plane.value.upper() if entry.plane else "–"
        state = "" if entry.state == "shown" else entry.state
        return {1: entry.tool, 2: plane}.get(column, state)

    # -- pictures --------------------------------------------------------------

    def _picture(self, stroke: int) -> StrokePicture | None:
        if stroke not in self._asked and self._strokes is not None:
            self._asked.add(stroke)
            self._hand.submit(self._make, self._age, self._strokes, stroke)
        return self._pictures.get(stroke)

    def _make(self, age: int, strokes: Strokes, stroke: int) -> None:
        """Make a picture on its thread."""
        try:
            picture = strokes.picture(stroke, THUMBNAIL)
        except VesselError:  # said when the journals were opened
            picture = None
        self._made.emit(age, stroke, picture)

    def _take(self, age: int, stroke: int, picture: StrokePicture | None) -> None:
        if age != self._age or self._strokes is None:
            return
        _bound(self._pictures, self._asked.discard)
        self._pictures[stroke] = picture
        row = self.row_of(stroke)
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(_COLUMNS) - 1))


def _struck_out() -> QFont:
    font = QFont()
    font.setStrikeOut(True)
    return font


def thumbnail(picture: StrokePicture) -> QPixmap:
    """Paint what a stroke covered: vessel in orange, background in grey."""
    rows, columns = picture.picture.shape
    enlarged = max(THUMBNAIL // max(rows, columns), 1)
    pixels = picture.picture.repeat(enlarged, axis=0).repeat(enlarged, axis=1)
    canvas = np.zeros((THUMBNAIL, THUMBNAIL), np.uint8)
    top, left = ((THUMBNAIL - edge) // 2 for edge in pixels.shape)
    canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    data = _COLOURS[canvas].tobytes()
    image = QImage(data, THUMBNAIL, THUMBNAIL, QImage.Format.Format_RGBA8888)
    return QPixmap.fromImage(image.copy())  # the copy outlives ``data``


def _bound(kept: dict[int, Any], forget: Callable[[int], None] = lambda _key: None) -> None:
    """Drop the oldest of what is remembered, where it is too much."""
    while len(kept) >= _KEPT:
        oldest = next(iter(kept))
        del kept[oldest]
        forget(oldest)


def both_versions(overlap: Overlap, strokes: Strokes | None) -> str:
    """Say who painted what, where two hands disagree."""
    parts = []
    for word, stamp, codes in zip(
        ("Earlier", "Later (shown)"),
        (overlap.earlier, overlap.later),
        overlap.versions,
        strict=True,
    ):
        vessel = int(np.count_nonzero((codes & 2) != 0))
        who = strokes.person_of(stamp) if strokes is not None else ""
        parts.append(f"{word}{f', {who}' if who else ''}: {vessel:,} of {overlap.voxels:,} vessel.")
    return " ".join(parts)
