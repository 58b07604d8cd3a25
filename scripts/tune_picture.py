"""Take the picture of the section Tune, in a real window with a real compute process.

Needs a screen:
``xvfb-run -a -s "-screen 0 1500x1000x24" python scripts/tune_picture.py OUT.webp``.
It tunes a small classifier on drawn glomeruli (see ``drawn_glomeruli.py``), cancels in the
middle, goes on, and shows all settings together.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication
from skimage.io import imread

import drawn_glomeruli
from napari_vessel.widgets import VesselsDock

_TRIALS = 9
_CONFIG = """
[study]
trials = {trials}
startup = 5

[space.learning_rate]
low = 1e-4
high = 1e-1
log = true

[space.optimiser]
choices = ["adam", "sgd"]

[space.momentum]
low = 0.8
high = 0.98

[space.dropout]
low = 0.0
high = 0.7

[space.batch]
choices = [8, 16, 32]

[space.augmentation_strength]
low = 0.0
high = 1.0

[classify.data]
kind = "folders"
path = "glomeruli"
group = "^(?:.*/)?(donor[0-9]+)"
colour = "rgb"

[classify.network]
backbone = "lenet"
size = 32

[classify.training]
epochs = 5
"""


def main(out: Path) -> None:
    """Tune, and save what the window shows at ``out``."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "glomeruli"
        sys.argv = ["drawn_glomeruli", str(place), "--donors", "10", "--each", "4"]
        drawn_glomeruli.main()
        config = Path(folder) / "glomeruli.toml"
        config.write_text(_CONFIG.format(trials=_TRIALS))
        viewer = napari.Viewer(show=True)
        viewer.window.resize(1400, 960)
        viewer.add_image(montage(place), name="drawn glomeruli", rgb=True)
        dock = VesselsDock(viewer)
        viewer.window.add_dock_widget(dock, name="Vessels", area="right")
        tuned(dock, config)
        shown = viewer.screenshot(canvas_only=False, flash=False)
        Image.fromarray(shown[..., :3]).save(out, quality=55, method=6)
        dock.shut()
        viewer.close()


def montage(place: Path) -> np.ndarray:
    """Lay the pictures side by side, a class above the other."""
    rows = []
    for name in ("normal", "sclerotic"):
        found = [imread(path) for path in sorted((place / name).iterdir())[:24]]
        rows += [np.hstack(found[at : at + 6]) for at in range(0, 24, 6)]
    return np.vstack(rows)


def tuned(dock: VesselsDock, config: Path) -> None:
    """Begin, cancel after some trials, go on to the end, and show the last picture."""
    section, session = dock.tune, dock.session
    section.open_file(config)
    until(lambda: section.settings.rowCount() > 0 and not section.running)
    section.start()
    until(lambda: session.tuning.settled >= _TRIALS // 3)
    section.stop.click()
    until(lambda: not section.running)
    section.start()
    until(lambda: not section.running)
    section.picture.which.setCurrentIndex(section.picture.which.findData("parallel"))
    pause(1)
    dock.area.ensureWidgetVisible(section.more, 0, 40)
    pause(1)


def until(true: object, seconds: float = 1800) -> None:
    """Let Qt work until something is so."""
    ends = monotonic() + seconds
    while not true():  # type: ignore[operator]
        QApplication.processEvents()
        sleep(0.03)  # the compute process needs the core
        if monotonic() > ends:
            message = "it did not come about"
            raise TimeoutError(message)


def pause(seconds: float) -> None:
    """Let Qt work for a while."""
    ends = monotonic() + seconds
    while monotonic() < ends:
        QApplication.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
