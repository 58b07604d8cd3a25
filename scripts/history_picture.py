"""The picture of the section History for docs/safety.md: strokes, one muted, with thumbnails.

Needs a screen:
``xvfb-run -a -s "-screen 0 1500x1000x24" python scripts/history_picture.py docs/images``, then
``python scripts/compress_pictures.py docs/images``. The volume is of tubes along smooth noise, as
in ``large_volume_pictures.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
from PIL import Image

from large_volume_pictures import Idle, settle, vessels
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.session import Session
from napari_vessel.volumes import VolumeOptions
from napari_vessel.widgets import VesselsDock

SLICE = 48
HALF = 24


def paint(session: Session, truth: np.ndarray) -> None:
    """Correct some places in all planes with the truth, and one wrongly."""
    rng = np.random.default_rng(1)
    for number in range(9):
        plane = (Plane.XY, Plane.XY, Plane.XZ, Plane.YZ)[number % 4]
        centre = [int(rng.integers(40, edge - 40)) for edge in truth.shape]
        box = _slab(plane, centre, truth.shape)
        session.begin_stroke("paint" if number % 3 else "erase", plane)
        session.paint(box, truth[box.slices], 1 if number % 3 else 0)
        session.end_stroke()
    session.accept_slice(Plane.XY, SLICE)


def _slab(plane: Plane, centre: list[int], shape: tuple[int, ...]) -> Box:
    start = [max(c - HALF, 0) for c in centre]
    stop = [min(c + HALF, n) for c, n in zip(centre, shape, strict=True)]
    start[plane.normal], stop[plane.normal] = centre[plane.normal], centre[plane.normal] + 1
    (a, b, c), (d, e, f) = start, stop
    return Box((a, b, c), (d, e, f))


def main(out: Path) -> None:
    """Make the picture."""
    truth = vessels()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kidney.npy"
        voxels = 120 + 60 * truth + 12 * np.random.default_rng(0).standard_normal(truth.shape)
        np.save(path, voxels.clip(0, 255).astype(np.uint8))
        viewer = napari.Viewer(show=True)
        viewer.window.resize(1480, 960)
        session = Session(Idle())
        dock = VesselsDock(viewer, session)
        viewer.window.add_dock_widget(dock, name="Vessels", area="right")
        options = VolumeOptions(voxel_size=VoxelSize(5, 5, 5))
        dock.desk.jobs.start("open", lambda: session.open(path, options))
        while dock.desk.link.labels is None:
            settle(dock)
        paint(session, truth)
        history = dock.history
        history.past.switch.setChecked(True)
        settle(dock)
        history.table.selectRow(4)
        history.mute.click()
        settle(dock)
        history.table.selectRow(2)
        history.go.click()
        settle(dock)
        dock.area.verticalScrollBar().setValue(history.y() - 8)
        settle(dock)
        shown = viewer.screenshot(canvas_only=False, flash=False)
        Image.fromarray(shown[..., :3]).save(out / "history.png")
        dock.shut()
        viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
