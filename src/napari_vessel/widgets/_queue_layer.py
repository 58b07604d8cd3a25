"""The places of the queue on the image: numbered rings, and diamonds for the audit set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Points
from qtpy.QtCore import QObject

from napari_vessel.annotation import Place
from napari_vessel.geometry import Box
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["QueueLayer"]

_NAME = "Where next"
_SIZE = 24  # voxels of the finest edge: a ring, so that what it marks stays visible
_ABOVE = np.array([0, -_SIZE / 2, 0])
_QUEUE, _AUDIT = "#ffb02e", "#6fd3ff"


class QueueLayer(QObject):
    """Draws a mark where each place's error shows most, seen in the slices around it too.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    """

    def __init__(self, link: ViewerLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: Points | None = None
        self._link = link
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def show(self, places: Sequence[Place], audit: Sequence[Place]) -> None:
        """Mark ``places``, numbered, and the windows of the audit set; none: no layer."""
        image = self._link.image
        self.clear()
        if image is None or not (places or audit):
            return
        points = np.array([place.at for place in (*places, *audit)], float)
        numbers = [str(at + 1) for at in range(len(places))] + ["audit"] * len(audit)
        colours = [_QUEUE] * len(places) + [_AUDIT] * len(audit)
        layer = Points(
            points,
            ndim=3,
            name=_NAME,
            symbol=["ring"] * len(places) + ["diamond"] * len(audit),
            size=_SIZE,
            face_color="transparent",
            border_color=colours,
            border_width=0.08,
            out_of_slice_display=True,
            text={
                "string": numbers,
                "color": "white",
                "size": 9,
                "translation": [0, -_SIZE / 2, 0],
            },
            **mask_placed(image, Box.of((1, 1, 1))),
        )
        layer.editable = False
        layers = self._link.viewer.layers
        active = layers.selection.active
        layers.append(layer)
        layers.selection.active = active  # the brush stays in the hand
        self.layer = layer

    def clear(self) -> None:
        """Take the marks away."""
        layer, self.layer = self.layer, None
        layers = self._link.viewer.layers
        if layer is not None and layer in layers:
            active = layers.selection.active
            layers.remove(layer)
            if active in layers:
                layers.selection.active = active

    def close(self) -> None:
        """Let go of the viewer."""
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self.clear()

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.layer:
            self.layer = None
