"""Live curves of a training: its loss and its score on the validation blocks."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

__all__ = ["Curve"]

_LOSS, _SCORE = QColor("#56a0d8"), QColor("#e08a3c")
_MARGIN = 18


class Curve(QWidget):
    """Two curves over epochs: loss solid (its own scale), score dashed (0 to 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Training curves")
        self.setToolTip("Solid: loss, lower is better. Dashed: validation score, higher is better.")

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Return a size that leaves room for both curves."""
        return QSize(200, 110)

    def clear(self) -> None:
        """Begin anew."""
        self.losses.clear()
        self.scores.clear()
        self.update()

    def add(self, loss: float, score: float) -> None:
        """Add what one epoch brought."""
        self.losses.append(loss)
        self.scores.append(score)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802  Qt's name
        """Draw both curves with their last values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(2, _MARGIN, -2, -2)
        grey = self.palette().windowText().color()
        painter.setPen(QPen(grey, 0.5))
        painter.drawRect(area)
        if self.losses:
            top = max(1e-9, *self.losses)
            self._draw(painter, area, [loss / top for loss in self.losses], QPen(_LOSS, 2))
            dashed = QPen(_SCORE, 2, Qt.PenStyle.DashLine)
            self._draw(painter, area, self.scores, dashed)
        self._legend(painter)
        painter.end()

    def _draw(self, painter: QPainter, area: QRectF, values: Sequence[float], pen: QPen) -> None:
        step = area.width() / max(len(values) - 1, 1)
        points = [
            QPointF(area.left() + i * step, area.bottom() - min(max(v, 0), 1) * area.height())
            for i, v in enumerate(values)
        ]
        painter.setPen(pen)
        if len(points) == 1:
            painter.drawEllipse(points[0], 2, 2)
        painter.drawPolyline(QPolygonF(points))

    def _legend(self, painter: QPainter) -> None:
        loss = f"loss {self.losses[-1]:.3f}" if self.losses else "loss"
        score = f"score {self.scores[-1]:.3f}" if self.scores else "score"
        half = self.width() // 2
        painter.setPen(_LOSS)
        painter.drawText(QRectF(2, 0, half, _MARGIN), f"— {loss}")
        painter.setPen(_SCORE)
        painter.drawText(QRectF(half, 0, half, _MARGIN), f"– – {score}")
