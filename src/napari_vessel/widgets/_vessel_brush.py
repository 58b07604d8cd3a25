"""The vessel brush: takes what belongs to the vessel under the cursor, and no more."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import numpy as np
from napari.layers.labels._labels_utils import (
    interpolate_coordinates,
    mouse_event_to_labels_coordinate,
)
from qtpy.QtCore import QObject

from napari_vessel.geometry import Box, Plane
from napari_vessel.morphology import Likeness
from napari_vessel.session import SeenSlice, Session, Stamp
from napari_vessel.widgets._scatter import Piece
from napari_vessel.widgets._tool_layer import ToolLabels
from napari_vessel.widgets._worker import EventWorker

__all__ = ["VesselBrush"]


class _Path:
    """The way of the mouse in one stroke, and how far of it is painted."""

    def __init__(self, layer: ToolLabels, plane: Plane, index: int, value: int) -> None:
        self.layer, self.plane, self.index, self.value = layer, plane, index, value
        self.points: list[tuple[int, int, int]] = []  # slice, row, column
        self.painted = 0
        self.like: Likeness | None = None

    def go_to(self, point: np.ndarray) -> None:
        """Add a point (region voxels), and those on the way to it in its slice."""
        self.index = round(float(point[self.plane.normal]))
        flat = np.delete(np.asarray(point, float), self.plane.normal)
        same = bool(self.points) and self.points[-1][0] == self.index
        last = np.array(self.points[-1][1:], float) if same else flat
        for each in interpolate_coordinates(last, flat, self.layer.brush_size):
            row, column = np.round(each).astype(int).tolist()
            self.points.append((self.index, row, column))

    @property
    def waits_for(self) -> int | None:
        """The slice of the first point that is not painted yet."""
        return self.points[self.painted][0] if self.painted < len(self.points) else None


class VesselBrush(QObject):
    """Reads the slice in view behind the brush's back, and paints with what it shows.

    Where a stroke begins before its slice is there, it appears once it is.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._seen: SeenSlice | None = None
        self._waiting: list[_Path] = []
        self._path: _Path | None = None  # of the stroke under the mouse
        self._reading: tuple[Box, Plane, int] | None = None
        self._next: tuple[Plane, int] | None = None

    def look(self, plane: Plane, index: int) -> None:
        """Read slice ``index`` (region voxels), as the next stroke will be painted there."""
        opened = self._session.opened
        if opened is None or not 0 <= index < opened.region.shape[plane.normal]:
            return
        if self._reading is not None:
            self._next = (plane, index)
        elif not self._sees(plane, index):
            self._reading = (opened.region, plane, index)
            worker = EventWorker(partial(self._read, plane, index))
            worker.yielded.connect(self._arrived)
            worker.errored.connect(self._session.events.failed.emit)
            worker.finished.connect(self._ended)
            worker.start()

    @property
    def painting(self) -> bool:
        """Whether a stroke is under the mouse."""
        return self._path is not None

    def go_on(self, point: np.ndarray) -> None:
        """Paint on at ``point`` (region voxels), in a slice that has just come into view."""
        path = self._path
        if path is not None:
            path.go_to(point)
            self._paint(path)
            self.look(path.plane, path.index)

    def drag(self, layer: ToolLabels, event: Any) -> Iterator[None]:  # noqa: ANN401  napari's
        """Paint as long as the mouse is held; with Shift, erase."""
        plane = _plane_of(layer)
        point = mouse_event_to_labels_coordinate(layer, event)
        if plane is None or point is None:
            return
        index = round(float(point[plane.normal]))
        path = _Path(layer, plane, index, int("Shift" not in event.modifiers))
        self.look(plane, index)
        self._path = path
        try:
            with layer.block_history():
                while True:
                    if point is not None:
                        path.go_to(point)
                    self._paint(path)
                    yield
                    if event.type != "mouse_move":
                        break
                    point = mouse_event_to_labels_coordinate(layer, event)
        finally:
            self._path = None
        if path.waits_for is not None:
            self._waiting.append(path)

    # -- inside ----------------------------------------------------------------

    def _sees(self, plane: Plane, index: int) -> bool:
        seen, opened = self._seen, self._session.opened
        if seen is None or opened is None:
            return False
        depth = self._session.tool_config.brush_depth
        looked = (seen.region, seen.plane, seen.index, seen.depth)
        return looked == (opened.region, plane, index, depth)

    def _read(self, plane: Plane, index: int) -> Generator[SeenSlice, None, None]:
        yield self._session.seen_slice(plane, index)

    def _arrived(self, seen: SeenSlice) -> None:
        self._seen = seen
        for path in (*self._waiting, *([self._path] if self._path else [])):
            with path.layer.block_history():
                self._paint(path)
        self._waiting = [path for path in self._waiting if path.waits_for is not None]

    def _ended(self) -> None:
        self._reading, following = None, self._next
        self._next = None
        for path in (*([self._path] if self._path else []), *self._waiting):
            index = path.waits_for  # of a slice that was scrolled past
            following = following if index is None else (path.plane, index)
        if following is not None:
            self.look(*following)

    def _paint(self, path: _Path) -> None:
        seen = self._seen
        pieces = []
        while seen is not None and (index := path.waits_for) is not None:
            if not self._sees(path.plane, index):
                break
            point, shape = path.points[path.painted][1:], seen.intensity.shape[1:]
            path.painted += 1
            row, column = (min(max(p, 0), n - 1) for p, n in zip(point, shape, strict=True))
            if path.like is None:
                path.like = self._session.likeness(seen, (row, column))
            stamp = Stamp.at(seen, point, path.layer.brush_size)
            if stamp is not None:
                mask = self._session.brush_mask(seen, stamp, path.like)
                pieces.append(_piece(seen, stamp, mask, path.value))
        if pieces:
            path.layer.cover(pieces, "vessel brush" if path.value else "vessel eraser")


def _plane_of(layer: ToolLabels) -> Plane | None:
    hidden = layer._slice_input.not_displayed  # noqa: SLF001  napari tells it nowhere else
    return Plane.of_normal(hidden[0]) if len(hidden) == 1 else None


def _piece(seen: SeenSlice, stamp: Stamp, mask: np.ndarray, value: int) -> Piece:
    start, stop = [0, 0, 0], [0, 0, 0]
    for axis, span in ((seen.plane.rows, stamp.rows), (seen.plane.columns, stamp.columns)):
        start[axis], stop[axis] = span.start, span.stop
    normal = seen.plane.normal
    start[normal], stop[normal] = seen.first, seen.first + len(mask)
    (a, b, c), (d, e, f) = start, stop
    return Piece(Box((a, b, c), (d, e, f)), np.moveaxis(mask, 0, normal), value)
