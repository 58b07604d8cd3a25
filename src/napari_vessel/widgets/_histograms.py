"""Histograms of what was measured, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_vessel.session import Histogram

__all__ = ["Histograms"]

_BAR, _MIDDLE = QColor("#56a0d8"), QColor("#e08a3c")
_TITLE, _SCALE, _GAP = 16, 14, 8


class Histograms(QWidget):
    """Bars of how often values occur; a line at the median."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: Sequence[Histogram] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histograms of radius, length and tortuosity")
        self.setToolTip(
            "Branches by radius, length and tortuosity; orange: the median. The outermost bars "
            "hold the half per cent beyond them."
        )

    def show_all(self, histograms: Sequence[Histogram]) -> None:
        """Show these from now on."""
        self.shown = histograms
        self.setVisible(bool(histograms))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Return a size that leaves room for three."""
        return QSize(240, 96)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802  Qt's name
        """Draw every histogram with its range."""
        painter = QPainter(self)
        count = max(len(self.shown), 1)
        width = (self.width() - (count - 1) * _GAP) / count
        for i, histogram in enumerate(self.shown):
            left = i * (width + _GAP)
            self._draw(painter, QRectF(left, 0, width, self.height()), histogram)
        painter.end()

    def _draw(self, painter: QPainter, room: QRectF, histogram: Histogram) -> None:
        text = self.palette().windowText().color()
        area = room.adjusted(0, _TITLE, 0, -_SCALE)
        painter.setPen(QPen(text, 0.5))
        painter.drawRect(area)
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, histogram.name)
        low, high = float(histogram.edges[0]), float(histogram.edges[-1])
        below = QRectF(room.left(), area.bottom(), room.width(), _SCALE)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{low:.4g}")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{high:.4g}")
        most = max(int(histogram.counts.max()), 1)
        step = area.width() / len(histogram.counts)
        for bar, number in enumerate(histogram.counts.tolist()):
            height = area.height() * number / most
            at = QRectF(area.left() + bar * step, area.bottom() - height, step * 0.9, height)
            painter.fillRect(at, _BAR)
        share = (histogram.middle - low) / (high - low)
        x = area.left() + area.width() * min(max(share, 0.0), 1.0)
        painter.setPen(QPen(_MIDDLE, 1.5))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
