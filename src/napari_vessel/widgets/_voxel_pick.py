"""A click that names a voxel, whatever layer is active; dragging still moves the camera."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.geometry import Zyx
from napari_vessel.widgets._placing import finest_shape
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["VoxelPick"]

_STILL_PX = 4  # canvas pixels that a hand moves in a click
_MOVE = "pan_zoom"


class VoxelPick(QObject):
    """Listens to clicks on the canvas while it is armed.

    Meanwhile the mask's tool is the one that moves the camera, so that nothing is painted; taking
    another tool disarms it.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    """

    picked = Signal(object)  # the voxel of the volume, zyx
    armed_changed = Signal(bool)

    def __init__(self, link: ViewerLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.armed = False
        link.events.mode.connect(self._on_mode)
        link.closing.append(self.disarm)

    def arm(self) -> None:
        """Listen from now on.

        Raises
        ------
        CallerError
            The mask is not in the viewer.
        """
        if not self.armed:
            self._link.set_mode(_MOVE)
            self._link.viewer.mouse_drag_callbacks.append(self._clicked)
            self.armed = True
            self.armed_changed.emit(True)

    def disarm(self) -> None:
        """Listen no more."""
        if self.armed:
            self.armed = False
            self._link.viewer.mouse_drag_callbacks.remove(self._clicked)
            self.armed_changed.emit(False)

    def under_cursor(self) -> Zyx | None:
        """Return the voxel under the mouse; None beside the volume, or where 3D is shown."""
        return self._voxel(self._link.viewer.cursor.position)

    def _clicked(self, _viewer: Any, event: Any) -> Iterator[None]:  # noqa: ANN401  napari's
        """Take a press and release at one place for a click."""
        first, position = np.asarray(event.pos, float), event.position
        yield
        while event.type == "mouse_move":
            if np.abs(np.asarray(event.pos, float) - first).max() > _STILL_PX:
                return
            yield
        voxel = self._voxel(position)
        if voxel is not None and event.button == 1:
            self.picked.emit(voxel)

    def _voxel(self, world: Any) -> Zyx | None:  # noqa: ANN401  napari's position
        image, viewer = self._link.image, self._link.viewer
        if image is None or viewer.dims.ndisplay != 2:
            return None
        place = np.round(image.world_to_data(np.asarray(world)[-3:])).astype(int)
        if (place < 0).any() or (place >= finest_shape(image)).any():
            return None
        z, y, x = place.tolist()
        return z, y, x

    def _on_mode(self, mode: str) -> None:
        if mode != _MOVE:
            self.disarm()
