"""The two other planes beside the main view: the same voxel, painted on through the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.qt import QtViewer
from qtpy.QtCore import (  # type: ignore[attr-defined]  # qtpy renames Signal
    QEvent,
    Qt,
    QTimer,
    Signal,
)
from qtpy.QtWidgets import QSplitter

from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.widgets._side_view import Cross, Links, SideView
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["KEY", "OrthogonalViews"]

KEY = "Shift-K"

_REFRESH_MS = 40


class OrthogonalViews(QSplitter):
    """Both other planes, one above the other; the voxel they share is the viewer's own point.

    The main view shows rows over columns of the slice in view. The upper side view shows the
    same rows, the lower one the same columns.
    """

    _docked = False
    closed = Signal()  # its dock was closed by a person

    def __init__(self, link: ViewerLink, session: Session, main_canvas: QtViewer) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._link, self._session, self._main = link, session, link.viewer
        self.views: tuple[SideView, ...] = (SideView("beside"), SideView("below"))
        for view in self.views:
            self.addWidget(view)
        self._cross = Cross(main_canvas)
        self._links = Links()
        self._busy = False
        self._changed: list[Box | None] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        self._follow()
        self.rebuild()

    def _follow(self) -> None:
        events = self._session.events
        for signal, slot in (
            (events.painted, self._on_changed),
            (events.shown, self._on_changed),
            (self._link.events.layers, self._on_layers),
        ):
            self._links.connect(signal, slot)
        for model in (self._main, *(view.model for view in self.views)):
            self._links.connect(model.dims.events.point, self._on_point(model))
            self._links.connect(model.scene.camera.events.zoom, self._on_zoom(model))
            model.bind_key(KEY, self.go_to_cursor, overwrite=True)
        self._links.connect(self._main.dims.events.order, lambda *_: self._turn())

    # -- what is shown ---------------------------------------------------------

    def rebuild(self) -> None:
        """Show what the main view has by now."""
        image, labels = self._link.image, self._link.labels
        self._shown = (image, labels, labels.data if labels is not None else None)
        for view in self.views:
            if image is None or labels is None:
                view.clear()
            else:
                view.show_layers(self._session, image, labels)
        self._turn()

    def _on_layers(self) -> None:
        image, labels = self._link.image, self._link.labels
        if self._shown != (image, labels, labels.data if labels is not None else None):
            self.rebuild()

    def _turn(self) -> None:
        """Show the planes that the main view does not."""
        if self._link.labels is None or self._main.dims.ndim < 3:
            return
        *extra, hidden, rows, columns = self._main.dims.order
        if extra:
            return  # a viewer of more axes than a volume has: its other layers are not shown here
        orders = ((columns, rows, hidden), (rows, hidden, columns))
        for view, order in zip(self.views, orders, strict=True):
            if view.labels is not None:
                view.model.dims.order = order
                view.model.reset_view()
                view.model.scene.camera.zoom = self._main.scene.camera.zoom
        self.go(self._main.dims.point)

    # -- the voxel they share --------------------------------------------------

    def go(self, world: Any) -> None:  # noqa: ANN401  numbers, zyx
        """Show the slices through a point (world units, zyx) in all views, and cross there."""
        self._busy = True
        try:
            for model, _ in self._all():
                if model.dims.ndim == 3:
                    model.dims.set_point((0, 1, 2), tuple(world))
        finally:
            self._busy = False
        self._cross_at()

    def _cross_at(self) -> None:
        point = self._main.dims.point
        for model, cross in self._all():
            if model.dims.ndim == 3:
                _, row, column = model.dims.order
                cross.move(point[column], point[row])

    def centre(self) -> None:
        """Bring the shared voxel to the middle of both side views."""
        point = np.asarray(self._main.dims.point)
        for view in self.views:
            if view.labels is not None:
                _, row, column = view.model.dims.order
                view.model.scene.camera.center = (0.0, float(point[row]), float(point[column]))

    def go_to_cursor(self, model: Any) -> None:  # noqa: ANN401  napari's ViewerModel
        """Show in all views the voxel under the mouse of one of them."""
        if model.dims.ndim == 3 and model.dims.ndisplay == 2:
            self.go(model.cursor.position)
            self.centre()

    def _on_point(self, model: Any) -> Callable[..., None]:  # noqa: ANN401
        def moved(*_: object) -> None:
            if not self._busy and model.dims.ndim == 3:
                self.go(_point_of(model, self._main))

        return moved

    def _on_zoom(self, model: Any) -> Callable[..., None]:  # noqa: ANN401
        def zoomed(*_: object) -> None:
            if self._busy:
                return
            self._busy = True
            for other, _cross in self._all():
                if other is not model and other.dims.ndim == 3:
                    other.scene.camera.zoom = model.scene.camera.zoom
            self._busy = False

        return zoomed

    def _all(self) -> list[tuple[Any, Cross]]:
        return [(self._main, self._cross), *((view.model, view.cross) for view in self.views)]

    # -- what was painted ------------------------------------------------------

    def _on_changed(self, box: Box | None) -> None:
        self._changed.append(box)
        if not self._timer.isActive():
            self._timer.start(_REFRESH_MS)

    def _refresh(self) -> None:
        """Show in every view what was painted in one of them."""
        boxes, self._changed = self._changed, []
        box = _around(boxes)
        for labels in (self._link.labels, *(view.labels for view in self.views)):
            if labels is not None:
                labels.refresh_box(box)

    def event(self, event: QEvent | None) -> bool:
        """Notice when the dock that holds this widget was closed."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            docked, self._docked = self._docked, self.parent() is not None
            if docked and not self._docked:
                self.closed.emit()
        return bool(super().event(event))

    def shut(self) -> None:
        """Let go of the viewer."""
        self._timer.stop()
        self._links.undo()
        for model, _ in self._all():
            model.bind_key(KEY, None)
        self._cross.remove()
        for view in self.views:
            view.shut()
        self.views = ()


def _point_of(model: Any, main: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Return the shared point once ``model`` shows another slice: of the others as it was."""
    point = list(main.dims.point)
    hidden = model.dims.order[0]
    point[hidden] = model.dims.point[hidden]
    return tuple(point)


def _around(boxes: list[Box | None]) -> Box | None:
    known = [box for box in boxes if box is not None]
    if len(known) < len(boxes) or not known:
        return None
    a, b, c = (min(box.start[n] for box in known) for n in range(3))
    d, e, f = (max(box.stop[n] for box in known) for n in range(3))
    return Box((a, b, c), (d, e, f))
