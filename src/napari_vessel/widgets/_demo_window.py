"""A window that shows the loop by itself: the volume opens and its prediction runs."""

from __future__ import annotations

from typing import Any

import napari
from qtpy.QtCore import Qt, QTimer

from napari_vessel.widgets._dock import VesselsDock

_WIDTH = 360  # px


def open_window(volume: str) -> tuple[Any, VesselsDock]:
    """Open napari with the dock on ``volume``, and predict once it is there."""
    viewer = napari.Viewer(title="napari-vessel")
    window, dock = viewer.window.add_plugin_dock_widget("napari-vessel", "Vessels")
    if not isinstance(dock, VesselsDock):
        raise TypeError(f"The manifest gave {dock!r} for the dock.")
    viewer.window._qt_window.resizeDocks(  # noqa: SLF001  napari offers no width
        [window], [_WIDTH], Qt.Orientation.Horizontal
    )
    opened = dock.session.events.opened

    def predict_once() -> None:
        opened.disconnect(predict_once)
        QTimer.singleShot(0, dock.predict.start)  # once the layers are there to look at

    opened.connect(predict_once)
    dock.volume.open_path(volume)
    return viewer, dock
