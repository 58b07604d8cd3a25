"""Notices that a person looks elsewhere, once they have come to rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, QTimer

__all__ = ["Gaze"]

_REST_MS = 150  # scrolling through slices is one move


class Gaze(QObject):
    """Calls back after slice, plane or camera of a viewer have changed and come to rest.

    Parameters
    ----------
    viewer
        napari's viewer, or its model.
    moved
        Called on the GUI thread.
    """

    def __init__(
        self,
        viewer: Any,  # noqa: ANN401  napari's Viewer or ViewerModel
        moved: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(moved)
        dims, camera = viewer.dims.events, viewer.scene.camera.events
        self._signals = (dims.point, dims.order, dims.ndisplay, camera.center, camera.zoom)
        for signal in self._signals:
            signal.connect(self._on_move)

    def close(self) -> None:
        """Notice nothing any more."""
        self._timer.stop()
        for signal in self._signals:
            signal.disconnect(self._on_move)

    def _on_move(self, _event: Any = None) -> None:  # noqa: ANN401  napari's event
        self._timer.start(_REST_MS)
