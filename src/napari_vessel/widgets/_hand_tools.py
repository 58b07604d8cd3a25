"""Quick tools in the hand: what a click on the mask, or a key, asks the session to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import numpy as np
from napari.layers.labels._labels_utils import mouse_event_to_labels_coordinate
from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.errors import CallerError, VesselError
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.session import Found, LocalThreshold
from napari_vessel.widgets._box_preview import BoxPreview
from napari_vessel.widgets._section import Desk
from napari_vessel.widgets._through_slices import ThroughSlices
from napari_vessel.widgets._tool_layer import Drag, ToolLabels
from napari_vessel.widgets._tool_list import TOOLS
from napari_vessel.widgets._vessel_brush import VesselBrush

__all__ = ["HandTools"]

_MOST_WAITING = 20  # clicks that came faster than their work


class HandTools(QObject):
    """Takes tools into the hand, and starts their work one after the other.

    Parameters
    ----------
    desk
        The session, its jobs and the viewer.
    """

    chosen = Signal(str)  # a tool's name, or empty: none of ours is in the hand
    said = Signal(str)
    refused = Signal(object)  # a VesselError
    outline = Signal()

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = ""
        self._desk = desk
        self._brush = VesselBrush(desk.session, self)
        self._through = ThroughSlices(desk.link, self._brush, self)
        self.preview = BoxPreview(desk.link, self)
        self._layer: ToolLabels | None = None
        self._waiting: deque[Callable[[], Generator[Any, None, None]]] = deque()
        self._first_end: Zyx | None = None
        desk.jobs.changed.connect(self._on_jobs)
        desk.follower.follow(desk.link.events.layers, self._attach)
        desk.follower.follow(desk.link.events.mode, self._on_mode)
        desk.follower.follow(desk.session.events.found, self._show_found)
        desk.follower.follow(desk.session.events.local, self._on_local)
        desk.follower.follow(desk.session.events.opened, self._on_opened)
        desk.link.viewer.dims.events.current_step.connect(self._on_slice)
        desk.link.viewer.dims.events.order.connect(self._on_slice)
        desk.link.closing.append(self.close)

    def close(self) -> None:
        """Let go of the viewer and of the layer's keys."""
        self._waiting.clear()
        dims = self._desk.link.viewer.dims.events
        dims.current_step.disconnect(self._on_slice)
        dims.order.disconnect(self._on_slice)
        self._detach()

    # -- choosing --------------------------------------------------------------

    def use(self, name: str) -> None:
        """Take a tool into the hand, or let one that needs no place act."""
        try:
            self._acts[name]() if name in self._acts else self._take(name)
        except VesselError as error:
            self.refused.emit(error)

    @property
    def _acts(self) -> dict[str, Callable[[], None]]:
        session = self._desk.session
        return {
            "between": partial(self._start, session.interpolate),
            "accept view": self._accept_view,
            "accept region": self._accept_region,
            "next": self._next,
            "outline": self.outline.emit,
            "keep": partial(self._start, session.apply_local),
        }

    def _take(self, name: str) -> None:
        link, self._first_end = self._desk.link, None
        link.set_mode("pick")
        layer = link.labels
        if layer is None:
            return
        drags: dict[str, tuple[Drag, str]] = {
            "brush": (self._brush.drag, "circle"),
            "threshold": (self._drag_box, "cross"),
        }
        drag, cursor = drags.get(name, (self._click, "cross"))
        layer.take(drag, cursor)
        self.name = name
        self.chosen.emit(name)
        self.said.emit(next(tool.hint for tool in TOOLS if tool.name == name))
        self._on_slice()

    def _on_mode(self, _mode: str) -> None:
        layer = self._layer
        self.chosen.emit(self.name if layer is not None and layer.tool_in_hand else "")

    def _on_slice(self, _event: object = None) -> None:
        """Let the brush see the slice that comes into view."""
        layer, link = self._layer, self._desk.link
        if layer is not None and layer.tool_in_hand and self.name == "brush":
            focus = link.focus()
            if focus is not None and link.viewer.dims.ndisplay == 2:
                axis = focus.plane.normal
                self._brush.look(focus.plane, round(focus.point[axis]) - layer.region.start[axis])

    # -- the layer -------------------------------------------------------------

    def _attach(self) -> None:
        labels = self._desk.link.labels
        if labels is not self._layer:
            self._detach()
            self._layer = labels
            self._through.attach(labels)
            if labels is not None:
                labels.mouse_double_click_callbacks.append(self._double_click)
                for tool in TOOLS:
                    labels.bind_key(tool.key, self._pressing(tool.name), overwrite=True)

    def _detach(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None:
            layer.tool = None
            if self._double_click in layer.mouse_double_click_callbacks:
                layer.mouse_double_click_callbacks.remove(self._double_click)
            for tool in TOOLS:
                layer.bind_key(tool.key, None)

    def _pressing(self, name: str) -> Callable[[object], None]:
        def pressed(_layer: object) -> None:  # napari wants a function, which has a name
            self.use(name)

        return pressed

    # -- the mouse -------------------------------------------------------------

    def _click(self, layer: ToolLabels, event: Any) -> Iterator[None]:  # noqa: ANN401  napari's
        """Act where the mouse was pressed."""
        voxel = _voxel(layer, event)
        if voxel is not None and event.button == 1:
            self._act_at(voxel)
        yield

    def _double_click(self, layer: ToolLabels, event: Any) -> None:  # noqa: ANN401  napari's
        """Count the second of two quick clicks, which comes by another way."""
        if layer.tool_in_hand and self.name not in ("brush", "threshold"):
            voxel = _voxel(layer, event)
            if voxel is not None:
                self._act_at(voxel)

    def _act_at(self, voxel: Zyx) -> None:
        session, name = self._desk.session, self.name
        if name == "join":
            self._end_at(voxel)
        elif name == "fill":
            self._start(partial(session.fill_holes, voxel, self._plane()))
        elif name == "wall":
            self._start(partial(session.fit_wall, voxel))
        elif name in ("accept", "reject", "grow", "smooth"):
            self._start(partial(session.on_piece, name, voxel))  # type: ignore[arg-type]

    def _end_at(self, voxel: Zyx) -> None:
        first, self._first_end = self._first_end, voxel
        if first is None:
            self.said.emit("Now click the other end.")
            return
        self._first_end = None
        self._start(partial(self._desk.session.join, first, voxel))

    def _drag_box(self, layer: ToolLabels, event: Any) -> Iterator[None]:  # noqa: ANN401  napari's
        """Take a box, or where the mouse hardly moved the piece there, for a local threshold."""
        first = last = _voxel(layer, event)
        yield
        while event.type == "mouse_move":
            last = _voxel(layer, event) or last
            if first is not None and last is not None:
                self._outline(layer, self._box(first, last), first)
            yield
        if first is None or last is None:
            return
        if max(abs(a - b) for a, b in zip(first, last, strict=True)) < 2:
            self.preview.hide()
            self._start(partial(self._desk.session.local_piece, first))
            return
        try:
            box = self._box(first, last)
            self._desk.session.begin_local(box)
            self._outline(layer, box.intersection(Box.of(layer.data.shape)) or box)
            self.said.emit("Move the slider below, then keep or drop what it shows.")
        except VesselError as error:
            self.preview.hide()
            self.refused.emit(error)

    def _outline(self, layer: ToolLabels, box: Box, at: Zyx | None = None) -> None:
        """Draw the box that is dragged, in the slice ``at`` is in; or in all that it holds."""
        plane = self._plane()
        slices = None if at is None else range(at[plane.normal], at[plane.normal] + 1)
        self.preview.show(layer.region, box, plane, slices)

    def _on_opened(self) -> None:
        self._on_local(self._desk.session.local_threshold)

    def _on_local(self, local: LocalThreshold | None) -> None:
        """Take the rectangle away with the threshold it was drawn for."""
        if local is None or local.likelihood is not None or not local.where.all():
            self.preview.hide()

    def _box(self, first: Zyx, last: Zyx) -> Box:
        """Return the box over two corners, and some slices before and behind."""
        normal, depth = self._plane().normal, self._desk.session.tool_config.depth
        low, high = np.minimum(first, last), np.maximum(first, last) + 1
        low[normal], high[normal] = low[normal] - depth, high[normal] + depth
        low = np.maximum(low, 0)
        (a, b, c), (d, e, f) = low.tolist(), high.tolist()
        return Box((a, b, c), (d, e, f))

    # -- without the mouse -----------------------------------------------------

    def _accept_view(self) -> None:
        link = self._desk.link
        plane, index = link.slice_in_view()
        seen = link.visible_box()
        if seen is None:
            raise CallerError("Nothing of the region is on the canvas: move to it.")
        where = f"what is in view of {plane.value.upper()} {index}"
        self._accept(seen.slice_at(plane, index), where)

    def _accept_region(self) -> None:
        self._accept(self._desk.session.region, "the region")

    def _accept(self, box: Box, what: str) -> None:
        session = self._desk.session
        self._start(partial(session.accept_box, box.relative_to(session.region), what))

    def _next(self) -> None:
        plane, index = self._desk.link.slice_in_view()
        session = self._desk.session
        at = index - session.region.start[plane.normal]
        self._start(partial(session.next_unreviewed, plane, at))

    def _show_found(self, found: Found) -> None:
        link, axis = self._desk.link, found.plane.normal
        if link.image is not None:
            voxel = [0.0, 0.0, 0.0]
            voxel[axis] = found.index
            world = np.asarray(link.image.data_to_world(voxel))
            link.viewer.dims.set_point(link.viewer.dims.ndim - 3 + axis, float(world[axis]))

    def _plane(self) -> Plane:
        focus = self._desk.link.focus()
        return focus.plane if focus is not None else Plane.XY

    # -- one after the other ---------------------------------------------------

    def _start(self, make: Callable[[], Generator[Any, None, None]]) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(make)
        self._on_jobs("tool")

    def cancel(self) -> None:
        """Stop the tool that is at work, and forget what was to follow."""
        self._waiting.clear()
        self._desk.jobs.cancel("tool")

    def _on_jobs(self, name: str) -> None:
        if name == "tool" and self._waiting and not self._desk.jobs.running("tool"):
            self._desk.jobs.start("tool", self._waiting.popleft())


def _voxel(layer: ToolLabels, event: Any) -> Zyx | None:  # noqa: ANN401  napari's
    """Return the voxel of the region under the mouse; None beside it."""
    point = mouse_event_to_labels_coordinate(layer, event)
    if point is None:
        return None
    z, y, x = np.round(np.asarray(point, float)).astype(int).tolist()
    inside = all(0 <= i < n for i, n in zip((z, y, x), layer.data.shape, strict=True))
    return (z, y, x) if inside else None
