"""The levels of a data set, drawn to scale: what opening one of them brings."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_vessel.volumes import AtlasVolume

__all__ = ["LevelsPicture"]

_HEIGHT = 110
_GAP = 6
_COLOUR = QColor("#5ab4e6")


class LevelsPicture(QWidget):
    """Draws every level's slice, edges as the square root of its voxels; the chosen one filled."""

    def __init__(self) -> None:
        super().__init__()
        self._volume: AtlasVolume | None = None
        self._level = 0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Levels of the data set")

    def show_levels(self, volume: AtlasVolume | None, level: int) -> None:
        """Draw the levels of ``volume``, ``level`` filled."""
        self._volume, self._level = volume, level
        self.setToolTip(_told(volume) if volume else "")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Ask for a strip of fixed height."""
        return QSize(240, _HEIGHT)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802, ARG002  Qt's name
        """Draw one rectangle a level, the finest first, as wide and high as an XZ slice."""
        if self._volume is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at, room = 1.0, float(_HEIGHT - 18)
        depth, _, width = self._volume.shape
        tallest = max(depth, width)
        for level in self._volume.levels:
            share = 0.62**level.number
            high = max(3.0, room * depth / tallest * share)
            wide = max(3.0, room * width / tallest * share)
            if at + wide > self.width():
                break
            chosen = level.number == self._level
            painter.setPen(QPen(_COLOUR, 1.5))
            painter.setBrush(_COLOUR if chosen else Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(at, room - high + 1, wide, high))
            if wide > 14 or chosen:
                painter.setPen(self.palette().windowText().color())
                painter.drawText(
                    QRectF(at, room + 2, max(wide, 16), 16),
                    int(Qt.AlignmentFlag.AlignHCenter),
                    str(level.number),
                )
            at += wide + _GAP
        painter.end()


def _told(volume: AtlasVolume) -> str:
    lines = [
        f"Level {level.number}: {level.shape[2]:,} × {level.shape[1]:,} × {level.shape[0]:,} "
        f"voxels of {level.voxel_size_um:g} µm, {level.nbytes / 1e9:,.1f} GB"
        for level in volume.levels
    ]
    return "\n".join(lines)
