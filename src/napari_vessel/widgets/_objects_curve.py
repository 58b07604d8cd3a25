"""Live curves of a classifier's training: loss and accuracy, of what is learned and of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_vessel.workflows import ClassEpoch

__all__ = ["ClassCurves"]

_LEARNED, _JUDGED = QColor("#56a0d8"), QColor("#e08a3c")
_TITLE, _GAP = 18, 8
_MOST = 600  # epochs that are shown: the last ones


class ClassCurves(QWidget):
    """Two panels over epochs: loss (its own scale) and accuracy (0 to 1).

    Solid: of the objects that are learned from. Dashed: of those the best epoch is chosen by.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[ClassEpoch] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Training curves")
        self.setToolTip(
            "Over epochs. Solid blue: of the objects that are learned from. Dashed orange: of "
            "those the best epoch is chosen by. Left: loss, lower is better. Right: accuracy, "
            "from 0 to 1."
        )

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Return a size that leaves room for both panels."""
        return QSize(200, 110)

    def clear(self) -> None:
        """Begin anew."""
        self.epochs.clear()
        self.update()

    def add(self, epoch: ClassEpoch) -> None:
        """Add what one epoch brought."""
        self.epochs.append(epoch)
        del self.epochs[: max(len(self.epochs) - _MOST, 0)]
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802  Qt's name
        """Draw both panels with their last values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        losses = [one.loss for one in self.epochs], [one.validation_loss for one in self.epochs]
        right = (
            [one.accuracy for one in self.epochs],
            [one.validation_accuracy for one in self.epochs],
        )
        top = max((v for curve in losses for v in curve if isfinite(v)), default=1.0) or 1.0
        half = (self.width() - _GAP) / 2
        panels = ((0.0, "loss", losses, top), (half + _GAP, "accuracy", right, 1.0))
        for left, title, curves, most in panels:
            area = QRectF(left + 1, _TITLE, half - 2, self.height() - _TITLE - 2)
            painter.setPen(QPen(self.palette().windowText().color(), 0.5))
            painter.drawRect(area)
            painter.drawText(QRectF(left + 2, 0, half, _TITLE), _said(title, curves))
            _draw(painter, area, [v / most for v in curves[0]], QPen(_LEARNED, 2))
            dashed = QPen(_JUDGED, 2, Qt.PenStyle.DashLine)
            _draw(painter, area, [v / most for v in curves[1]], dashed)
        painter.end()


def _said(title: str, curves: tuple[Sequence[float], Sequence[float]]) -> str:
    """Say a panel's title with its last values.

    >>> _said("loss", ([0.5], [float("nan")])), _said("loss", ([], []))
    ('loss 0.50', 'loss')
    """
    last = [f"{curve[-1]:.2f}" for curve in curves if curve and isfinite(curve[-1])]
    return f"{title} {' · '.join(last)}".strip()


def _draw(painter: QPainter, area: QRectF, values: Sequence[float], pen: QPen) -> None:
    step = area.width() / max(len(values) - 1, 1)
    points = [
        QPointF(area.left() + i * step, area.bottom() - min(max(v, 0), 1) * area.height())
        for i, v in enumerate(values)
        if isfinite(v)
    ]
    painter.setPen(pen)
    if len(points) == 1:
        painter.drawEllipse(points[0], 2, 2)
    painter.drawPolyline(QPolygonF(points))
