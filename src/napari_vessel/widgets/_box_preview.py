"""The rectangle of a local threshold: drawn while the mouse drags it, shown while it is set."""

from __future__ import annotations

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QObject

from napari_vessel.geometry import Box, Plane
from napari_vessel.widgets._layer_below import LayerBelow
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink

__all__ = ["BoxPreview", "rectangle"]

_REFRESH_MS = 0
_COLOUR = "#f2c14e"
_PIXELS = 2.0  # of the line on screen


class BoxPreview(LayerBelow[Shapes]):
    """Outlines a box of the region, in each of its slices of one plane."""

    def __init__(self, link: ViewerLink, parent: QObject | None = None) -> None:
        super().__init__(link, _REFRESH_MS, parent)

    def show(self, region: Box, box: Box, plane: Plane, slices: range | None = None) -> None:
        """Outline ``box`` (region voxels) in slices of ``plane``; in all of its own by default."""
        image = self._link.image
        if image is None:
            return
        normal = plane.normal
        wanted = range(box.start[normal], box.stop[normal]) if slices is None else slices
        shapes = [rectangle(box, plane, index) for index in wanted]
        if self.layer is None:
            width = _PIXELS / max(float(self._link.viewer.scene.camera.zoom), 1e-6)
            width /= float(np.min(np.abs(image.scale[-3:])))
            self._put(
                Shapes(
                    ndim=3,
                    name="Threshold here",
                    edge_color=_COLOUR,
                    face_color="transparent",
                    edge_width=width,
                    metadata={MAP: "box"},
                    **mask_placed(image, region),
                )
            )
        if self.layer is not None:
            self.layer.data = []
            self.layer.add_rectangles(
                shapes,
                edge_width=self.layer.current_edge_width,
                edge_color=_COLOUR,
                face_color="transparent",
            )
            self.layer.editable = False

    def hide(self) -> None:
        """Take the outline away."""
        if self.layer is not None:
            self._remove()


def rectangle(box: Box, plane: Plane, index: int) -> np.ndarray:
    """Return the corners of a box in a slice: around its voxels, not through their centres.

    >>> rectangle(Box((1, 2, 3), (2, 5, 8)), Plane.XY, 1).tolist()[::2]
    [[1.0, 1.5, 2.5], [1.0, 4.5, 7.5]]
    """
    low, high = np.array(box.start) - 0.5, np.array(box.stop) - 0.5
    corners = np.empty((4, 3))
    corners[:, plane.normal] = index
    corners[:, plane.rows] = [low[plane.rows], low[plane.rows], high[plane.rows], high[plane.rows]]
    columns = plane.columns
    corners[:, columns] = [low[columns], high[columns], high[columns], low[columns]]
    return corners
