"""A mouse for a napari canvas, and an array that notes when it was written."""

from __future__ import annotations

from time import perf_counter, thread_time
from typing import Any

import numpy as np


class Noted:
    """An array that notes when it was last written; else as it is."""

    def __init__(self, array: Any) -> None:  # noqa: ANN401  zarr
        self._array = array
        self.shape, self.dtype, self.ndim, self.size = (
            array.shape, np.dtype(array.dtype), array.ndim, array.size,
        )  # fmt: skip
        self.written = Clock()

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        return self._array[key]

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401
        self._array[key] = value
        self.written.stop()


class Clock:
    """When the layer's data held the last stamp."""

    wall = work = 0.0

    def stop(self) -> None:
        """Take note of now."""
        self.wall, self.work = perf_counter(), thread_time()


class Mouse:
    """Sends mouse events to a canvas, as Qt does."""

    def __init__(self, viewer: Any) -> None:  # noqa: ANN401  napari's
        from qtpy.QtCore import Qt
        from qtpy.QtWidgets import QApplication

        self.app = QApplication.instance()
        self._canvas = viewer.window._qt_viewer.canvas.native  # noqa: SLF001  napari has no other
        self._left, self._none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        self._plain = Qt.KeyboardModifier.NoModifier

    def press(self, x: float, y: float) -> None:
        """Press the left button."""
        self._send("MouseButtonPress", x, y, self._left, self._left)

    def move(self, x: float, y: float) -> None:
        """Drag."""
        self._send("MouseMove", x, y, self._none, self._left)

    def release(self, x: float, y: float) -> None:
        """Let the button go."""
        self._send("MouseButtonRelease", x, y, self._left, self._none)

    def redraw(self) -> None:
        """Let the window draw what has changed."""
        self._canvas.repaint()
        self.app.processEvents()

    def _send(self, kind: str, x: float, y: float, button: Any, buttons: Any) -> None:  # noqa: ANN401
        from qtpy.QtCore import QEvent, QPointF
        from qtpy.QtGui import QMouseEvent

        at = QPointF(x, y)
        everywhere = QPointF(self._canvas.mapToGlobal(at.toPoint()))
        event = QMouseEvent(
            getattr(QEvent.Type, kind), at, everywhere, button, buttons, self._plain
        )
        self.app.sendEvent(self._canvas, event)
