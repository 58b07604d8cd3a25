"""What a person waits for: from a click to the first mask, a threshold, stalls while it predicts.

In a real napari window with the real compute process, on a phantom volume. Needs a screen:
``xvfb-run -a -s "-screen 0 1400x1000x24" python benchmarks/interactive.py [--json]``.

A mask counts as shown once the layer's slice holds it and the canvas has drawn it. *Cold* is a
dock that was opened just now, its compute process only being started; *warm* has the network's
libraries loaded. A stall is how much later than asked a timer of 5 ms fires. Where others use the
machine too a thread waits for its turn: *work* is the processor time that the window's thread took
from one tick to the next, which is what this program can help.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep, thread_time
from typing import Any

import numpy as np

from _tables import show

_TICK_MS = 5
_PATIENCE_S = 900.0
_TARGETS = {
    "click to first mask, cold, s": 5.0,
    "click to first mask, warm, s": 2.0,
    "threshold to shown, ms": 200.0,
    "longest stall while predicting, ms": 100.0,
    "99th percentile of stalls, ms": 50.0,
    "longest work while predicting, ms": 100.0,
    "99th percentile of work, ms": 50.0,
}


class Window:
    """A viewer with the dock, and the volume open in it."""

    def __init__(self, volume: Path) -> None:
        import napari

        from napari_vessel.widgets import VesselsDock

        self.viewer = napari.Viewer(show=True)
        self._qt = self.viewer.window._qt_viewer  # noqa: SLF001  napari offers no other way
        self._qt.window().resize(1380, 960)
        self.dock = VesselsDock(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="Vessels", area="right")
        self.dock.volume.open_path(str(volume))
        self.end("open")

    def end(self, name: str) -> None:
        """Wait for an activity's end."""
        self.until(lambda: self.ended(name))

    def ended(self, name: str) -> bool:
        """Tell whether an activity has come to its end."""
        running = self.dock.desk.jobs.running(name)
        return not running and self.dock.session.activities[name].state != "idle"

    def until(self, holds: Callable[[], bool]) -> float:
        """Let the window live until something holds; return how long it took, in s."""
        from qtpy.QtWidgets import QApplication

        started = perf_counter()
        while not holds():
            QApplication.processEvents()
            sleep(0.001)
            if perf_counter() - started > _PATIENCE_S:
                raise TimeoutError(self.dock.predict.outcome.said)
        return perf_counter() - started

    def first_mask(self) -> float:
        """Click Predict; return the seconds until the slice in view shows a mask."""
        if self.slice().any():
            raise RuntimeError("The slice in view shows a mask before the click.")
        self.dock.predict.predict.click()
        seconds = self.until(lambda: bool(self.slice().any()))
        started = perf_counter()
        self._qt.canvas.native.repaint()
        return seconds + perf_counter() - started

    def forget(self) -> None:
        """Let the next prediction begin with nothing."""
        project = self.dock.session.project
        project.update(proposal=None)
        self.dock.desk.jobs.start("open", lambda: self.dock.session.open(project.path))
        self.end("open")

    def slice(self) -> np.ndarray:
        """Return what the mask's layer shows of the slice in view."""
        labels = self.dock.desk.link.labels
        return np.asarray(labels._slice.image.raw)  # noqa: SLF001

    def threshold(self) -> float:
        """Move the slider; return the milliseconds until the mask shows it."""
        slider, before = self.dock.predict.threshold.slider, self.slice().copy()
        started = perf_counter()
        slider.setValue(90 if slider.value() < 50 else 10)
        self.until(lambda: not np.array_equal(self.slice(), before))
        self._qt.canvas.native.repaint()
        return 1000 * (perf_counter() - started)

    def close(self) -> None:
        """End it all."""
        self.dock.shut()
        self.viewer.close()


@contextmanager
def ticking() -> Iterator[tuple[list[float], list[float]]]:
    """Collect how much too late a timer fires, and what the thread worked meanwhile, in ms."""
    from qtpy.QtCore import Qt, QTimer

    late: list[float] = []
    work: list[float] = []
    last = [perf_counter(), thread_time()]

    def tick() -> None:
        now, used = perf_counter(), thread_time()
        late.append(max(1000 * (now - last[0]) - _TICK_MS, 0.0))
        work.append(1000 * (used - last[1]))
        last[:] = now, used

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(_TICK_MS)
    yield late, work
    timer.stop()


def run(volume: Path, repetitions: int) -> dict[str, list[float]]:
    """Measure everything ``repetitions`` times."""
    found: dict[str, list[float]] = {name: [] for name in _TARGETS}
    cold, warm, threshold, *stalls = found.values()
    for _ in range(repetitions):
        window = Window(volume)
        if window.dock.session.project:
            window.forget()
        cold.append(window.first_mask())
        window.dock.desk.jobs.cancel("predict")
        window.end("predict")
        window.forget()
        with ticking() as (late, work):
            warm.append(window.first_mask())
            window.end("predict")
        told = (max(late), np.percentile(late, 99), max(work), np.percentile(work, 99))
        for values, value in zip(stalls, told, strict=True):
            values.append(float(value))
        threshold += [window.threshold() for _ in range(6)]
        window.close()
    return found


def rows(found: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return the table: medians, the worst, and what was aimed at."""
    return [
        {
            "what": name,
            "median": float(np.median(values)),
            "worst": max(values),
            "target": _TARGETS[name],
            "runs": len(values),
        }
        for name, values in found.items()
    ]


def phantom(folder: Path, shape: tuple[int, int, int]) -> Path:
    """Write a volume of known vessels."""
    from napari_vessel.phantoms import PhantomConfig, make_phantom

    path = folder / "kidney.npy"
    np.save(path, make_phantom(PhantomConfig(shape=shape, seed=1)).image)
    return path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--shape", default="64,512,512", help="of the phantom, z,y,x")
    parser.add_argument("--volume", type=Path, help="a volume of your own")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_DATA_HOME"] = name
        z, y, x = map(int, arguments.shape.split(","))
        volume = arguments.volume or phantom(Path(name), (z, y, x))
        found = run(volume, arguments.repetitions)
    show(rows(found), as_json=arguments.json)


if __name__ == "__main__":
    main()
