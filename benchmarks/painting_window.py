"""Strokes of a real mouse on a real canvas: ours with the journal on, and plain layers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep, thread_time
from typing import Any

import numpy as np

SHAPE = (32, 1024, 1024)
BRUSH = 40
MOVES = 15
_PATIENCE_S = 60.0


@dataclass
class Times:
    """Milliseconds of many repetitions: on the clock, and of the window's thread alone."""

    wall: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)

    @contextmanager
    def of(self) -> Iterator[None]:
        """Take the time of what is done inside."""
        wall, work = perf_counter(), thread_time()
        yield
        self.wall.append(1000 * (perf_counter() - wall))
        self.work.append(1000 * (thread_time() - work))

    def row(self, what: str, *most: float) -> dict[str, Any]:
        """Return a row of the table; ``most`` are the median and the 99th percentile asked for."""
        middle, high = np.percentile(self.wall, (50, 99))
        work = np.percentile(self.work or [np.nan], (50, 99))
        return {
            "what": what,
            "median ms": float(middle),
            "p99 ms": float(high),
            "work, median ms": float(work[0]),
            "work, p99 ms": float(work[1]),
            "asked for, ms": ", p99 ".join(f"{limit:g}" for limit in most),
            "met": _met(most, (middle, high)),
        }


def _met(most: Sequence[float], found: Sequence[float]) -> str:
    if not most:
        return ""
    return "yes" if all(a <= b for a, b in zip(found, most, strict=False)) else "no"


class Noted:
    """An array that notes when it was last written; else as it is."""

    def __init__(self, array: Any) -> None:  # noqa: ANN401  zarr
        self._array = array
        self.shape, self.dtype, self.ndim, self.size = (
            array.shape, np.dtype(array.dtype), array.ndim, array.size,
        )  # fmt: skip
        self.written = Clock()

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        return self._array[key]

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401
        self._array[key] = value
        self.written.stop()


class Clock:
    """When the layer's data held the last stamp."""

    wall = work = 0.0

    def stop(self) -> None:
        """Take note of now."""
        self.wall, self.work = perf_counter(), thread_time()


class Mouse:
    """Sends mouse events to a canvas, as Qt does."""

    def __init__(self, viewer: Any) -> None:  # noqa: ANN401  napari's
        from qtpy.QtCore import Qt
        from qtpy.QtWidgets import QApplication

        self.app = QApplication.instance()
        self._canvas = viewer.window._qt_viewer.canvas.native  # noqa: SLF001  napari has no other
        self._left, self._none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        self._plain = Qt.KeyboardModifier.NoModifier

    def press(self, x: float, y: float) -> None:
        """Press the left button."""
        self._send("MouseButtonPress", x, y, self._left, self._left)

    def move(self, x: float, y: float) -> None:
        """Drag."""
        self._send("MouseMove", x, y, self._none, self._left)

    def release(self, x: float, y: float) -> None:
        """Let the button go."""
        self._send("MouseButtonRelease", x, y, self._left, self._none)

    def redraw(self) -> None:
        """Let the window draw what has changed."""
        self._canvas.repaint()
        self.app.processEvents()

    def _send(self, kind: str, x: float, y: float, button: Any, buttons: Any) -> None:  # noqa: ANN401
        from qtpy.QtCore import QEvent, QPointF
        from qtpy.QtGui import QMouseEvent

        at = QPointF(x, y)
        everywhere = QPointF(self._canvas.mapToGlobal(at.toPoint()))
        event = QMouseEvent(
            getattr(QEvent.Type, kind), at, everywhere, button, buttons, self._plain
        )
        self.app.sendEvent(self._canvas, event)


class Idle:
    """A compute process that is not there: nothing is predicted meanwhile."""

    alive = True

    def start(self) -> None:
        """Start nothing."""

    def run(self, workflow: str, request: object, *, priority: int = 0) -> Iterator[object]:  # noqa: ARG002
        """Answer nothing."""
        yield from ()

    def close(self) -> None:
        """End nothing."""


@dataclass
class Painted:
    """What strokes took."""

    stamp: Times = field(default_factory=Times)
    event: Times = field(default_factory=Times)
    redraw: Times = field(default_factory=Times)
    durable: Times = field(default_factory=Times)


def paint(mouse: Mouse, clock: Clock, is_saved: Callable[[], bool] | None, strokes: int) -> Painted:
    """Paint strokes over the canvas, stamp by stamp; each is drawn before the next."""
    found, rng = Painted(), np.random.default_rng(strokes)
    for _ in range(strokes):
        x, y = rng.integers(150, 750, 2)
        angle = rng.random() * 2 * np.pi
        step = 12 * np.array([np.cos(angle), np.sin(angle)])
        _stamp(mouse.press, (x, y), found, clock)
        mouse.redraw()
        for n in range(1, MOVES + 1):
            _stamp(mouse.move, (x + n * step[0], y + n * step[1]), found, clock)
            with found.redraw.of():
                mouse.redraw()
        released = perf_counter()
        mouse.release(x + MOVES * step[0], y + MOVES * step[1])
        if is_saved is not None:
            _wait(is_saved)
            found.durable.wall.append(1000 * (perf_counter() - released))
        mouse.redraw()
    if not found.stamp.wall:
        raise SystemExit("The mouse painted nothing: is the window on the screen?")
    return found


