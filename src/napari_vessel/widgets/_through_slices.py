"""Strokes that go on through slices: hold the mouse, turn the wheel, the brush paints on."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers.labels._labels_constants import Mode
from qtpy.QtCore import QObject

from napari_vessel.widgets._tool_layer import ToolLabels
from napari_vessel.widgets._vessel_brush import VesselBrush
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["ThroughSlices"]


class ThroughSlices(QObject):
    """Lets the wheel change the slice while a stroke is painted, and paints on in that slice.

    Slices changed by another way during a stroke (arrow keys, the slider) are painted in too.
    All of it is one stroke.
    """

    def __init__(self, link: ViewerLink, brush: VesselBrush, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link, self._brush = link, brush
        self._layer: ToolLabels | None = None
        self._turned = 0.0
        link.viewer.dims.events.current_step.connect(self._on_step)
        link.closing.append(self._close)

    def attach(self, layer: ToolLabels | None) -> None:
        """Follow the strokes on ``layer``, and no longer those on another."""
        before, self._layer = self._layer, layer
        if before is not None and self._wheel in before.mouse_wheel_callbacks:
            before.mouse_wheel_callbacks.remove(self._wheel)
        if layer is not None:
            layer.mouse_wheel_callbacks.append(self._wheel)

    def _close(self) -> None:
        self.attach(None)
        self._link.viewer.dims.events.current_step.disconnect(self._on_step)

    def _wheel(self, layer: ToolLabels, event: Any) -> None:  # noqa: ANN401  napari's
        """Go to the next slice; the wheel does not zoom as long as the stroke lasts."""
        dims = self._link.viewer.dims
        if not self._painting(layer) or event.modifiers or dims.ndisplay != 2:
            return
        event.handled = True
        forward = 1 if event.native is not None and event.native.inverted() else -1
        self._turned += float(np.clip(event.delta[1], -1, 1)) * forward
        steps = int(self._turned)
        self._turned -= steps
        if steps:
            axis = dims.not_displayed[-1]
            dims.set_current_step(axis, dims.current_step[axis] + steps)

    def _painting(self, layer: ToolLabels) -> bool:
        return self._brush.painting or (layer.in_stroke and layer.mode in (Mode.PAINT, Mode.ERASE))

    def _on_step(self, _event: object = None) -> None:
        """Paint where the cursor is, in the slice that has come into view."""
        layer, viewer = self._layer, self._link.viewer
        if layer is None or viewer.dims.ndisplay != 2 or not self._painting(layer):
            return
        hidden = layer._slice_input.not_displayed  # noqa: SLF001  napari tells it nowhere else
        world = np.asarray(viewer.cursor.position, float)
        step = viewer.dims.not_displayed[-1]
        world[step] = viewer.dims.point[step]
        point = np.asarray(layer.world_to_data(world), float)
        if len(hidden) != 1 or not self._inside(layer, point):
            return
        if self._brush.painting:
            self._brush.go_on(point)
        else:
            layer.paint(point, int(layer.mode == Mode.PAINT and layer.selected_label != 0))

    @staticmethod
    def _inside(layer: ToolLabels, point: np.ndarray) -> bool:
        at = np.round(point)
        return bool(((at >= 0) & (at < layer.data.shape)).all())
