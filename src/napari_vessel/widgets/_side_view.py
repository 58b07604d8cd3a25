"""One more canvas on what is open, kept like the main one in all but its plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget
from vispy.scene.visuals import InfiniteLine

from napari_vessel.session import Session
from napari_vessel.widgets._labels import VesselLabels

__all__ = ["Cross", "Links", "SideView"]

_CROSS = (1.0, 0.85, 0.2, 0.8)
_OF_IMAGE = ("contrast_limits", "gamma", "colormap", "opacity", "visible")
_OF_LABELS = (
    "mode", "brush_size", "selected_label", "n_edit_dimensions", "preserve_labels", "contour",
    "opacity", "visible",
)  # fmt: skip
_PLACED = ("scale", "translate", "rotate", "shear", "affine", "units")


class Links:
    """Connections to signals of napari, all undone at once."""

    def __init__(self) -> None:
        self._made: list[tuple[Any, Callable[..., None]]] = []

    def connect(self, signal: Any, slot: Callable[..., None]) -> None:  # noqa: ANN401  napari's
        """Call ``slot`` at ``signal`` from now on."""
        signal.connect(slot)
        self._made.append((signal, slot))

    def same(self, one: Layer, other: Layer, names: tuple[str, ...]) -> None:
        """Keep properties of two layers the same, whichever is changed."""
        for name in names:
            _copying(one, other, name)()
            for source, target in ((one, other), (other, one)):
                self.connect(getattr(source.events, name), _copying(source, target, name))

    def undo(self) -> None:
        """Call nothing any more."""
        for signal, slot in self._made:
            signal.disconnect(slot)
        self._made.clear()


class SideView(QWidget):
    """One more canvas on what is open, in another plane than the main one.

    Parameters
    ----------
    title
        What it is called.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.model = ViewerModel(title=title)
        self.qt = QtViewer(self.model)
        self.image: Image | None = None
        self.labels: VesselLabels | None = None
        self._links = Links()
        self.cross = Cross(self.qt)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.qt)
        self.setMinimumSize(160, 120)
        self.qt.canvas.native.installEventFilter(self)

    def show_layers(self, session: Session, image: Image, labels: VesselLabels) -> None:
        """Show image and mask of the main view; what is chosen there holds here too."""
        self.clear()
        placed = {name: getattr(image, name) for name in _PLACED}
        self.image = Image(
            image.data, multiscale=image.multiscale, rgb=False, name=image.name, **placed
        )
        self.model.add_layer(self.image)
        placed = {name: getattr(labels, name) for name in _PLACED}
        self.labels = VesselLabels(session, labels.data, labels.region, name=labels.name, **placed)
        # Docking gives this canvas another OpenGL context, without napari's depth function: with
        # depth the mask would fail against the image, which lies at the same depth.
        self.labels.blending = "translucent_no_depth"
        self.model.add_layer(self.labels)
        self._links.same(image, self.image, _OF_IMAGE)
        self._links.same(labels, self.labels, _OF_LABELS)
        self.model.layers.selection.active = self.labels

    def clear(self) -> None:
        """Show nothing."""
        self._links.undo()
        if self.labels is not None:
            self.labels.retire()
        self.image = self.labels = None
        self.model.layers.clear()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  Qt's name
        """Let keys go where the mouse is: a brush needs no click first."""
        if event is not None and event.type() == QEvent.Type.Enter and isinstance(watched, QWidget):
            watched.setFocus(Qt.FocusReason.MouseFocusReason)
        return bool(super().eventFilter(watched, event))

    def shut(self) -> None:
        """Let go of everything, before Qt takes it away."""
        self.clear()
        self.cross.remove()
        self.qt.canvas.native.removeEventFilter(self)
        self.qt.close()
        self.qt.deleteLater()


class Cross:
    """Two lines through the voxel that all views share."""

    def __init__(self, qt: Any) -> None:  # noqa: ANN401  napari's QtViewer
        scene = qt.canvas.view.scene
        self._lines = [InfiniteLine(0, _CROSS, vertical=v, parent=scene) for v in (True, False)]
        for line in self._lines:
            line.order = 10**6  # over every layer
            line.set_gl_state("translucent", depth_test=False)

    def move(self, x: float, y: float) -> None:
        """Cross at a point of the scene (world units)."""
        for line, at in zip(self._lines, (x, y), strict=True):
            line.set_data(at)

    def remove(self) -> None:
        """Take the lines out of the scene."""
        for line in self._lines:
            line.parent = None


def _copying(source: Layer, target: Layer, name: str) -> Callable[..., None]:
    def copy(*_: object) -> None:
        value = getattr(source, name)
        if name == "mode" and value == "pick":  # a tool of ours: only the main view's layer has it
            return
        if not np.array_equal(getattr(target, name), value):
            setattr(target, name, value)

    return copy
