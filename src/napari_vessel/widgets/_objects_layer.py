"""The objects as a points layer: a click marks one, Delete takes it away, a drag moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.layers import Image, Points
from qtpy.QtCore import QObject, QTimer

from napari_vessel.geometry import Box
from napari_vessel.session import Objects, Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._looking import go_to
from napari_vessel.widgets._margin import Margin
from napari_vessel.widgets._objects_looks import UNKNOWN, looks_of, marker_size, wear
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["ObjectsLayer"]

_NAME = "Objects"
_REST_MS = 150  # a drag is one move


class ObjectsLayer(QObject):
    """Shows the session's objects, and takes what a person does there.

    Parameters
    ----------
    link
        The viewer.
    session
        Has the objects.
    follower
        Relays the session's signals.
    """

    def __init__(self, link: ViewerLink, session: Session, follower: Follower) -> None:
        super().__init__(link)
        self.layer: Points | None = None
        self.image: Image | None = None
        self._link, self._session = link, session
        self._ids: list[str] = []
        self._busy = self._moved = False
        self._margin = Margin(link.viewer)
        self._keys: dict[str, Callable[[], None]] = {}
        self._moving = QTimer(self)
        self._moving.setSingleShot(True)
        self._moving.timeout.connect(self._take_moves)
        events = session.objects_events
        follower.follow(events.changed, lambda _deed: self._on_changed())
        follower.follow(events.current, self._on_current)
        follower.follow(events.config, self._restyle)
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    # -- the layer -------------------------------------------------------------

    def show(self, image: Image) -> None:
        """Show the objects that are open now, on the voxels of ``image``."""
        self._take_moves()
        self._follow(image)
        objects = self._session.objects
        if objects is None:
            return
        if self.layer is None:
            self._add(objects, mask_placed(image, Box.of((1, 1, 1))))
        else:  # the same layer on another image
            self._place()
        self._ids = []
        self._on_changed()
        self.set_mode("add")

    def _follow(self, image: Image | None) -> None:
        """Lie on ``image`` from now on, also when a person tells its voxel size."""
        if self.image is not None:
            self.image.events.scale.disconnect(self._place)
        self.image = image
        if image is not None:
            image.events.scale.connect(self._place)

    def _place(self) -> None:
        if self.layer is not None and self.image is not None:
            for name, value in mask_placed(self.image, Box.of((1, 1, 1))).items():
                setattr(self.layer, name, value)

    def _add(self, objects: Objects, placed: dict[str, Any]) -> None:
        self.layer = layer = Points(
            np.empty((0, 3)),
            ndim=3,
            name=_NAME,
            face_color="transparent",
            border_color="#d9d9d9",
            projection_mode="rescale_spherical",
            symbol=UNKNOWN,
            size=marker_size(objects),
            border_width=0.06,
            **placed,
        )
        layer.events.data.connect(self._on_data)
        layer.selected_data.events.items_changed.connect(self._on_selected)
        for key, slot in self._keys.items():
            self._bind(layer, key, slot)
        self._link.viewer.add_layer(layer)

    def bind(self, key: str, slot: Callable[[], None]) -> None:
        """Bind a key of the layer, and of the viewer for when another layer is active."""
        self._keys[key] = slot
        self._link.bind(key, slot)
        if self.layer is not None:
            self._bind(self.layer, key, slot)

    def set_mode(self, mode: str) -> None:
        """Choose what the mouse does: ``add``, ``select`` or ``pan_zoom``."""
        if self.layer is not None:
            self._link.viewer.layers.selection.active = self.layer
            self.layer.mode = mode

    @property
    def chosen(self) -> tuple[str, ...]:
        """The objects a key is for: those selected, else the one under the mouse, else none."""
        if self.layer is None:
            return ()
        self._take_moves()
        selected = sorted(int(at) for at in self.layer.selected_data)
        if not selected:
            under = self._under_mouse()
            selected = [] if under is None else [under]
        return tuple(self._ids[at] for at in selected if at < len(self._ids))

    def go_to(self, id_: str) -> None:
        """Bring an object to the middle of the canvas and select it."""
        objects = self._session.objects
        at = objects.book.index(id_) if objects else None
        if objects is None or at is None or self.layer is None:
            return
        objects.choose(id_)
        go_to(self._link.viewer, self.layer, objects.book.points[at])

    def close(self) -> None:
        """Let go of the viewer."""
        self._take_moves()
        self._moving.stop()
        self._follow(None)
        self._margin.restore()
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self._remove()

    # -- from the session to the layer -----------------------------------------

    def _on_changed(self) -> None:
        objects, layer = self._session.objects, self.layer
        if objects is None or layer is None or self._busy:
            return
        same = self._ids == objects.book.ids
        if not same or not np.array_equal(layer.data, objects.book.points):
            self._ids = list(objects.book.ids)
            with self._by_us():
                layer.selected_data = set()
                layer.data = objects.book.points.copy()
        self._restyle()
        if not same:
            self._on_current(objects.current)

    def _restyle(self) -> None:
        objects, layer = self._session.objects, self.layer
        if objects is None or layer is None:
            return
        looks = looks_of(objects)
        self._margin.widen(marker_size(objects) / 2 * float(np.min(np.abs(layer.scale))))
        with self._by_us():
            if len(self._ids) == len(layer.data) > 0:
                wear(layer, looks)
            self._next_ones_look(layer, objects)

    def _next_ones_look(self, layer: Points, objects: Objects) -> None:
        """Let what is marked next look like what nobody has classified."""
        with layer.selected_data.events.blocked(), self._by_us():
            chosen = set(layer.selected_data)
            layer.selected_data.clear()
            layer.current_face_color = "transparent"
            layer.current_border_color = "#d9d9d9"
            layer.current_size = marker_size(objects)
            layer.current_symbol = UNKNOWN
            layer.selected_data.update(chosen)

    def _on_current(self, id_: str | None) -> None:
        layer = self.layer
        if layer is None or self._busy:
            return
        wanted = {self._ids.index(id_)} if id_ in self._ids else set()
        if len(layer.selected_data) > 1 and wanted <= set(layer.selected_data):
            return  # a person selected several
        with self._by_us():
            layer.selected_data = wanted
        if self._session.objects is not None:
            self._next_ones_look(layer, self._session.objects)

    # -- from the layer to the session -----------------------------------------

    def _on_data(self, event: Any) -> None:  # noqa: ANN401  napari's event
        objects, layer = self._session.objects, self.layer
        if self._busy or objects is None or layer is None:
            return
        action = str(getattr(event.action, "value", event.action))
        if action in ("added", "removed", "changed"):
            if action == "changed" and len(layer.data) == len(self._ids):
                self._moved = True
                self._moving.start(_REST_MS)
                return
            self._take_moves()
            with self._by_us():
                self._take(action, event.data_indices, objects, layer)

    def _take(self, action: str, indices: Any, objects: Objects, layer: Points) -> None:  # noqa: ANN401
        if action == "removed":
            gone = {int(at) % max(len(self._ids), 1) for at in indices} & set(range(len(self._ids)))
            objects.remove([self._ids[at] for at in sorted(gone)])
        elif action == "added":
            count = len(layer.data) - len(self._ids)
            objects.add([_point(row) for row in layer.data[-count:]] if count > 0 else [])
        else:  # data of another length were put in their place
            objects.remove(tuple(self._ids))
            objects.add([_point(row) for row in layer.data])
        self._ids = list(objects.book.ids)
        if len(layer.data) != len(self._ids):
            layer.data = objects.book.points.copy()

    def _take_moves(self) -> None:
        """Note where objects were dragged to, once the mouse rests."""
        objects, layer = self._session.objects, self.layer
        self._moving.stop()
        if not self._moved or objects is None or layer is None:
            return
        self._moved = False
        with self._by_us():
            moved = np.flatnonzero((objects.book.points != layer.data).any(1))
            objects.move({self._ids[at]: _point(layer.data[at]) for at in moved})

    def _on_selected(self) -> None:
        objects, layer = self._session.objects, self.layer
        if self._busy or objects is None or layer is None:
            return
        selected = [int(at) for at in layer.selected_data]
        with self._by_us():
            alone = len(selected) == 1 and selected[0] < len(self._ids)
            objects.choose(self._ids[selected[0]] if alone else None)
        self._next_ones_look(layer, objects)  # napari takes the looks of what is selected

    def _under_mouse(self) -> int | None:
        viewer, layer = self._link.viewer, self.layer
        if layer is None:
            return None
        dims = viewer.dims
        found = layer.get_value(
            viewer.cursor.position,
            view_direction=viewer.scene.camera.calculate_nd_view_direction(
                dims.ndim, dims.displayed
            )
            if dims.ndisplay == 3
            else None,
            dims_displayed=list(dims.displayed),
            world=True,
        )
        return None if found is None else int(found)

    # -- inside ----------------------------------------------------------------

    @contextmanager
    def _by_us(self) -> Iterator[None]:
        """Let what happens meanwhile be taken for ours, not for a person's."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    @staticmethod
    def _bind(layer: Points, key: str, slot: Callable[[], None]) -> None:
        layer.bind_key(key, lambda _layer: slot(), overwrite=True)

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        self._ids = []
        if layer is not None and layer in self._link.viewer.layers:
            self._link.viewer.layers.remove(layer)

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if self.layer is not None and event.value is self.layer:
            self._take_moves()
            self.layer = None  # its objects stay: they are shown again when they are opened again


def _point(row: np.ndarray) -> tuple[float, float, float]:
    z, y, x = (float(c) for c in row)
    return z, y, x
