"""Draw a box on the image: a rectangle in the slice in view, and so many slices around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["BoxDrawing", "box_of_rectangle"]


class BoxDrawing(QObject):
    """Lets a person draw one rectangle in a layer that is there only meanwhile."""

    drawn = Signal(object, int)  # corners (n × 3, volume voxels), and the axis that is hidden
    ended = Signal()

    def __init__(self, link: ViewerLink) -> None:
        super().__init__(link)
        self.layer: Shapes | None = None
        self._link = link
        self._active: Any = None
        link.closing.append(self.end)

    def begin(self, shape: tuple[int, int, int]) -> None:
        """Wait for a rectangle on a volume of ``shape``.

        Raises
        ------
        CallerError
            Three dimensions are shown, or nothing is.
        """
        image, viewer = self._link.image, self._link.viewer
        if image is None:
            raise CallerError("No volume is shown: open one, or show it again.")
        if viewer.dims.ndisplay != 2:
            raise CallerError("Three dimensions are shown: go back to a slice to draw a box.")
        self.end()
        self._active = viewer.layers.selection.active
        placed = mask_placed(image, Box.of(shape))
        self.layer = Shapes(
            ndim=3, name="Draw the region", edge_color="#f2c14e", face_color="transparent",
            edge_width=2, **placed,
        )  # fmt: skip
        viewer.add_layer(self.layer)
        viewer.layers.selection.active = self.layer
        self.layer.mode = "add_rectangle"
        self.layer.mouse_drag_callbacks.append(self._dragged)
        viewer.layers.events.removed.connect(self._on_removed)

    def end(self) -> None:
        """Take the layer away; the brush comes back into the hand."""
        layer, self.layer = self.layer, None
        if layer is None:
            return
        viewer = self._link.viewer
        viewer.layers.events.removed.disconnect(self._on_removed)
        if layer in viewer.layers:
            viewer.layers.remove(layer)
        if self._active in viewer.layers:
            viewer.layers.selection.active = self._active
        self.ended.emit()

    def _dragged(self, _layer: Any, _event: Any) -> Any:  # noqa: ANN401  napari's
        """Wait for the mouse to be released, then take what was drawn."""
        yield
        while _event.type != "mouse_release":
            yield
        # Once napari's own callback has ended the shape: both hear of the same release.
        QTimer.singleShot(0, self._take)

    def _take(self) -> None:
        if self.layer is None or not len(self.layer.data):
            return
        corners = np.asarray(self.layer.data[-1], float)
        hidden = int(self.layer._slice_input.not_displayed[-1])  # noqa: SLF001  napari has no other
        self.end()
        self.drawn.emit(corners, hidden)

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.layer:
            self.end()


def box_of_rectangle(corners: np.ndarray, hidden: int, slices: int, shape: tuple[int, ...]) -> Box:
    """Return the box of a rectangle and ``slices`` slices around it, inside the volume.

    Parameters
    ----------
    corners
        n × 3, volume voxels; the centre of a voxel has whole numbers.
    hidden
        The axis across the rectangle.
    slices
        How many, at least 1; 0: as many as the rectangle's longer edge.
    shape
        The volume's edges.

    Raises
    ------
    CallerError
        The rectangle is empty, or beside the volume.

    Examples
    --------
    >>> str(box_of_rectangle(np.array([[5, 2, 3], [5, 9, 7]]), 0, 4, (20, 20, 20)))
    '3:7,2:10,3:8'
    """
    low = np.floor(corners.min(axis=0) + 0.5).astype(int)
    high = np.floor(corners.max(axis=0) + 0.5).astype(int) + 1
    edges = np.delete(high - low, hidden)
    if edges.min() < 2:
        raise CallerError("That was a click, not a box: draw from one corner to the other.")
    depth = min(slices or int(edges.max()), shape[hidden])
    first = int(np.clip(low[hidden] - depth // 2, 0, shape[hidden] - depth))
    low[hidden], high[hidden] = first, first + depth
    low, high = np.clip(low, 0, shape), np.clip(high, 0, shape)
    if (low >= high).any():
        raise CallerError("The box lies beside the volume: draw it on the image.")
    (a, b, c), (d, e, f) = low.tolist(), high.tolist()
    return Box((a, b, c), (d, e, f))