def _stamp(
    send: Callable[[float, float], None], at: tuple[float, float], found: Painted, clock: Clock
) -> None:
    wall, work, before = perf_counter(), thread_time(), clock.wall
    with found.event.of():
        send(*map(float, at))
    if clock.wall == before:
        return  # napari's own layer writes nothing where all is painted already
    found.stamp.wall.append(1000 * (clock.wall - wall))
    found.stamp.work.append(1000 * (clock.work - work))


def _wait(until: Callable[[], bool]) -> None:
    end = perf_counter() + _PATIENCE_S
    while not until():
        if perf_counter() > end:
            raise SystemExit("Not saved within a minute.")
        sleep(0.001)


def ours(folder: Path, strokes: int) -> list[dict[str, Any]]:
    """Paint with the dock open and the journal on."""
    import napari

    from napari_vessel.geometry import Plane
    from napari_vessel.session import Session
    from napari_vessel.simulate import drive
    from napari_vessel.widgets import VesselsDock

    np.save(folder / "volume.npy", np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8))
    session = Session(Idle())
    viewer = _viewer(napari)
    dock = VesselsDock(viewer, session)
    viewer.window.add_dock_widget(dock, name="Vessels", area="right")
    list(drive(session, "open", session.open(folder / "volume.npy")))
    layer, clock = dock.desk.link.labels, Clock()
    _to_paint(viewer, layer)
    keep = session.paint

    def noted(*given: Any) -> None:  # noqa: ANN401
        keep(*given)
        clock.stop()

    session.paint = noted
    mouse = Mouse(viewer)
    paint(mouse, clock, None, 2)  # the first strokes make the project, and compile shaders
    found = paint(mouse, clock, lambda: session.corrections.saved, strokes)
    undo, drawn, accept = Times(), Times(), Times()
    for _ in range(strokes):
        with undo.of():
            layer.undo()
        with drawn.of():
            mouse.redraw()
    for index in range(8, 20):
        with accept.of():
            session.accept_slice(Plane.XY, index)
    rows = [
        found.stamp.row("a stamp: mouse event to the layer's data", 2, 10),
        found.event.row("a stamp: the mouse event wholly handled"),
        found.redraw.row("a stamp: redraw"),
        found.durable.row("from the mouse's release to durable", 250, 250),
        undo.row("undo a stroke", 20),
        drawn.row("undo: redraw"),
        accept.row("accept a slice of 1024²", 100),
    ]
    dock.shut()
    viewer.close()
    return rows


def plain(data: Any, name: str, strokes: int) -> list[dict[str, Any]]:  # noqa: ANN401  an array
    """Paint on napari's own layer, of no journal."""
    import napari

    array, viewer = Noted(data), _viewer(napari)
    viewer.add_image(np.zeros(SHAPE, np.uint8))
    layer = viewer.add_labels(array)
    _to_paint(viewer, layer)
    mouse = Mouse(viewer)
    paint(mouse, array.written, None, 2)
    found, undo = paint(mouse, array.written, None, strokes), Times()
    for _ in range(strokes):
        with undo.of():
            layer.undo()
    viewer.close()
    return [
        found.stamp.row(f"plain layer on {name}: a stamp"),
        found.event.row(f"plain layer on {name}: the event wholly handled"),
        found.redraw.row(f"plain layer on {name}: redraw"),
        undo.row(f"plain layer on {name}: undo a stroke"),
    ]


def stored(folder: Path) -> Any:  # noqa: ANN401  zarr's
    """Make an array on the disk, in chunks of 64²."""
    import zarr  # a peer, not part of the program

    return zarr.create_array(
        store=folder / "plain.zarr", shape=SHAPE, chunks=(32, 64, 64), dtype="u1", fill_value=0
    )


def rows(strokes: int) -> list[dict[str, Any]]:
    """Measure ours and napari's, each in a window of its own; in memory it is napari's floor."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *ours(Path(folder), strokes),
            *plain(stored(Path(folder)), "zarr", strokes),
            *plain(np.zeros(SHAPE, np.uint8), "numpy", strokes),
        ]


def _viewer(napari: Any) -> Any:  # noqa: ANN401  the module
    viewer = napari.Viewer(show=True)
    window = viewer.window._qt_viewer  # noqa: SLF001  napari offers no other way
    window.canvas.native.setMinimumSize(1024, 1024)
    return viewer


def _to_paint(viewer: Any, layer: Any) -> None:  # noqa: ANN401
    from qtpy.QtWidgets import QApplication

    viewer.reset_view()
    viewer.scene.camera.zoom = 1
    viewer.scene.camera.center = (0, 511.5, 511.5)
    viewer.dims.set_point(0, 5)
    viewer.layers.selection.active = layer
    layer.mode, layer.brush_size, layer.selected_label = "paint", BRUSH, 1
    canvas = viewer.window._qt_viewer.canvas.native  # noqa: SLF001  as above
    shown = 0
    while shown < 10:  # a busy machine takes seconds to show a window
        QApplication.instance().processEvents()
        sleep(0.05)
        shown += canvas.isVisible() and canvas.width() >= 1000 and layer.loaded
