"""A slice as one network sees it, to be looked at from near and far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPixmap, QResizeEvent, QTransform, QWheelEvent
from qtpy.QtWidgets import QFrame, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView

from napari_vessel.workflows import LINE

__all__ = ["ComparePicture"]

_CLOSER = 1.25  # a notch of the wheel
_TIP = "Wheel: zoom both pictures. Drag: move both. Double-click: show all of the slice."


class ComparePicture(QGraphicsView):
    """Shows grey levels with a coloured line in them; zoomed by the wheel, moved by dragging."""

    looked = Signal()  # a person looks at another part, or from another distance

    def __init__(self) -> None:
        super().__init__()
        self._item = QGraphicsPixmapItem()
        scene = QGraphicsScene(self)
        scene.addItem(self._item)
        self.setScene(scene)
        self._all = True  # all of the slice is shown, however large the window
        self.setToolTip(_TIP)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundBrush(QColor("black"))
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            if bar is not None:
                bar.valueChanged.connect(lambda _value: self.looked.emit())
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_picture(
        self, picture: NDArray[np.uint8], colour: str, edges: tuple[float, float]
    ) -> None:
        """Show a picture (rows, columns), its line in a colour, pixels of these proportions."""
        rows, columns = picture.shape
        data = picture.tobytes()
        image = QImage(data, columns, rows, columns, QImage.Format.Format_Indexed8)
        greys = [QColor(level, level, level).rgb() for level in range(LINE)]
        image.setColorTable([*greys, QColor(colour).rgb()])
        self._item.setPixmap(QPixmap.fromImage(image))  # a copy: the bytes may go
        least = min(edges)
        self._item.setTransform(QTransform.fromScale(edges[1] / least, edges[0] / least))
        self.setSceneRect(self._item.sceneBoundingRect())
        self.show_all()

    def show_all(self) -> None:
        """Show all of the slice, as large as there is room."""
        self._all = True
        self.fitInView(self._item, Qt.AspectRatioMode.KeepAspectRatio)
        self.looked.emit()

    def look_as(self, other: ComparePicture) -> None:
        """Look at the same part of the slice as another picture does, from the same distance."""
        self._all = other._all
        self.setTransform(other.transform())
        pairs = (
            (self.horizontalScrollBar(), other.horizontalScrollBar()),
            (self.verticalScrollBar(), other.verticalScrollBar()),
        )
        for mine, theirs in pairs:
            if mine is not None and theirs is not None:
                mine.setValue(theirs.value())

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802  Qt's name
        """Zoom at the pointer."""
        if event is None or not event.angleDelta().y():
            return
        factor = _CLOSER if event.angleDelta().y() > 0 else 1 / _CLOSER
        self._all = False
        self.scale(factor, factor)
        self.looked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: ARG002, N802
        """Show all of the slice again."""
        self.show_all()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802  Qt's name
        """Keep all of the slice in sight where it is."""
        super().resizeEvent(event)
        if self._all:
            self.fitInView(self._item, Qt.AspectRatioMode.KeepAspectRatio)
