"""The pictures of a study, as wide as there is room."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPixmap, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_vessel.widgets._section import combo, row

__all__ = ["TunePicture"]

_NAMES: dict[str, object] = {
    "Best so far": "running-best",
    "What mattered": "importance",
    "All settings together": "parallel",
}


class TunePicture(QWidget):
    """Shows one of the pictures, which follow the study."""

    def __init__(self) -> None:
        super().__init__()
        self._places: Mapping[str, Path] = {}
        self._whole = QPixmap()
        self.which = combo("Picture", "What is shown of the study.", _NAMES)
        self.picture = _Scaled()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row("Picture", self.which))
        layout.addWidget(self.picture)
        self.which.currentIndexChanged.connect(lambda _at: self._load())
        self.hide()

    def show_pictures(self, places: Mapping[str, Path]) -> None:
        """Show these from now on; none: nothing."""
        self._places = places
        self.setVisible(bool(places))
        self._load()

    def _load(self) -> None:
        place = self._places.get(self.which.currentData())
        self.picture.show_whole(QPixmap(str(place)) if place else QPixmap())


class _Scaled(QLabel):
    """A picture that takes the width it is given, and the height that follows."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = QPixmap()
        self.setAccessibleName("Picture of the study")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_whole(self, picture: QPixmap) -> None:
        """Show ``picture``; an empty one: nothing."""
        self._whole = picture
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Return the size that fits the width."""
        return QSize(200, self._height(self.width()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802  Qt's name
        """Scale anew where the width changed."""
        super().resizeEvent(event)
        before = event.oldSize().width() if event is not None else -1
        if before != self.width():
            self._fit()

    def _height(self, width: int) -> int:
        size = self._whole.size()
        return round(width * size.height() / size.width()) if size.width() else 0

    def _fit(self) -> None:
        if self._whole.isNull():
            self.clear()
            self.setFixedHeight(0)
            return
        smooth = Qt.TransformationMode.SmoothTransformation
        self.setPixmap(self._whole.scaledToWidth(max(self.width(), 1), smooth))
        self.setFixedHeight(self._height(self.width()))
