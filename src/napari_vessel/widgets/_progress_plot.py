"""Progress as a plot: the audit's Dice with its interval, and how right each slice was proposed."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_vessel.workflows import AuditPoint, Stock

__all__ = ["ProgressPlot"]

_AUDIT, _SLICE = QColor("#e08a3c"), QColor("#56a0d8")
_MARGIN = 18
_FLOOR = 0.2  # of Dice: what is lower is drawn at the bottom


class ProgressPlot(QWidget):
    """Dice over hours of work: networks on the audit set as bars, slices as dots.

    A line joins the networks' Dice on the windows that all of them were scored on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stock: Stock | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Progress over hours of work")
        self.setToolTip(
            "Bars: Dice of each network on the audit set, nine of ten redrawn sets lie in them. "
            "The line joins their Dice on the windows that all of them were scored on. "
            "Dots: Dice of what was proposed in a slice against what you made of it. Dashed: the "
            "target."
        )

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Return a size that leaves room for the axis."""
        return QSize(200, 130)

    def show_stock(self, stock: Stock | None) -> None:
        """Draw this from now on."""
        self.stock = stock
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802  Qt's name
        """Draw the axis, the target, the dots and the bars."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(2, _MARGIN, -2, -_MARGIN)
        grey = self.palette().windowText().color()
        painter.setPen(QPen(grey, 0.5))
        painter.drawRect(area)
        if self.stock is not None:
            self._draw(painter, area, self.stock, grey)
        painter.end()

    def _draw(self, painter: QPainter, area: QRectF, stock: Stock, grey: QColor) -> None:
        hours = [*(p.hours for p in stock.slices), *(p.hours for p in stock.audits), stock.hours]
        last = max(*hours, 1 / 60)
        target = _at(area, 0, stock.target, last).y()
        painter.setPen(QPen(grey, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(area.left(), target), QPointF(area.right(), target))
        painter.setPen(QPen(_SLICE, 1))
        for point in stock.slices:
            if point.dice is not None:
                painter.drawEllipse(_at(area, point.hours, point.dice, last), 2, 2)
        self._bars(painter, area, stock.audits, last)
        painter.setPen(grey)
        below = QRectF(2, area.bottom(), area.width(), _MARGIN)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, _time(last))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"Dice {_FLOOR:g} to 1, 0 min")
        self._legend(painter, stock)

    def _bars(
        self,
        painter: QPainter,
        area: QRectF,
        audits: Sequence[AuditPoint],
        last: float,
    ) -> None:
        painter.setPen(QPen(_AUDIT, 2))
        for each in audits:
            low, middle, high = (
                _at(area, each.hours, score, last)
                for score in (each.dice.low, each.dice.value, each.dice.high)
            )
            painter.drawLine(low, high)
            painter.drawEllipse(middle, 3, 3)
        curve = sorted((p.hours, p.compared) for p in audits if p.compared is not None)
        painter.drawPolyline(QPolygonF([_at(area, *point, last) for point in curve]))

    def _legend(self, painter: QPainter, stock: Stock) -> None:
        audit = f"audit {stock.judged.dice.value:.3f}" if stock.judged else "audit"
        known = [point.dice for point in stock.slices if point.dice is not None]
        slices = f"slices {known[-1]:.3f}" if known else "slices"
        half = self.width() // 2
        painter.setPen(_AUDIT)
        painter.drawText(QRectF(2, 0, half, _MARGIN), f"I {audit}")
        painter.setPen(_SLICE)
        painter.drawText(QRectF(half, 0, half, _MARGIN), f"○ {slices}")


def _at(area: QRectF, hours: float, score: float, last: float) -> QPointF:
    height = (min(max(score, _FLOOR), 1) - _FLOOR) / (1 - _FLOOR)
    return QPointF(
        area.left() + hours / last * area.width(), area.bottom() - height * area.height()
    )


def _time(hours: float) -> str:
    """Say a time, as hours where it is long.

    >>> _time(0.2), _time(3.25)
    ('12 min', '3.2 h')
    """
    return f"{hours:.1f} h" if hours >= 1.5 else f"{60 * hours:.0f} min"
