"""Strokes of a real mouse on a real canvas: ours with the journal on, and plain layers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep, thread_time
from typing import Any

import numpy as np

from _canvas_mouse import Clock, Mouse, Noted

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


def measured(kind: str, strokes: int) -> list[dict[str, Any]]:
    """Measure one kind in this process."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "ours":
            return ours(Path(folder), strokes)
        data = stored(Path(folder)) if kind == "zarr" else np.zeros(SHAPE, np.uint8)
        return plain(data, kind, strokes)


def rows(strokes: int) -> list[dict[str, Any]]:
    """Measure ours and napari's, each in a process of its own; in memory it is napari's floor."""
    found = []
    for kind in ("ours", "zarr", "numpy"):
        command = [sys.executable, __file__, kind, str(strokes)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found += json.loads(done.stdout.splitlines()[-1])
    return found


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


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], int(sys.argv[2]))), flush=True)
