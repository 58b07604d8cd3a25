"""Live curves of trainings: loss, score on the validation blocks, and what was taken when."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

__all__ = ["Curve"]

_LOSS, _SCORE, _TAKEN = QColor("#56a0d8"), QColor("#e08a3c"), QColor("#3f9d63")
_MARGIN = 18
_MOST = 600  # epochs that are shown: the last ones


class Curve(QWidget):
    """Two curves over epochs: loss solid (its own scale), score dashed (0 to 1).

    An upright dotted line stands where a network was taken into use, see :meth:`mark`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.marks: list[int] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Training curves")
        self.setToolTip(
            "Over epochs. Solid: loss, lower is better. Dashed: Dice on blocks that nobody learns "
            "from (or, while there are too few, on all that was reviewed), higher is better. "
            "Dotted upright lines: a better network was taken into use."
        )

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Return a size that leaves room for both curves."""
        return QSize(200, 110)

    def clear(self) -> None:
        """Begin anew."""
        self.losses.clear()
        self.scores.clear()
        self.marks.clear()
        self.update()

    def add(self, loss: float, score: float) -> None:
        """Add what one epoch brought."""
        self.losses.append(loss)
        self.scores.append(score)
        dropped = max(len(self.losses) - _MOST, 0)
        del self.losses[:dropped], self.scores[:dropped]
        self.marks = [at - dropped for at in self.marks if at >= dropped]
        self.update()

    def mark(self) -> None:
        """Mark that after the last epoch a better network was taken into use."""
        at = len(self.losses) - 1
        if at >= 0 and at not in self.marks:
            self.marks.append(at)
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802  Qt's name
        """Draw both curves with their last values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(2, _MARGIN, -2, -2)
        grey = self.palette().windowText().color()
        painter.setPen(QPen(grey, 0.5))
        painter.drawRect(area)
        self._draw_marks(painter, area)
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

    def _draw_marks(self, painter: QPainter, area: QRectF) -> None:
        step = area.width() / max(len(self.losses) - 1, 1)
        painter.setPen(QPen(_TAKEN, 1.5, Qt.PenStyle.DotLine))
        for at in self.marks:
            x = area.left() + at * step
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _legend(self, painter: QPainter) -> None:
        loss = f"loss {self.losses[-1]:.3f}" if self.losses else "loss"
        score = f"score {self.scores[-1]:.3f}" if self.scores else "score"
        half = self.width() // 2
        painter.setPen(_LOSS)
        painter.drawText(QRectF(2, 0, half, _MARGIN), f"— {loss}")
        painter.setPen(_SCORE)
        painter.drawText(QRectF(half, 0, half, _MARGIN), f"– – {score}")
